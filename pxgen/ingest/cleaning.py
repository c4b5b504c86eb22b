"""What is taken off sprites before they are counted: backgrounds, and damage that has a cure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import U8

NEAR = 12
"""How far, in any channel, a smoothed background strays from its commonest colour."""
DARK = 32
"""Brightest channel of a border that counts as dark."""
MOSTLY = 0.8
"""Share of JPEGs with dark borders from which on all of them are suspect."""
FEW = 8
"""JPEGs below which there is nothing to suspect."""


def cut_background(rgba: U8, *, smoothed: bool) -> U8:
    """Make the colour that fills most of the border transparent wherever it reaches from there.

    Args:
        rgba: ``(T, H, W, 4) uint8``.
        smoothed: whether colours near that one count, too; drawn pixels are told apart exactly.

    Returns:
        ``(T, H, W, 4) uint8``; the same sprite where no opaque colour fills half of the border.
    """
    return np.stack([_cut_frame(frame, NEAR if smoothed else 0) for frame in rgba])


def _cut_frame(frame: U8, near: int) -> U8:
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


def _reached(open_: NDArray[np.bool_], start: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """``(H, W)``: where one comes from the start, step by step up, down, left and right."""
    reached = open_ & start
    while True:
        wider = reached.copy()
        wider[1:] |= reached[:-1]
        wider[:-1] |= reached[1:]
        wider[:, 1:] |= reached[:, :-1]
        wider[:, :-1] |= reached[:, 1:]
        wider &= open_
        if (wider == reached).all():
            return reached
        reached = wider


@dataclass
class Jpegs:
    """What JPEG sprites have in common, to tell those whose colours overflowed.

    Where 8-bit colours in [0, 1] were multiplied by 255 as bytes, each became ``-x mod 256``:
    inverted, but with black and white both dark. White borders turn dark and warm colours cold.
    """

    count: int = 0
    dark: int = 0
    """Sprites with a dark border."""
    coldness: float = 0.0
    """Sum over sprites of blue less red, of what is not dark."""

    def look(self, rgba: U8) -> None:
        """Take note of a ``(T, H, W, 4) uint8`` sprite."""
        rgb = rgba[0, ..., :3].astype(np.int16)
        border = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
        self.count += 1
        self.dark += bool(np.median(border, 0).max() <= DARK)
        lit = rgb[rgb.max(-1) > DARK]
        if len(lit):
            self.coldness += float((lit[:, 2] - lit[:, 0]).mean())

    @property
    def overflowed(self) -> bool:
        """Whether they look as an overflow leaves them."""
        return self.count >= FEW and self.dark >= MOSTLY * self.count and self.coldness > 0


def undo_overflow(rgba: U8) -> U8:
    """Invert ``-x mod 256``; what was black cannot be told from white and becomes white."""
    mended = rgba.copy()
    mended[..., :3] = np.minimum(256 - rgba[..., :3].astype(np.int16), 255)
    return mended
