"""pxgen: learn pixel art from a folder of sprites and make more of it."""

__version__ = "0.1.0"
