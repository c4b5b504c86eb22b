"""Mapping of sprites to palettes: all to a shared one, or each to its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from pxgen.arrays import I64, Bools, Colors32, IndexMaps, Rgba
from pxgen.ingest.census import Census
from pxgen.ingest.describe import describe_palette
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.palette_choice import Choice
from pxgen.palette import Palette
from pxgen.palette.dither import dither
from pxgen.palette.local import canonical_order, localized
from pxgen.palette.oklab import OPAQUE, nearest
from pxgen.palette.quantize import Loss, build_palette, error_text, loss_report, opaque_counts
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
        return describe_palette(self._choice, self._method)

    def facts(self) -> dict[str, Any]:
        """Colours of the sources, and the loss on them."""
        choice = self._choice
        return {"source_colors": choice.distinct, **_loss_facts(choice)}

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

    def maps(self, sprites: Iterable[IndexedSprite]) -> Iterator[IndexMaps]:
        """:meth:`map` of each."""
        return map(self.map, sprites)

    def _search(self, packed: Colors32) -> tuple[IndexMaps, Bools]:
        """The palette index of each colour, and whether it stands for just this colour."""
        colors = self._hardened(packed)
        index, known = self.palette.lookup(colors)
        known |= colors[:, 3] == 0
        index[~known] = nearest(self.palette, colors[~known])
        return index, known

    def _hardened(self, packed: Colors32) -> Rgba:
        return unpack(packed) if self._choice.keep_alpha else _hardened(packed)

    def palettes(self) -> None:
        """None: they share one."""


class OwnPaletteMapper:
    """Every sprite on its own palette, in canonical order."""

    def __init__(self, sprites: Iterable[IndexedSprite], most: int, method: str) -> None:
        """Reduce sprites of more than ``most`` colours to so many of their own.

        Pixels of other colours take the nearest one, or are dithered by ``method``.
        """
        self._most, self._method = most, method
        self._own: list[Rgba] = []
        self._reduced: list[bool] = []
        self._loss, self._kept = Loss(), Loss()
        """Of the sprites that are reduced, and of the others."""
        for sprite in sprites:
            self._own.append(self._choose(unpack(sprite.colors), sprite.counts()))
        sums, counts = np.zeros((most, 3)), np.zeros(most)
        for colors in self._own:
            sums[: len(colors)] += colors[:, :3]
            counts[: len(colors)] += 1
        self._entries = int((counts > 0).sum())
        means = np.rint(sums[: self._entries] / counts[: self._entries, None])
        self.palette = Palette.of([tuple(row) for row in means.astype(int).tolist()], "local")
        self.lossless = not any(self._reduced)

    def _choose(self, colors: Rgba, counts: I64) -> Rgba:
        """``(c, 4) uint8``: the sprite's colours in canonical order, or those that it keeps."""
        colors, counts = opaque_counts(colors, counts)
        self._reduced.append(len(colors) > self._most)
        if self._reduced[-1]:
            palette = build_palette(colors, counts, self._most)
            self._loss = self._loss.plus(loss_report(colors, counts, palette))
            colors = palette.rgba[1:]
        else:
            pixels = int(counts.sum())
            self._kept = self._kept.plus(Loss(pixels, exact=pixels))
        return colors[canonical_order(colors)]

    def lines(self) -> Iterator[str]:
        """The palettes, and the loss of the sprites that were reduced."""
        line = (
            f"each sprite in a palette of its own, at most {self._entries} colours from dark to "
            "light"
        )
        yield f"{line}; every pixel exact" if self.lossless else line
        if not self.lossless:
            yield (
                f"{sum(self._reduced)} of {len(self._own)} sprites reduced to {self._most} "
                f"colours: {self._loss.exact_share:.1%} of their visible pixels keep their colour "
                f"exactly, {error_text(self._loss.psnr, self._method)}"
            )

    def facts(self) -> dict[str, Any]:
        """Sprites reduced, and the loss over all."""
        loss = self._loss.plus(self._kept)
        return {
            "local_palettes": True,
            "reduced": sum(self._reduced),
            **_loss_facts(loss),
        }

    def maps(self, sprites: Iterable[IndexedSprite]) -> Iterator[IndexMaps]:
        """``(T, H, W) uint8`` indices of each of the sprites that the mapper was made for."""
        for sprite, own, reduced in zip(sprites, self._own, self._reduced, strict=True):
            if reduced:
                colors = _hardened(sprite.colors)
                yield dither(colors[sprite.indices], Palette.of(own.tolist()), self._method)
            else:
                yield localized(sprite.indices, unpack(sprite.colors))[0]

    def palettes(self) -> Rgba:
        """``(N, K, 4) uint8``."""
        rows = np.zeros((len(self._own), 1 + self._entries, 4), np.uint8)
        for row, colors in zip(rows, self._own, strict=True):
            row[1 : 1 + len(colors)] = colors
        return rows


def _hardened(packed: Colors32) -> Rgba:
    colors = unpack(packed)
    colors[:, 3] = np.where(colors[:, 3] >= OPAQUE, 255, 0)
    return colors


def _loss_facts(loss: Choice | Loss) -> dict[str, Any]:
    return {
        "psnr": None if np.isinf(loss.psnr) else round(loss.psnr, 3),
        "exact_share": round(loss.exact_share, 6),
    }


PaletteMapper = SharedPaletteMapper | OwnPaletteMapper
"""``lossless`` tells whether sprites that differ in their sources differ on the palette, too."""
