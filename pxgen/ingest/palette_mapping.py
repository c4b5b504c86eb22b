"""Mapping of sprites to palettes: all to a shared one, or each to its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np

from pxgen.arrays import IndexMaps, Rgba
from pxgen.errors import InputError
from pxgen.ingest.census import Census
from pxgen.ingest.describe import describe_palette
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.palette_choice import Choice, Recolorer
from pxgen.palette import Palette
from pxgen.palette.local import MAX_LOCAL_COLORS, localized
from pxgen.palette.table import unpack


class PaletteMapper(Protocol):
    """Maps a sprite in its own colours to palette indices."""

    palette: Palette
    """The dataset's."""
    lossless: bool
    """Whether sprites that differ in their sources differ on the palette, too."""

    def lines(self) -> Iterator[str]:
        """The palette and its loss, in lines for people."""
        ...

    def facts(self) -> dict[str, Any]:
        """The same for the dataset's own record."""
        ...

    def map(self, sprite: IndexedSprite) -> IndexMaps:
        """``(T, H, W) uint8`` indices."""
        ...

    def palettes(self) -> Rgba | None:
        """``(N, K, 4) uint8`` palettes of the sprites mapped so far; None if they share one."""
        ...


class SharedPaletteMapper:
    """All sprites on one palette."""

    def __init__(self, choice: Choice, dither: str, census: Census) -> None:
        self.palette, self.lossless = choice.palette, choice.lossless
        self._choice = choice
        self._recolorer = Recolorer(choice, dither, census)

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
        return self._recolorer.map(sprite)

    def palettes(self) -> None:
        """None: they share one."""


class OwnPaletteMapper:
    """Every sprite on its own palette, in canonical order.

    Args:
        sprites: all of them, once; each comes a second time to :meth:`map`.

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
