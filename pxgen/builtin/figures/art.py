"""Reads the hand-made pixel grids of ``figures/art/*.txt``.

A file is blocks parted by blank lines. A block's first line is ``name views row column``, the
steps of the walk that it is for unless it is for all, and ``swing=ROW`` where the rows from there
on are loose ends; the other lines are its pixels, a letter each (see
:mod:`pxgen.builtin.colors`). ``side`` is the left view and, mirrored, the right one. A drawing
with step 0 or 1 alone is mirrored for steps 2 and 3. ``name@level`` is drawn at another level of
the stack than ``name``.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np

from pxgen.arrays import Bytes
from pxgen.builtin.colors import SEE_THROUGH, symbol
from pxgen.builtin.figures.walk import HEIGHT, STEPS, WIDTH, mirrored, swung

Sheet = dict[str, Bytes]
"""Views and their ``(4, 24, 16) uint8`` symbols."""


@cache
def drawings() -> dict[str, Sheet]:
    """Every drawing by name, at rest: before it moves with the body."""
    sheets: dict[str, Sheet] = {}
    folder = files(__package__).joinpath("art")
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        for block in file.read_text(encoding="utf-8").strip().split("\n\n"):
            name, *header = block.splitlines()[0].split()
            sheet = sheets.setdefault(name, {})
            _place(sheet, name, header, block.splitlines()[1:])
    return sheets


def _place(sheet: Sheet, name: str, header: list[str], lines: list[str]) -> None:
    views, row, column, *rest = header
    steps = [int(word) for word in rest if word.isdigit()]
    swing = next((int(word.removeprefix("swing=")) for word in rest if "=" in word), HEIGHT)
    grid = _grid(name, int(row), int(column), lines)
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


def _grid(name: str, top: int, left: int, lines: list[str]) -> Bytes:
    pixels = np.array([[symbol(letter) for letter in line] for line in lines], np.uint8)
    height, width = pixels.shape
    if top + height > HEIGHT or left + width > WIDTH:
        raise ValueError(f"drawing {name} leaves the {WIDTH} x {HEIGHT} canvas")
    grid = np.full((HEIGHT, WIDTH), SEE_THROUGH, np.uint8)
    grid[top : top + height, left : left + width] = pixels
    return grid


def parts_of(name: str) -> dict[str, Sheet]:
    """The drawings of one name by level; ``""`` is the usual one."""
    found = {}
    for full, sheet in drawings().items():
        stem, _, level = full.partition("@")
        if stem == name:
            found[level] = sheet
    return found
