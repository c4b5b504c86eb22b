"""Reads the hand-made pixel grids of ``heads/art/*.txt``.

A grid's heading is ``name row column`` and, for a drawing that stands in for the still one in some
frames of the loop only, those frames.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from pxgen.arrays import Bytes
from pxgen.builtin.grids import on_canvas, read_grids

SIZE = 24
"""Height and width of a head in pixels."""

FRAMES = 8
"""Frames of an idle loop; frame 0 is the still."""


@cache
def drawings() -> dict[str, Bytes]:
    """Every drawing by name as a read-only ``(8, 24, 24) uint8`` loop of symbols."""
    loops: dict[str, Bytes] = {}
    for (name, row, column, *frames), grid in read_grids(__package__):
        still = on_canvas(grid, int(row), int(column), (SIZE, SIZE))
        if not frames:
            loops[name] = np.repeat(still[None], FRAMES, 0)
        loops[name][[int(frame) for frame in frames]] = still
    for loop in loops.values():
        loop.setflags(write=False)
    return loops
