"""The size of a sprite and what its pixels and labels range over."""

from __future__ import annotations

from typing import NamedTuple


class Canvas(NamedTuple):
    """Frames, height and width of a sprite; a still has one frame."""

    frames: int
    height: int
    width: int

    @property
    def pixels(self) -> int:
        """Pixels of one sprite over all its frames."""
        return self.frames * self.height * self.width


class Domain(NamedTuple):
    """What a model is a model of: index maps of one size over one palette and vocabulary."""

    canvas: Canvas
    palette: tuple[tuple[int, int, int, int], ...]
    """RGBA of every entry, transparent first."""
    labels: int
    """Labels in the vocabulary; 0 for unlabelled data."""

    @property
    def colors(self) -> int:
        """Entries of the palette, transparent included."""
        return len(self.palette)
