"""The version, which files made by pxgen name."""

__version__ = "1.0.0"
