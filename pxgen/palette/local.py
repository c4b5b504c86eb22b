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

from pxgen.arrays import U8
from pxgen.errors import UsageError
from pxgen.palette.oklab import OPAQUE, to_oklab
from pxgen.palette.table import MAX_COLORS, TRANSPARENT, Palette

MOST = 64
"""Opaque colours of one sprite at most; true pixel art was seen to hold up to 38."""
LABEL = 1.0
"""How much a differing label counts against one colour more or less."""
EAGER = 1.0
"""By how much a palette may fit less well and still be e times less often the one drawn."""


def canonical(colors: U8) -> NDArray[np.intp]:
    """The order of ``(k, 4)`` opaque colours from dark to light, by hue where they are equal."""
    lab = np.rint(to_oklab(colors[:, :3]).astype(np.float64) * 1e5)
    return np.lexsort((lab[:, 2], lab[:, 1], lab[:, 0]))


def localized(indices: NDArray[np.unsignedinteger], colors: U8) -> tuple[U8, U8]:
    """A sprite in its own colours, in canonical order.

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
    distinct, place = np.unique(solid[seen], axis=0, return_inverse=True)
    order = canonical(distinct) if len(distinct) else np.zeros(0, np.intp)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    table = np.zeros(len(colors), np.int64)
    table[seen] = rank[place.ravel()]
    return table[indices].astype(np.uint8), distinct[order]


def own_palette(row: U8) -> Palette:
    """The palette of a sprite from its ``(K, 4)`` row."""
    return Palette.of(row[row[:, 3] > 0].tolist())


@dataclass(frozen=True, eq=False)
class LocalPalettes:
    """Palettes of training sprites, from which those of new sprites are drawn."""

    rows: U8
    """``(M, K, 4) uint8``: entries 1… of each, alpha 0 where it has no more; entry 0 is unused."""
    labels: U8
    """``(M, L) uint8``: what the sprite of each bears."""

    def palette(self, number: int) -> Palette:
        """One of them."""
        return own_palette(self.rows[number])

    def choose(
        self, pixels: U8, labels: NDArray[np.float32], generator: np.random.Generator
    ) -> Palette:
        """A palette for a ``(T, H, W)`` index map: of a training sprite like it.

        Like it are sprites of about as many colours, and of the labels that are asked for.
        """
        needed = int(pixels.max())
        counts = (self.rows[:, :, 3] > 0).sum(1)
        gap = np.abs(counts - needed).astype(np.float64)
        # Too few colours leave entries without one.
        gap[counts < needed] += MOST
        gap += LABEL * ((labels > 0) & (self.labels == 0)).sum(1)
        gap += LABEL * ((labels < 0) & (self.labels > 0)).sum(1)
        chosen = int((generator.gumbel(size=len(gap)) - gap / EAGER).argmax())
        return self.palette(chosen)


def within(pixels: U8, palette: Palette) -> U8:
    """Index maps with entries that a palette lacks as its lightest one."""
    return np.minimum(pixels, np.uint8(len(palette) - 1))


def stretched(palette: Palette, needed: int) -> U8:
    """``(needed + 1,) uint8``: the entry of a palette for each of so many canonical ones.

    Entry 0 stays; the others are spread from the darkest to the lightest colour.
    """
    order = canonical(palette.rgba[1:]) + 1
    table = np.zeros(needed + 1, np.uint8)
    if needed:
        places = np.rint(np.linspace(0, len(order) - 1, needed)).astype(np.intp)
        table[1:] = order[places]
    return table


def united(pictures: Iterable[tuple[U8, Palette]]) -> tuple[list[U8], Palette]:
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


def fitting(palettes: U8, numbers: Sequence[int]) -> list[int]:
    """As many of the numbers, from the first, as have palettes that fit into one."""
    held: set[bytes] = set()
    fit: list[int] = []
    for number in numbers:
        row = palettes[number]
        held |= {bytes(color) for color in row[row[:, 3] > 0]}
        if len(held) >= MAX_COLORS:
            break
        fit.append(number)
    return fit
