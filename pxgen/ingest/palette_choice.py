"""The palette of a collection: exact where the colours fit, chosen by eye where they do not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pxgen.arrays import I64, Bools, Colors32, IndexMaps, Rgba
from pxgen.errors import InputError, UsageError
from pxgen.ingest.census import Census
from pxgen.ingest.indexed import IndexedSprite
from pxgen.palette import MAX_COLORS, Palette
from pxgen.palette.dither import dither
from pxgen.palette.oklab import OPAQUE, nearest
from pxgen.palette.quantize import (
    build_palette,
    exact_palette,
    loss_report,
    opaque_counts,
    suggest_count,
)
from pxgen.palette.table import unpack

Alpha = Literal["auto", "keep", "threshold"]

MAX_SOFT_COLORS = 16
"""Semi-transparent colours up to this number are a choice (glass, shadow), not soft edges."""

MAX_VISIBLE = MAX_COLORS - 1


@dataclass(frozen=True)
class PaletteOptions:
    """Options about the palette."""

    given: Palette | None = None
    """A palette to use as it is."""
    colors: int | None = None
    """Visible colours at most."""
    alpha: Alpha = "auto"
    dither: str = "none"
    shared_table: Rgba | None = None
    """``(K, 4)``: the colour table that every source image has, in its author's order."""


@dataclass(frozen=True)
class Choice:
    """The palette chosen, and its loss on the collection."""

    palette: Palette
    distinct: int
    """Visible colours of the sources."""
    counted_exactly: bool
    keep_alpha: bool
    """Whether semi-transparent colours are palette entries; otherwise they are thresholded."""
    soft_colors: int
    soft_pixels: int
    """Semi-transparent colours of the sources, and the pixels that bear them."""
    psnr: float
    exact_share: float
    """Share of the visible pixels that keep their exact colour."""
    suggested: int | None
    """A colour count worth asking for; None where nothing is lost."""
    given: bool
    """Whether the palette was asked for."""

    @property
    def lossless(self) -> bool:
        """Whether sprites that differ in their sources differ on the palette, too."""
        return math.isinf(self.psnr) and not (self.soft_colors and not self.keep_alpha)


def choose_palette(census: Census, options: PaletteOptions) -> Choice:
    """Choose the palette that a collection is drawn with.

    Automatic palettes are exact if at most 255 visible colours occur (or as many as asked for);
    otherwise they pin the frequent colours and place the rest by clustering in OKLab.

    Raises:
        InputError: semi-transparent colours must be kept but do not fit.
        UsageError: a colour count that no palette can have.
    """
    limit = MAX_VISIBLE if options.colors is None else options.colors
    if not 1 <= limit <= MAX_VISIBLE:
        raise UsageError(f"--colors {limit}: a palette holds 1 to {MAX_VISIBLE} colours")
    packed, counts = census.table()
    colors, counts = unpack(packed[packed != 0]), counts[packed != 0]
    soft = (colors[:, 3] > 0) & (colors[:, 3] < 255)
    soft_colors, soft_pixels = int(soft.sum()), int(counts[soft].sum())
    keep = _keeps_alpha(colors, options, limit)
    if not keep:
        colors, counts = opaque_counts(colors, counts)
    palette = _palette(colors, counts, options, limit, exact=census.exact)
    psnr, share = (float("inf"), 1.0)
    suggested = None
    if not (census.exact and palette.lookup(colors)[1].all()):
        psnr, share = loss_report(colors, counts, palette)
        suggested = suggest_count(colors, counts)
    return Choice(
        palette=palette,
        distinct=len(colors),
        counted_exactly=census.exact,
        keep_alpha=keep,
        soft_colors=soft_colors,
        soft_pixels=soft_pixels,
        psnr=psnr,
        exact_share=share,
        suggested=suggested,
        given=options.given is not None,
    )


def _keeps_alpha(colors: Rgba, options: PaletteOptions, limit: int) -> bool:
    semi = int(((colors[:, 3] > 0) & (colors[:, 3] < 255)).sum())
    if options.alpha == "threshold" or not semi:
        return False
    if options.given is not None:
        return options.alpha == "keep" or bool((options.given.rgba[1:, 3] < 255).any())
    fits = len(colors) <= limit
    if options.alpha == "keep" and not fits:
        raise InputError(
            f"{len(colors)} colours, {semi} of them semi-transparent, do not fit into {limit}: "
            "use --alpha threshold"
        )
    return options.alpha == "keep" or (fits and semi <= MAX_SOFT_COLORS)


def _palette(
    colors: Rgba, counts: I64, options: PaletteOptions, limit: int, *, exact: bool
) -> Palette:
    if options.given is not None:
        return options.given
    table = options.shared_table
    if table is not None and options.colors is None:
        authored = _authored(table)
        if authored is not None and authored.lookup(colors)[1].all():
            return authored
    if exact and len(colors) <= limit:
        return exact_palette(colors)
    return build_palette(colors, counts, limit)


def _authored(table: Rgba) -> Palette | None:
    """A shared colour table as a palette: its order kept, repeated and padding entries dropped."""
    rows = list(dict.fromkeys(tuple(row) for row in table.tolist() if row[3] != 0))
    return Palette.of(rows) if len(rows) <= MAX_VISIBLE else None


class Recolorer:
    """Maps indexed sprites to the chosen palette."""

    def __init__(self, choice: Choice, method: str, census: Census) -> None:
        """Map colours to the nearest entries, or dither those off the palette by ``method``.

        Args:
            choice: the palette and what becomes of alpha.
            method: of :data:`pxgen.palette.dither.METHODS`.
            census: the sprites' colours. Each is searched once; only where they were too many to
                count is every sprite searched anew.
        """
        self._choice = choice
        self._method = method
        self._seen: Colors32 | None = census.table()[0] if census.exact else None
        if self._seen is not None:
            self._index, self._known = self._search(self._seen)

    def map(self, sprite: IndexedSprite) -> IndexMaps:
        """``(T, H, W) uint8`` indices into the palette."""
        if self._seen is None:
            index, known = self._search(sprite.colors)
        else:
            places = np.searchsorted(self._seen, sprite.colors)
            index, known = self._index[places], self._known[places]
        if self._method != "none" and not known.all():
            colors = self._hardened(sprite.colors)
            return dither(colors[sprite.indices], self._choice.palette, self._method)
        return np.asarray(index[sprite.indices], np.uint8)

    def _search(self, packed: Colors32) -> tuple[IndexMaps, Bools]:
        """The palette index of each colour, and whether it stands for just this colour."""
        colors = self._hardened(packed)
        index, known = self._choice.palette.lookup(colors)
        known |= colors[:, 3] == 0
        index[~known] = nearest(self._choice.palette, colors[~known])
        return index, known

    def _hardened(self, packed: Colors32) -> Rgba:
        colors = unpack(packed)
        if not self._choice.keep_alpha:
            colors[:, 3] = np.where(colors[:, 3] >= OPAQUE, 255, 0)
        return colors
