"""Views, steps and movement of figures that walk.

Every view shows four steps: 0 passing, 1 the left leg in front, 2 passing, 3 the right leg in
front. A mirrored figure has left and right exchanged, so it shows the step half a cycle later.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from pxgen.arrays import Bytes
from pxgen.builtin.colors import RAMP_LETTERS, RAMPS, symbol
from pxgen.builtin.grids import moved

VIEWS: Final = ("down", "left", "right", "up")
STEPS: Final = 4
FRAME_NAMES: Final = tuple(f"{view}/{step}" for view in VIEWS for step in range(STEPS))
"""Names of the sixteen frames in their order: ``down/0`` ... ``up/3``."""
HEIGHT, WIDTH = 24, 16

_BOB: Final = (0, 1, 0, 1)
"""Pixels by which all but the legs is lower in each step."""
_LATE: Final = {
    "down": (-1, 0, 1, 0),
    "up": (1, 0, -1, 0),
    "left": (1, 0, 1, 0),
    "right": (-1, 0, -1, 0),
}
"""Pixels by which loose ends are further right: they swing a step late."""
_RIGHT_HAND: Final = {
    "down": ((0, 0), (2, 0), (0, 0), (0, 0)),
    "up": ((0, 0), (0, 0), (0, 0), (2, 0)),
    "left": ((0, 0), (0, -3), (0, 0), (0, 3)),
    "right": ((0, 0), (0, 3), (0, 0), (0, -3)),
}
"""Pixels by which the right hand is lower and further right in each step."""
_LEFT_HAND: Final = {
    view: (steps[0], steps[3], steps[2], steps[1]) for view, steps in _RIGHT_HAND.items()
}


def bobbing(drawing: Bytes, step: int) -> Bytes:
    """A ``(24, 16)`` drawing moved with the upper body."""
    return moved(drawing, _BOB[step], 0)


def carried(drawing: Bytes, view: str, step: int, *, left: bool) -> Bytes:
    """Moved with a hand."""
    return moved(drawing, *(_LEFT_HAND if left else _RIGHT_HAND)[view][step])


def swung(drawing: Bytes, view: str, step: int, row: int) -> Bytes:
    """With the rows from ``row`` on swinging late."""
    late = drawing.copy()
    late[row:] = moved(drawing, 0, _LATE[view][step])[row:]
    return late


def _ramp_of_symbol() -> Bytes:
    """``(256,)``: which ramp a symbol belongs to; 0 for none."""
    ramp = np.zeros(256, np.uint8)
    for number, letters in enumerate((*RAMPS, *RAMP_LETTERS), start=1):
        ramp[[symbol(letter) for letter in letters]] = number
    return ramp


def mirrored(symbols: Bytes) -> Bytes:
    """Left and right exchanged, lit from the left nevertheless.

    Tones of one ramp that lie side by side keep their order.
    """
    turned = symbols[:, ::-1].copy()
    ramps = _ramp_of_symbol()[turned]
    for row, ramp in zip(turned, ramps, strict=True):
        edges = np.flatnonzero(np.diff(ramp, prepend=0, append=0))
        for start, end in pairwise(edges):
            if ramp[start]:
                row[start:end] = row[start:end][::-1].copy()
    return turned
