"""The verbs as typed functions: the Python API that the command line calls."""
