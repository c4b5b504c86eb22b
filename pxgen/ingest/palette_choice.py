"""The palette of a collection: exact where the colours fit, chosen by eye where they do not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from pxgen.arrays import Rgba
from pxgen.errors import InputError, UsageError
from pxgen.ingest.census import Census
from pxgen.palette import MAX_COLORS, Palette
from pxgen.palette.quantize import (
    Loss,
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
class Choice:
    """The palette chosen, and its loss on the collection."""

    palette: Palette
    distinct: int
    """Visible colours of the sources."""
    counted_exactly: bool
    keep_alpha: bool
    """True if semi-transparent colours are palette entries; else they are thresholded."""
    soft_colors: int
    soft_pixels: int
    """Semi-transparent colours of the sources, and the pixels that bear them."""
    psnr: float
    exact_share: float
    """Share of the visible pixels that keep their exact colour."""
    suggested: int | None
    """A colour count worth asking for; None where nothing is lost."""
    given: bool
    """True if the palette was asked for."""

    @property
    def lossless(self) -> bool:
        """True if sprites that differ in their sources differ on the palette, too."""
        return math.isinf(self.psnr) and not (self.soft_colors and not self.keep_alpha)


def choose_palette(
    census: Census,
    *,
    given: Palette | None = None,
    colors: int | None = None,
    alpha: Alpha = "auto",
    shared_table: Rgba | None = None,
) -> Choice:
    """Choose the palette that a collection is drawn with.

    Automatic palettes are exact if at most 255 visible colours occur (or as many as asked for);
    otherwise they pin the frequent colours and place the rest by clustering in OKLab. A palette
    that is ``given`` is used as it is. A ``shared_table``, ``(K, 4)``, is the colour table that
    every source image has: its author's order is kept.

    Raises:
        InputError: semi-transparent colours must be kept but do not fit.
        UsageError: a colour count that no palette can have.
    """
    limit = MAX_VISIBLE if colors is None else colors
    if not 1 <= limit <= MAX_VISIBLE:
        raise UsageError(f"--colors {limit}: a palette holds 1 to {MAX_VISIBLE} colours")
    packed, counts = census.table()
    seen, counts = unpack(packed[packed != 0]), counts[packed != 0]
    soft = (seen[:, 3] > 0) & (seen[:, 3] < 255)
    soft_colors, soft_pixels = int(soft.sum()), int(counts[soft].sum())
    keep = _keeps_alpha(seen, soft_colors, alpha, given, limit)
    if not keep:
        seen, counts = opaque_counts(seen, counts)
    palette = given or (_authored(shared_table, seen) if colors is None else None)
    if palette is None and census.exact and len(seen) <= limit:
        palette = exact_palette(seen)
    palette = palette or build_palette(seen, counts, limit)
    loss = Loss()
    suggested = None
    if not (census.exact and palette.lookup(seen)[1].all()):
        loss = loss_report(seen, counts, palette)
        suggested = suggest_count(seen, counts)
    return Choice(
        palette=palette,
        distinct=len(seen),
        counted_exactly=census.exact,
        keep_alpha=keep,
        soft_colors=soft_colors,
        soft_pixels=soft_pixels,
        psnr=loss.psnr,
        exact_share=loss.exact_share,
        suggested=suggested,
        given=given is not None,
    )


def _keeps_alpha(colors: Rgba, soft: int, alpha: Alpha, given: Palette | None, limit: int) -> bool:
    """True if the ``soft`` semi-transparent colours become palette entries."""
    if alpha == "threshold" or not soft:
        return False
    if given is not None:
        return alpha == "keep" or bool((given.rgba[1:, 3] < 255).any())
    fits = len(colors) <= limit
    if alpha == "keep" and not fits:
        raise InputError(
            f"{len(colors)} colours, {soft} of them semi-transparent, do not fit into {limit}: "
            "use --alpha threshold"
        )
    return alpha == "keep" or (fits and soft <= MAX_SOFT_COLORS)


def _authored(table: Rgba | None, colors: Rgba) -> Palette | None:
    """A shared colour table as a palette, if it holds all colours.

    Its order is kept; repeated and padding entries are dropped.
    """
    rows = [] if table is None else table[table[:, 3] != 0].tolist()
    rows = list(dict.fromkeys(map(tuple, rows)))
    if table is None or len(rows) > MAX_VISIBLE:
        return None
    palette = Palette.of(rows)
    return palette if palette.lookup(colors)[1].all() else None
