"""Mapping of sprites to palettes: all to a shared one, or each to its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from pxgen.arrays import Bools, Colors32, IndexMaps, Rgba
from pxgen.errors import InputError
from pxgen.ingest.census import Census
from pxgen.ingest.describe import describe_palette
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.palette_choice import Choice
from pxgen.palette import Palette
from pxgen.palette.dither import dither
from pxgen.palette.local import MAX_LOCAL_COLORS, localized
from pxgen.palette.oklab import OPAQUE, nearest
from pxgen.palette.table import unpack


class SharedPaletteMapper:
    """All sprites on one palette."""

    def __init__(self, choice: Choice, method: str, census: Census) -> None:
        """Map colours to the nearest entries, or dither those off the palette by ``method``.

        Each colour of the census is searched once; only where they were too many to count is every
        sprite searched anew.
        """
        self.palette, self.lossless = choice.palette, choice.lossless
        self._choice = choice
        self._method = method
        self._seen: Colors32 | None = census.table()[0] if census.exact else None
        if self._seen is not None:
            self._index, self._known = self._search(self._seen)

    def lines(self) -> Iterator[str]:
        """The palette and its loss."""
        return describe_palette(self._choice)

    def facts(self) -> dict[str, Any]:
        """Colours of the sources, and the loss on them."""
        psnr = self._choice.psnr
        return {
            "source_colors": self._choice.distinct,
            "psnr": None if np.isinf(psnr) else round(psnr, 3),
            "exact_share": round(self._choice.exact_share, 6),
        }

    def map(self, sprite: IndexedSprite) -> IndexMaps:
        """``(T, H, W) uint8`` indices."""
        if self._seen is None:
            index, known = self._search(sprite.colors)
        else:
            found = np.searchsorted(self._seen, sprite.colors)
            index, known = self._index[found], self._known[found]
        if self._method != "none" and not known.all():
            colors = self._hardened(sprite.colors)
            return dither(colors[sprite.indices], self.palette, self._method)
        return np.asarray(index[sprite.indices], np.uint8)

    def _search(self, packed: Colors32) -> tuple[IndexMaps, Bools]:
        """The palette index of each colour, and whether it stands for just this colour."""
        colors = self._hardened(packed)
        index, known = self.palette.lookup(colors)
        known |= colors[:, 3] == 0
        index[~known] = nearest(self.palette, colors[~known])
        return index, known

    def _hardened(self, packed: Colors32) -> Rgba:
        colors = unpack(packed)
        if not self._choice.keep_alpha:
            colors[:, 3] = np.where(colors[:, 3] >= OPAQUE, 255, 0)
        return colors

    def palettes(self) -> None:
        """None: they share one."""


class OwnPaletteMapper:
    """Every sprite on its own palette, in canonical order; each comes again to :meth:`map`.

    Raises:
        InputError: a sprite has more colours than a local palette holds.
    """

    lossless = True

    def __init__(self, sprites: Iterable[IndexedSprite]) -> None:
        sums, counts = np.zeros((MAX_LOCAL_COLORS, 3)), np.zeros(MAX_LOCAL_COLORS)
        for number, sprite in enumerate(sprites):
            _, colors = localized(sprite.indices, unpack(sprite.colors))
            if len(colors) > MAX_LOCAL_COLORS:
                most = MAX_LOCAL_COLORS
                raise InputError(
                    f"sprite {number} has {len(colors)} colours, a palette of its own holds "
                    f"{most}: leave such sprites out with --most-colors {most}"
                )
            sums[: len(colors)] += colors[:, :3]
            counts[: len(colors)] += 1
        self._entries = int((counts > 0).sum())
        means = np.rint(sums[: self._entries] / counts[: self._entries, None])
        self.palette = Palette.of([tuple(row) for row in means.astype(int).tolist()], "local")
        self._rows: list[Rgba] = []

    def lines(self) -> Iterator[str]:
        """The palettes."""
        yield (
            f"each sprite in a palette of its own, at most {self._entries} colours from dark to "
            "light; every pixel exact"
        )

    def facts(self) -> dict[str, Any]:
        """A record without loss."""
        return {"local_palettes": True, "psnr": None, "exact_share": 1.0}

    def map(self, sprite: IndexedSprite) -> IndexMaps:
        """``(T, H, W) uint8`` indices."""
        indices, colors = localized(sprite.indices, unpack(sprite.colors))
        row = np.zeros((1 + self._entries, 4), np.uint8)
        row[1 : 1 + len(colors)] = colors
        self._rows.append(row)
        return indices

    def palettes(self) -> Rgba:
        """``(N, K, 4) uint8``."""
        return np.stack(self._rows)


PaletteMapper = SharedPaletteMapper | OwnPaletteMapper
"""``lossless`` tells whether sprites that differ in their sources differ on the palette, too."""
