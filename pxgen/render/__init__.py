"""Index maps to files: PNG, sheets, animations, videos; and to lines of a terminal."""
