"""Palettes that belong to single sprites: index maps of one order, whatever their colours.

Recolours of a sprite are one index map with several palettes. Where each sprite keeps its own, a
collection of any number of colours is drawn exactly, and a model learns forms apart from colours.
Colours are numbered from dark to light, so that an entry means the same in every recolour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import F32, IndexMaps, Marks, Rgba
from pxgen.errors import UsageError
from pxgen.palette.oklab import OPAQUE, swap, to_oklab
from pxgen.palette.table import MAX_COLORS, TRANSPARENT, Palette

LOCAL = "local"
"""The name, among those of palettes, that leaves every sprite its own."""
MAX_LOCAL_COLORS = 64
"""Opaque colours of one sprite at most; true pixel art was seen to hold up to 38."""
LABEL_WEIGHT = 1.0
"""The cost of a differing label, in colours more or less."""
TEMPERATURE = 1.0
"""Of the softmax over palettes: a cost higher by this makes one e times less likely."""


def canonical_order(colors: Rgba) -> NDArray[np.intp]:
    """The order of ``(k, 4)`` opaque colours from dark to light, by hue where they are equal."""
    lab = np.rint(to_oklab(colors[:, :3]).astype(np.float64) * 1e5)
    return np.lexsort((lab[:, 2], lab[:, 1], lab[:, 0]))


def localized(indices: NDArray[np.unsignedinteger], colors: Rgba) -> tuple[IndexMaps, Rgba]:
    """Index a sprite by its own colours in canonical order.

    Args:
        indices: ``(T, H, W)`` into ``colors``.
        colors: ``(k, 4) uint8`` RGBA; what is less than half opaque becomes transparent, all else
            opaque.

    Returns:
        ``(T, H, W) uint8`` indices, 0 transparent, and the ``(c, 4) uint8`` opaque colours that
        indices 1 to c stand for.
    """
    solid = colors.copy()
    solid[:, 3] = 255
    seen = colors[:, 3] >= OPAQUE
    distinct, inverse = np.unique(solid[seen], axis=0, return_inverse=True)
    order = canonical_order(distinct) if len(distinct) else np.zeros(0, np.intp)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    table = np.zeros(len(colors), np.int64)
    table[seen] = rank[inverse.ravel()]
    return table[indices].astype(np.uint8), distinct[order]


def own_palette(row: Rgba) -> Palette:
    """The palette of a sprite from its ``(K, 4)`` row."""
    return Palette.of(row[row[:, 3] > 0].tolist())


@dataclass(frozen=True, eq=False)
class LocalPalettes:
    """Palettes of training sprites, from which those of new sprites are drawn."""

    rows: Rgba
    """``(M, K, 4) uint8``: entries 1… of each, alpha 0 where it has no more; entry 0 is unused."""
    marks: Marks
    """``(M, L) uint8``: 1 for the labels that each sprite bears."""

    def choose(self, pixels: IndexMaps, labels: F32, generator: np.random.Generator) -> Palette:
        """The palette of a training sprite, drawn for a ``(T, H, W) uint8`` index map by softmax.

        Likely are sprites of about as many colours, and of the labels that are asked for.
        """
        needed = int(pixels.max())
        counts = (self.rows[:, :, 3] > 0).sum(1)
        gap = np.abs(counts - needed).astype(np.float64)
        # Too few colours leave entries without one.
        gap[counts < needed] += MAX_LOCAL_COLORS
        gap += LABEL_WEIGHT * ((labels > 0) & (self.marks == 0)).sum(1)
        gap += LABEL_WEIGHT * ((labels < 0) & (self.marks > 0)).sum(1)
        chosen = int((generator.gumbel(size=len(gap)) - gap / TEMPERATURE).argmax())
        return own_palette(self.rows[chosen])


def within(pixels: IndexMaps, palette: Palette) -> IndexMaps:
    """Clamp index maps to a palette: entries that it lacks become its lightest one."""
    return np.minimum(pixels, np.uint8(len(palette) - 1))


def stretched(palette: Palette, needed: int) -> IndexMaps:
    """``(needed + 1,) uint8``: the entry of a palette for each of so many canonical ones.

    Entry 0 stays; the others are spread from the darkest to the lightest colour.
    """
    order = canonical_order(palette.rgba[1:]) + 1
    table = np.zeros(needed + 1, np.uint8)
    if needed:
        ranks = np.rint(np.linspace(0, len(order) - 1, needed)).astype(np.intp)
        table[1:] = order[ranks]
    return table


def recoloring(own: Palette | None, target: Palette, needed: int) -> IndexMaps:
    """``(K,) uint8``: the entry of ``target`` for each of a sprite's.

    ``own`` is the model's palette; None where sprites have their own, whose forms have entries up
    to ``needed``.
    """
    return stretched(target, needed) if own is None else swap(own, target)


def united(pictures: Iterable[tuple[IndexMaps, Palette]]) -> tuple[list[IndexMaps], Palette]:
    """Index maps of several palettes on one that holds all their colours.

    Raises:
        UsageError: they are more than one file can hold.
    """
    entries: dict[tuple[int, ...], int] = {TRANSPARENT: 0}
    maps = []
    for picture, palette in pictures:
        table = [entries.setdefault(row, len(entries)) for row in palette.rows[1:]]
        maps.append(np.array([0, *table])[picture])
    if len(entries) > MAX_COLORS:
        raise UsageError(
            f"{len(maps)} sprites in palettes of their own hold {len(entries) - 1} colours "
            f"together, one file holds {MAX_COLORS - 1}: write a folder, or fewer of them"
        )
    return [each.astype(np.uint8) for each in maps], Palette.of(list(entries)[1:])


def fitting(palettes: Rgba, numbers: Sequence[int]) -> list[int]:
    """The longest prefix of the numbers whose palettes fit into one together."""
    held: set[bytes] = set()
    fit: list[int] = []
    for number in numbers:
        row = palettes[number]
        held |= {bytes(color) for color in row[row[:, 3] > 0]}
        if len(held) >= MAX_COLORS:
            break
        fit.append(number)
    return fit
