"""The version, which files made by pxgen name."""

__version__ = "0.1.0"
