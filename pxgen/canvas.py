"""The size of a sprite and what its pixels and labels range over."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from pxgen.arrays import F64, Bools, IndexMaps

Anchor = Literal["bottom", "center"]
"""Placement of smaller sprites: with their feet on the canvas's edge, or in its middle."""
NEARLY_EMPTY = 1 / 32
"""Share of the canvas: a sprite of fewer opaque pixels is nearly empty."""


class Canvas(NamedTuple):
    """Frames, height and width of a sprite; a still has one frame."""

    frames: int
    height: int
    width: int

    @property
    def pixels(self) -> int:
        """Pixels of one sprite over all its frames."""
        return self.frames * self.height * self.width

    def cell_side(self, most: int) -> int:
        """The smallest power of two, from 2, that divides a frame into ``most`` cells at most."""
        side = 2
        while -(-self.height // side) * -(-self.width // side) > most:
            side *= 2
        return side


MAX_PAIRED_LABELS = 2048
"""Labels up to which models count pairs of them: the table has as many entries as their square."""


class Domain(NamedTuple):
    """The space that a model models: index maps of one size, one palette and one vocabulary."""

    canvas: Canvas
    palette: tuple[tuple[int, int, int, int], ...]
    """RGBA of every entry, transparent first."""
    label_count: int
    """Labels in the vocabulary; 0 for unlabelled data."""

    @property
    def colors(self) -> int:
        """Entries of the palette, transparent included."""
        return len(self.palette)


def nearly_empty(pixels: IndexMaps, present: float | F64 = 1.0) -> Bools:
    """``(...) bool``: the empty and nearly empty ones of ``(..., T, H, W) uint8`` index maps.

    ``present`` is the share of its frames that each has.
    """
    shares = (pixels != 0).mean((-3, -2, -1))
    return np.asarray(shares < NEARLY_EMPTY * np.asarray(present))
