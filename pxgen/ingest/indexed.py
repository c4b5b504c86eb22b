"""Sprites as indices into their own few colours, and from there onto palettes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import I64, Bools, Colors32, IndexMaps, Rgba
from pxgen.canvas import Canvas
from pxgen.errors import InputError
from pxgen.palette.oklab import nearest
from pxgen.palette.table import MAX_COLORS, Palette, pack, unpack

MANY_COLORS = 48
"""Colours beyond which one sprite is hardly drawn by hand: drawn ones were seen to hold up to 38,
smoothed or compressed ones 68 and more."""

_CHUNK = 2**20
"""Pixels whose colours are sorted at once."""


@dataclass(frozen=True)
class IndexedSprite:
    """One sprite as indices into its own sorted colours."""

    indices: NDArray[np.unsignedinteger[Any]]
    """``(T, H, W)``, uint8 while there are at most 256 colours, else uint32."""
    colors: Colors32
    """``(k,)`` packed RGBA, ascending; every transparent pixel is 0."""

    @classmethod
    def of(cls, rgba: Rgba) -> Self:
        """Index ``(T, H, W, 4) uint8``; the colours that hide under alpha 0 are forgotten."""
        packed = pack(rgba)
        packed[rgba[..., 3] == 0] = 0
        if packed.size <= _CHUNK:
            colors, inverse = np.unique(packed, return_inverse=True)
            return cls(inverse.reshape(packed.shape).astype(_narrow(colors)), colors)
        # In parts: sorting a large image at once would take twenty times its own memory.
        parts = np.split(packed.reshape(-1), range(_CHUNK, packed.size, _CHUNK))
        colors = np.unique(np.concatenate([np.unique(part) for part in parts]))
        found = [np.searchsorted(colors, part).astype(_narrow(colors)) for part in parts]
        return cls(np.concatenate(found).reshape(packed.shape), colors)

    @property
    def size(self) -> Canvas:
        """Frames, height and width."""
        return Canvas(*self.indices.shape)

    @property
    def visible(self) -> Rgba:
        """``(k, 4) uint8``: its colours without the transparent one."""
        return unpack(self.colors[self.colors != 0])

    def seen(self) -> Bools:
        """``(T,) bool``: the frames that show anything."""
        clear = bool(len(self.colors)) and self.colors[0] == 0
        return (self.indices != 0).any((1, 2)) if clear else np.ones(len(self.indices), bool)

    def counts(self) -> I64:
        """``(k,)`` pixels of each colour."""
        return np.bincount(self.indices.ravel(), minlength=len(self.colors))

    def reduced(self, factor: int) -> IndexedSprite:
        """The sprite with squares of ``factor`` pixels made one."""
        if factor == 1:
            return self
        return IndexedSprite(self.indices[:, ::factor, ::factor], self.colors)

    def trimmed(self) -> IndexedSprite:
        """The sprite without the border that is clear in all frames; an empty one as it is."""
        drawn = self.indices != 0 if 0 in self.colors else np.ones(self.indices.shape, bool)
        rows, columns = (np.flatnonzero(drawn.any(axes)) for axes in ((0, 2), (0, 1)))
        if not len(rows):
            return self
        inside = self.indices[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        return IndexedSprite(inside, self.colors)

    def own_palette(self) -> Palette:
        """A palette of its visible colours, in ascending order.

        Raises:
            InputError: they are more than a palette holds.
        """
        if len(self.visible) >= MAX_COLORS:
            raise InputError(
                f"{len(self.visible)} colours, a palette holds {MAX_COLORS - 1}: reduce them first "
                "with `pxgen prepare --colors`"
            )
        return Palette.of(self.visible.tolist())

    def onto(self, palette: Palette) -> tuple[IndexMaps, int]:
        """The sprite in a palette's entries.

        Returns:
            ``(T, H, W) uint8`` indices, and the number of pixels whose colour the palette lacks:
            they are of the entries that look most like it.
        """
        colors = unpack(self.colors)
        entries, known = palette.lookup(colors)
        entries[~known] = nearest(palette, colors[~known])
        return entries[self.indices], int((~known)[self.indices].sum())


def _narrow(colors: Colors32) -> type[np.uint8 | np.uint32]:
    return np.uint8 if len(colors) <= 256 else np.uint32
