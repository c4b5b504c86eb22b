"""Heat maps of the canvas, with captions."""

from __future__ import annotations

from collections.abc import Sequence

from pxgen.arrays import F32, IndexMaps
from pxgen.render.figure import LETTER, paste, shades, sheet, write
from pxgen.render.scale import enlarge

MIN_MAP_SIDE = 72
"""Least width of a map in pixels, so that a caption of 18 letters fits."""
COLUMNS = 12
GAP, LINE = 6, 8


def heat_sheet(maps: F32, captions: Sequence[str]) -> IndexMaps:
    """``(n, H, W)`` maps in [0, 1] as one page in the colours of figures, a caption over each."""
    scale = max(1, -(-MIN_MAP_SIDE // maps.shape[2]))
    height, width = maps.shape[1] * scale, maps.shape[2] * scale
    columns = min(COLUMNS, len(maps))
    rows = -(-len(maps) // columns)
    page = sheet(GAP + rows * (LINE + height + GAP), GAP + columns * (width + GAP))
    for number, (heat, caption) in enumerate(zip(maps, captions, strict=True)):
        top = GAP + number // columns * (LINE + height + GAP)
        left = GAP + number % columns * (width + GAP)
        write(page, caption[: width // LETTER], top, left)
        paste(page, enlarge(shades(heat, 1.0), scale), top + LINE, left)
    return page
