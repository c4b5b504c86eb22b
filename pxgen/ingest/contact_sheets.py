"""The pictures that show a dataset: a contact sheet and a palette swatch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pxgen.arrays import IndexMaps
from pxgen.palette import Palette
from pxgen.render.png import encode_png
from pxgen.render.scale import enlarge
from pxgen.render.sheet import contact_sheet

MAX_SHOWN_FRAMES = 144
"""Frames on a contact sheet at most."""

_SHEET_PIXELS = 1200
_SWATCH_SIDE = 24
_SWATCH_COLUMNS = 16


def choose_shown(labels: Sequence[tuple[int, ...]], frames: int) -> list[int]:
    """The rows of sprites for a contact sheet: every label gets its turn, the rarest first.

    ``labels`` are the label numbers of each sprite, and ``frames`` how many each sprite has.
    """
    limit = max(1, MAX_SHOWN_FRAMES // frames)
    if len(labels) <= limit:
        return list(range(len(labels)))
    queues = _queues(labels, limit)
    chosen: dict[int, None] = {}
    turn = 0
    while len(chosen) < limit and queues:
        queue = queues[turn % len(queues)]
        row = next((i for i in queue if i not in chosen), None)
        if row is None:
            queues.remove(queue)
        else:
            chosen[row] = None
            turn += 1
    return list(chosen)


def _queues(labels: Sequence[tuple[int, ...]], limit: int) -> list[list[int]]:
    """For each label, rarest first, some of its sprites from all over the collection."""
    bearers: dict[int, list[int]] = {}
    for row, numbers in enumerate(labels):
        for number in numbers or (-1,):
            bearers.setdefault(number, []).append(row)
    by_rarity = sorted(bearers.items(), key=lambda item: (len(item[1]), item[0]))
    return [found[:: max(1, len(found) // limit)] for _, found in by_rarity]


def sheet_png(pixels: IndexMaps, palette: Palette) -> bytes:
    """A contact sheet of ``(N, T, H, W) uint8`` sprites, each clip as a strip of its frames.

    Pixels are enlarged by the whole number that brings the sheet near 1200 pixels a side.
    """
    count, frames, height, width = pixels.shape
    strips = pixels.swapaxes(1, 2).reshape(count, height, frames * width)
    sheet = contact_sheet(strips)
    scale = min(16, max(1, _SHEET_PIXELS // max(sheet.shape)))
    return encode_png(enlarge(sheet, scale), palette)


def swatch_png(palette: Palette) -> bytes:
    """The palette as squares in its order, sixteen in a row; transparent comes first."""
    rows = -(-len(palette) // _SWATCH_COLUMNS)
    columns = min(len(palette), _SWATCH_COLUMNS)
    cells = np.zeros(rows * columns, np.uint8)
    cells[: len(palette)] = np.arange(len(palette))
    return encode_png(enlarge(cells.reshape(rows, columns), _SWATCH_SIDE), palette)
