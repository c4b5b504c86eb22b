"""Reads the hand-made pixel grids of ``art/*.txt``.

A file is blocks parted by blank lines. A block's first line is ``name row column`` and, for a
drawing that stands in for the still one in some frames of the loop only, those frames; the other
lines are its pixels, a letter each (see :mod:`pxgen.builtin.colors`).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np

from pxgen.arrays import Bytes
from pxgen.builtin.colors import SEE_THROUGH, symbol

SIZE = 24
"""Height and width of a head in pixels."""

FRAMES = 8
"""Frames of an idle loop; frame 0 is the still."""


@cache
def drawings() -> dict[str, Bytes]:
    """Every drawing by name as a read-only ``(8, 24, 24) uint8`` loop of symbols."""
    loops: dict[str, Bytes] = {}
    folder = files(__package__).joinpath("art")
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        for block in file.read_text(encoding="utf-8").strip().split("\n\n"):
            _place(loops, block.splitlines())
    for loop in loops.values():
        loop.setflags(write=False)
    return loops


def _place(loops: dict[str, Bytes], lines: list[str]) -> None:
    name, row, column, *frames = lines[0].split()
    pixels = np.array([[symbol(letter) for letter in line] for line in lines[1:]], np.uint8)
    top, left = int(row), int(column)
    chosen = [int(frame) for frame in frames] or list(range(FRAMES))
    if not frames:
        loops[name] = np.full((FRAMES, SIZE, SIZE), SEE_THROUGH, np.uint8)
    height, width = pixels.shape
    if top + height > SIZE or left + width > SIZE:
        raise ValueError(f"drawing {name} leaves the {SIZE} x {SIZE} canvas")
    loops[name][chosen] = SEE_THROUGH
    loops[name][chosen, top : top + height, left : left + width] = pixels
