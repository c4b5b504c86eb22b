"""Settings of project file, environment and flags, and their parsing."""
