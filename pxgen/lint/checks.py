"""Checks of one image or clip: each finds places where pixels break the rules of the craft."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import Bools, Rgba
from pxgen.evaluation.craft import stray
from pxgen.ingest.fake_pixels import fake_grid
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.palette_choice import MAX_SOFT_COLORS
from pxgen.ingest.pixel_grid import PixelGrid
from pxgen.ingest.scale import enlargement
from pxgen.palette import Palette
from pxgen.palette.table import pack

MIN_SIDE = 16
"""Pixels that a side keeps after shrinking; smaller drawings may lie on a coarse grid by design."""
MAX_MIXED_SQUARE = 8
"""The side of the largest squares that are tried as a second pixel size."""
MIXED_SHARE = 0.85
"""At this share of the edges on one grid of squares the others are out of place."""
MIN_EDGES = 24
"""Fewer edges along an axis say nothing."""
MIN_STEP_GAP = 2
"""Pixels by which a step of an outline is shorter than both beside it to be a jaggy."""


TASTE = frozenset({"orphan-pixels", "jaggies"})
"""Rules that the best art breaks on purpose: an eye is an orphan pixel."""


@dataclass(frozen=True)
class Finding:
    """The faults that one rule found in one image."""

    rule: str
    count: int
    what: str
    """The fault in words, to follow the count."""
    where: tuple[int, int, int] | None
    """Frame, column and row of the first place."""
    fixable: bool
    """True if ``--fix`` repairs it."""


@dataclass(frozen=True)
class CheckedImage:
    """An image in the forms that the rules need."""

    rgba: Rgba
    """``(T, H, W, 4) uint8``."""
    sprite: IndexedSprite
    """The same in its own colours."""
    palette: Palette | None
    """The palette that its colours should be of."""
    grid: PixelGrid | None
    """The grid of its fake pixels, where it has such."""


def check(rgba: Rgba, palette: Palette | None = None, pixel: float | None = None) -> list[Finding]:
    """The findings of all rules in ``(T, H, W, 4) uint8``, in the order of ``RULES``.

    ``pixel`` are the screen pixels that one of the art is said to be wide.
    """
    sprite = IndexedSprite.of(rgba)
    image = CheckedImage(rgba, sprite, palette, fake_grid(rgba, sprite, pixel))
    return [finding for rule in RULES.values() for finding in rule(image)]


def _off_palette(image: CheckedImage) -> Iterator[Finding]:
    if image.palette is not None:
        _, known = image.palette.lookup(image.rgba)
        yield from _found(
            "off-palette", ~known, "pixels of colours the palette lacks", fixable=True
        )


def _semi_transparent(image: CheckedImage) -> Iterator[Finding]:
    soft, colors = half_transparent(image.rgba)
    what = f"pixels, in colours: {colors}"
    yield from _found("semi-transparent", soft, what, fixable=colors > MAX_SOFT_COLORS)


def half_transparent(rgba: Rgba) -> tuple[Bools, int]:
    """``(T, H, W)``: the half-transparent pixels, and how many colours they have.

    A few are glass or shadow; many are edges that a painting program made soft.
    """
    soft = (rgba[..., 3] > 0) & (rgba[..., 3] < 255)
    return soft, len(np.unique(pack(rgba[soft])))


def _hidden_colors(image: CheckedImage) -> Iterator[Finding]:
    hidden = (image.rgba[..., 3] == 0) & image.rgba[..., :3].any(-1)
    yield from _found(
        "hidden-colours", hidden, "transparent pixels that hide a colour", fixable=True
    )


def _enlarged(image: CheckedImage) -> Iterator[Finding]:
    factor = enlarged_by(image.sprite)
    if factor > 1:
        yield Finding("enlarged", factor, "times enlarged", None, fixable=True)


def enlarged_by(sprite: IndexedSprite) -> int:
    """The factor by which a sprite is enlarged; 1 where shrinking would leave too little of it."""
    if len(sprite.colors) < 2:
        return 1
    factor = enlargement(sprite.indices)
    return factor if min(sprite.size[1:]) // factor >= MIN_SIDE else 1


def _fake_pixels(image: CheckedImage) -> Iterator[Finding]:
    if image.grid is not None:
        rows, columns, period = image.grid.rows.cells, image.grid.columns.cells, image.grid.period
        what = f"x {rows} pixels, each about {period:.3g} screen pixels wide"
        yield Finding("fake-pixels", columns, what, None, fixable=True)


def _mixed_sizes(image: CheckedImage) -> Iterator[Finding]:
    indices = image.sprite.indices
    if image.grid is not None or enlarged_by(image.sprite) > 1:
        return
    across = (indices[:, :, 1:] != indices[:, :, :-1]).sum((0, 1))
    down = (indices[:, 1:] != indices[:, :-1]).sum((0, 2))
    if min(across.sum(), down.sum()) < MIN_EDGES:
        return
    for side in range(MAX_MIXED_SQUARE, 1, -1):
        shares = [_on_grid(edges, side) for edges in (across, down)]
        if min(shares) >= MIXED_SHARE:
            off = round(sum((1 - s) * e.sum() for s, e in zip(shares, (across, down), strict=True)))
            what = f"edges off a grid of {side}x{side} squares: pixel sizes are mixed"
            yield Finding("mixed-sizes", max(1, off), what, None, fixable=False)
            return


def _on_grid(edges: NDArray[np.integer], side: int) -> float:
    """The share of edges on the grid of squares that holds most of them."""
    offsets = np.arange(1, len(edges) + 1) % side
    return float(np.bincount(offsets, edges, minlength=side).max() / edges.sum())


def _orphans(image: CheckedImage) -> Iterator[Finding]:
    opaque = image.sprite.colors[image.sprite.indices] != 0
    maps = np.where(opaque, image.sprite.indices.astype(np.int64) + 1, 0)
    alone = stray(maps[None])[0]
    what = "pixels of a colour that none around them has"
    yield from _found("orphan-pixels", alone, what, fixable=False)


def _duplicate_frames(image: CheckedImage) -> Iterator[Finding]:
    frames = image.sprite.indices
    repeated = np.flatnonzero((frames[1:] == frames[:-1]).all((1, 2))) + 1
    if len(repeated):
        what = "frames equal to the one before"
        where = (int(repeated[0]), 0, 0)
        yield Finding("duplicate-frames", len(repeated), what, where, fixable=True)


def _jaggies(image: CheckedImage) -> Iterator[Finding]:
    marks = np.zeros(image.rgba.shape[:3], bool)
    for frame, mark in zip(image.rgba[..., 3] > 0, marks, strict=True):
        # From all four sides.
        for turn in range(4):
            seen, shown = np.rot90(frame, turn), np.rot90(mark, turn)
            for row in uneven_steps(seen):
                shown[row, seen[row].argmax()] = True
    yield from _found("jaggies", marks, "uneven steps of the outline", fixable=False)


def uneven_steps(seen: Bools) -> list[int]:
    """Rows of a ``(H, W)`` mask where the left outline of a slope has a step much too short."""
    first = np.where(seen.any(1), seen.argmax(1), -1)
    starts = [0, *(np.flatnonzero(np.diff(first)) + 1).tolist(), len(first)]
    runs = [(start, end - start, int(first[start])) for start, end in pairwise(starts)]
    found = []
    for (_, before, x), (row, length, y), (_, after, z) in zip(
        runs, runs[1:], runs[2:], strict=False
    ):
        slopes = min(x, y, z) >= 0 and (y - x) * (z - y) == 1
        if slopes and min(before, after) - length >= MIN_STEP_GAP:
            found.append(row)
    return found


def _found(rule: str, broken: Bools, what: str, *, fixable: bool) -> Iterator[Finding]:
    count = int(broken.sum())
    if count:
        frame, row, column = (int(axis[0]) for axis in broken.nonzero())
        yield Finding(rule, count, what, (frame, column, row), fixable)


RULES: dict[str, Callable[[CheckedImage], Iterator[Finding]]] = {
    "off-palette": _off_palette,
    "semi-transparent": _semi_transparent,
    "hidden-colours": _hidden_colors,
    "enlarged": _enlarged,
    "fake-pixels": _fake_pixels,
    "mixed-sizes": _mixed_sizes,
    "orphan-pixels": _orphans,
    "duplicate-frames": _duplicate_frames,
    "jaggies": _jaggies,
}
