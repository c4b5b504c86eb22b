"""Contact sheets: many sprites as one index map, so that a sheet is palette-exact as well."""

from __future__ import annotations

import math

import numpy as np

from pxgen.arrays import IndexMaps


def strips(clips: IndexMaps) -> IndexMaps:
    """``(n, T, H, W)`` clips to ``(n, H, T·W)``: the frames of each side by side."""
    n, T, H, W = clips.shape
    return clips.swapaxes(1, 2).reshape(n, H, T * W)


def contact_sheet(pixels: IndexMaps, columns: int | None = None, gap: int = 1) -> IndexMaps:
    """Lay sprites out in reading order on a transparent (index 0) ground.

    Args:
        pixels: ``(N, H, W) uint8``, N >= 1.
        columns: sprites in a row; by default about as wide as high with a full last row.
        gap: transparent pixels between neighbours and around the sheet.

    Returns:
        ``(rows * (H + gap) + gap, columns * (W + gap) + gap) uint8``.
    """
    count, height, width = pixels.shape
    columns = columns or pleasant_columns(count, height, width)
    rows = math.ceil(count / columns)
    cells = np.zeros((rows * columns, height + gap, width + gap), np.uint8)
    cells[:count, :height, :width] = pixels
    grid = cells.reshape(rows, columns, height + gap, width + gap).swapaxes(1, 2)
    sheet = grid.reshape(rows * (height + gap), columns * (width + gap))
    return np.pad(sheet, ((gap, 0), (gap, 0)))


def pleasant_columns(count: int, height: int, width: int) -> int:
    """From square to somewhat wider than high: the number that leaves the fewest cells empty."""
    square = math.ceil(math.sqrt(count * height / width))
    if square >= count:
        return count
    candidates = range(square, min(count, square + max(1, square // 3)) + 1)
    return min(candidates, key=lambda columns: (-count % columns, columns))
