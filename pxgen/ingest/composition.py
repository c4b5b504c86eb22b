"""Frames of GIF and APNG files, composed of the parts that each of them redraws."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

import numpy as np

from pxgen.arrays import Rgba

_BAND = 2**20
"""Pixels that are blended at once."""


class Dispose(Enum):
    """What becomes of a part's rectangle after its frame was shown."""

    KEEP = 0
    CLEAR = 1
    """It becomes transparent."""
    RESTORE = 2
    """What was there before comes back."""


class Part(NamedTuple):
    """What one frame redraws."""

    rgba: Rgba
    """``(h, w, 4) uint8``."""
    x: int
    y: int
    dispose: Dispose
    over: bool
    """True if it is laid over what is there, False if it takes its place."""


def compose(parts: Iterable[Part], frames: Rgba) -> None:
    """Fill ``(T, H, W, 4) uint8`` frames, of which each part changes one, on a clear canvas.

    What reaches beyond the canvas at the right or below is cut off.
    """
    canvas = np.zeros_like(frames[0])
    for part, frame in zip(parts, frames, strict=True):
        height, width = part.rgba.shape[:2]
        area = canvas[part.y : part.y + height, part.x : part.x + width]
        before = area.copy() if part.dispose is Dispose.RESTORE else 0
        rgba = part.rgba[: area.shape[0], : area.shape[1]]
        if part.over:
            lay_over(area, rgba)
        else:
            area[:] = rgba
        frame[:] = canvas
        if part.dispose is not Dispose.KEEP:
            area[:] = before


def lay_over(below: Rgba, above: Rgba) -> None:
    """Alpha composition (W3C PNG, 13.16) of ``(h, w, 4) uint8`` onto ``below``, rounded once."""
    rows = max(1, _BAND // max(1, below.shape[1]))
    for start in range(0, len(below), rows):
        band = slice(start, start + rows)
        _lay_over(below[band], above[band])


def _lay_over(below: Rgba, above: Rgba) -> None:
    alpha, under = above[..., 3], below[..., 3]
    hard = (alpha == 255) | ((under == 0) & (alpha > 0))
    soft = ~hard & (alpha > 0)
    np.copyto(below, above, where=hard[..., None])
    if not soft.any():
        return
    s, d = above[soft].astype(np.uint32), below[soft].astype(np.uint32)
    # Of 255²: the share of the upper colour, and of the lower one.
    own, rest = 255 * s[:, 3:], (255 - s[:, 3:]) * d[:, 3:]
    total = own + rest
    mixed = (s[:, :3] * own + d[:, :3] * rest + total // 2) // np.maximum(total, 1)
    below[soft] = np.concatenate([mixed, (total + 127) // 255], -1)
