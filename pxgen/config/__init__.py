"""What the project file, the environment and flags can set, and how it is read."""
