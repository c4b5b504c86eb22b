"""Hand-made pixel grids: files of them, and where they stand on a canvas."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import numpy as np

from pxgen.arrays import Bytes
from pxgen.builtin.colors import SEE_THROUGH, symbol


def read_grids(package: str) -> Iterator[tuple[list[str], Bytes]]:
    """The grids of ``art/*.txt`` beside a package's code: words of a heading, and symbols.

    A file is blocks parted by blank lines. A block's first line is its heading; the other lines
    are its pixels, a letter each (see :mod:`pxgen.builtin.colors`).
    """
    folder = files(package).joinpath("art")
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        for block in file.read_text(encoding="utf-8").strip().split("\n\n"):
            heading, *lines = block.splitlines()
            pixels = [[symbol(letter) for letter in line] for line in lines]
            yield heading.split(), np.array(pixels, np.uint8)


def on_canvas(grid: Bytes, top: int, left: int, size: tuple[int, int]) -> Bytes:
    """A grid on a canvas that shows through elsewhere.

    Raises:
        ValueError: it leaves the canvas.
    """
    canvas = np.full(size, SEE_THROUGH, np.uint8)
    height, width = grid.shape
    if top + height > size[0] or left + width > size[1]:
        raise ValueError(f"a drawing of {width} x {height} leaves the canvas")
    canvas[top : top + height, left : left + width] = grid
    return canvas


def moved(symbols: Bytes, down: int, right: int) -> Bytes:
    """``(H, W)`` symbols shifted on their canvas; what leaves it is cut off."""
    height, width = symbols.shape
    shifted = np.full_like(symbols, SEE_THROUGH)
    kept = symbols[: height - down, max(0, -right) : width - max(0, right)]
    left = max(0, right)
    shifted[down:, left : left + kept.shape[1]] = kept
    return shifted
