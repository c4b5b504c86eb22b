"""Palettes: the table, its colour geometry, its files and the shipped collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pxgen.palette.table import MAX_COLORS, TRANSPARENT, Palette

__all__ = ["MAX_COLORS", "TRANSPARENT", "Palette"]


def __getattr__(name: str) -> Any:
    """Imported on first use: help names palette formats, and NumPy is slow to import."""
    if name not in __all__:
        raise AttributeError(f"module 'pxgen.palette' has no attribute '{name}'")
    from pxgen.palette import table

    return getattr(table, name)
