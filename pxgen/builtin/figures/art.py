"""Reads the hand-made pixel grids of ``figures/art/*.txt``.

A grid's heading is ``name views row column``, the steps of the walk that it is for unless it is
for all, and ``swing=ROW`` where the rows from there on are loose ends. ``side`` is the left view
and, mirrored, the right one. A drawing with step 0 or 1 alone is mirrored for steps 2 and 3.
``name@level`` is drawn at another level of the stack than ``name``.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from pxgen.arrays import Bytes
from pxgen.builtin.colors import SEE_THROUGH
from pxgen.builtin.figures.walk import HEIGHT, STEPS, WIDTH, mirrored, swung
from pxgen.builtin.grids import on_canvas, read_grids

Sheet = dict[str, Bytes]
"""Views and their ``(4, 24, 16) uint8`` symbols."""


@cache
def drawings() -> dict[str, Sheet]:
    """Every drawing by name, at rest: before it moves with the body."""
    sheets: dict[str, Sheet] = {}
    for (name, *heading), grid in read_grids(__package__):
        _place(sheets.setdefault(name, {}), heading, grid)
    return sheets


def _place(sheet: Sheet, heading: list[str], pixels: Bytes) -> None:
    views, row, column, *rest = heading
    steps = [int(word) for word in rest if word.isdigit()]
    swing = next((int(word.removeprefix("swing=")) for word in rest if "=" in word), HEIGHT)
    grid = on_canvas(pixels, int(row), int(column), (HEIGHT, WIDTH))
    for view in views.split(","):
        _fill(sheet, "left" if view == "side" else view, grid, steps, swing)
        if view == "side":
            _fill(sheet, "right", mirrored(grid), [(step + 2) % STEPS for step in steps], swing)
        elif steps and max(steps) < STEPS // 2:
            _fill(sheet, view, mirrored(grid), [step + 2 for step in steps], swing)


def _fill(sheet: Sheet, view: str, grid: Bytes, steps: list[int], swing: int) -> None:
    empty = np.full((STEPS, HEIGHT, WIDTH), SEE_THROUGH, np.uint8)
    loop = sheet.setdefault(view, empty)
    for step in steps or range(STEPS):
        loop[step] = swung(grid, view, step, swing)


def parts_of(name: str) -> dict[str, Sheet]:
    """The drawings of one name by level; ``""`` is the usual one."""
    found = {}
    for full, sheet in drawings().items():
        stem, _, level = full.partition("@")
        if stem == name:
            found[level] = sheet
    return found
