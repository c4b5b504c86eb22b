"""Cleaning before colours are counted: backgrounds cut off, and JPEG overflow undone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pxgen.arrays import Bools, Rgba
from pxgen.errors import InputError

MAX_SMOOTHED_GAP = 12
"""Levels of any channel by which a smoothed background strays from its commonest colour."""
MAX_DARK_LEVEL = 32
"""Brightest channel of a border that counts as dark."""
MIN_DARK_SHARE = 0.8
"""At this share of JPEGs with dark borders all of them are suspect."""
MIN_JPEGS = 8
"""Fewer JPEGs say nothing."""


def cut_background(rgba: Rgba, *, smoothed: bool) -> Rgba:
    """Flood fill from the border: the colour that fills most of it becomes transparent.

    Args:
        rgba: ``(T, H, W, 4) uint8``.
        smoothed: whether colours near that one count, too; drawn pixels are told apart exactly.

    Returns:
        ``(T, H, W, 4) uint8``; the same sprite where no opaque colour fills half of the border.
    """
    return np.stack([_cut_frame(frame, MAX_SMOOTHED_GAP if smoothed else 0) for frame in rgba])


def _cut_frame(frame: Rgba, near: int) -> Rgba:
    border = np.zeros(frame.shape[:2], np.bool_)
    border[[0, -1]] = border[:, [0, -1]] = True
    colors, counts = np.unique(frame[border], axis=0, return_counts=True)
    ground = colors[counts.argmax()]
    alike = np.abs(frame.astype(np.int16) - ground).max(-1) <= near
    if ground[3] == 0 or alike[border].mean() < 0.5:
        return frame
    cut = frame.copy()
    cut[_reached(alike, border)] = 0
    return cut


def _reached(open_: Bools, start: Bools) -> Bools:
    """``(H, W)``: the open pixels 4-connected to the start.

    A pass fills whole runs of a row or column, so that there are as many as the way has turns.
    """
    reached, before = open_ & start, -1
    while before < (count := int(reached.sum())):
        before = count
        reached = _along_rows(open_, reached)
        reached = _along_rows(open_.T, reached.T).T
    return reached


def _along_rows(open_: Bools, reached: Bools) -> Bools:
    """``(H, W)``: the runs of open pixels in rows of which any pixel is reached."""
    starts = open_.copy()
    starts[:, 1:] &= ~open_[:, :-1]
    runs = np.cumsum(starts).reshape(starts.shape)
    hit = np.zeros(int(runs[-1, -1]) + 1, np.bool_)
    hit[runs[reached]] = True
    return open_ & hit[runs]


@dataclass
class Jpegs:
    """Statistics of JPEG sprites, to detect colours that overflowed.

    Where 8-bit colours in [0, 1] were multiplied by 255 as bytes, each became ``-x mod 256``:
    inverted, but with black and white both dark. White borders turn dark and warm colours cold.
    """

    count: int = 0
    dark: int = 0
    """Sprites with a dark border."""
    coldness: float = 0.0
    """Sum over sprites of blue less red, of what is not dark."""

    def look(self, rgba: Rgba) -> None:
        """Take note of a ``(T, H, W, 4) uint8`` sprite."""
        rgb = rgba[0, ..., :3].astype(np.int16)
        border = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
        self.count += 1
        self.dark += bool(np.median(border, 0).max() <= MAX_DARK_LEVEL)
        lit = rgb[rgb.max(-1) > MAX_DARK_LEVEL]
        if len(lit):
            self.coldness += float((lit[:, 2] - lit[:, 0]).mean())

    @property
    def overflowed(self) -> bool:
        """True if they look as an overflow leaves them."""
        mostly_dark = self.count >= MIN_JPEGS and self.dark >= MIN_DARK_SHARE * self.count
        return mostly_dark and self.coldness > 0

    def check(self) -> None:
        """Refuse colours that overflowed.

        Raises:
            InputError: they look as an overflow leaves them.
        """
        if self.overflowed:
            raise InputError(
                f"{self.count} JPEGs are dark at the border and cold inside: their colours seem to "
                "have overflowed (-x mod 256), which loses the difference between black and white. "
                "Prepare from the original arrays, or choose --overflow undo or --overflow keep"
            )


def undo_overflow(rgba: Rgba) -> Rgba:
    """Invert ``-x mod 256``; what was black cannot be told from white and becomes white."""
    mended = rgba.copy()
    mended[..., :3] = np.minimum(256 - rgba[..., :3].astype(np.int16), 255)
    return mended
