"""Palettes: the table, its colour geometry, its files and the shipped collection."""

from pxgen.palette.table import MAX_COLORS, TRANSPARENT, Palette

__all__ = ["MAX_COLORS", "TRANSPARENT", "Palette"]
