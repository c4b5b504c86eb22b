"""Repairs of the faults that are never meant."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from pxgen.arrays import Rgba
from pxgen.engines.tags import Tag, runs
from pxgen.ingest.fake_pixels import fake_grid
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.palette_choice import MAX_SOFT_COLORS
from pxgen.ingest.pixel_grid import undone
from pxgen.lint.checks import enlarged_by, half_transparent
from pxgen.palette import Palette
from pxgen.palette.oklab import OPAQUE

MORE_PASSES = 3
"""Further passes over a picture at most."""


class Repaired(NamedTuple):
    """An image after its repair."""

    rgba: Rgba
    """``(T, H, W, 4) uint8``."""
    durations: tuple[float, ...]
    """Milliseconds of each frame, if they were known."""
    tags: tuple[Tag, ...] = ()


def repair(
    rgba: Rgba,
    palette: Palette | None = None,
    durations: tuple[float, ...] = (),
    ignored: Collection[str] = (),
    tags: tuple[Tag, ...] = (),
    pixel: float | None = None,
) -> Repaired:
    """Repair every fixable fault, except those of the ``ignored`` rules.

    Fake pixels (each ``pixel`` screen pixels wide, if that is known) and whole enlargement are
    undone, soft edges become hard, colours that the palette lacks become its nearest, what hides
    under transparency is cleared, and a frame shown again is shown longer unless a tag begins or
    ends between the two. One repair may uncover another fault, so it goes on until nothing changes.
    """
    last, repaired = rgba, _repaired(rgba, palette, durations, ignored, tags, pixel)
    for _ in range(MORE_PASSES):
        # Pixels whose width was told are narrow now.
        if pixel is not None or np.array_equal(repaired.rgba, last):
            break
        last = repaired.rgba
        repaired = _repaired(last, palette, repaired.durations, ignored, repaired.tags, None)
    return repaired


def _repaired(
    rgba: Rgba,
    palette: Palette | None,
    durations: tuple[float, ...],
    ignored: Collection[str],
    tags: tuple[Tag, ...],
    pixel: float | None,
) -> Repaired:
    rgba = rgba.copy()
    if "fake-pixels" not in ignored and (grid := fake_grid(rgba, IndexedSprite.of(rgba), pixel)):
        rgba = undone(rgba, grid)
    alpha, (soft, colors) = rgba[..., 3], half_transparent(rgba)
    if colors > MAX_SOFT_COLORS and "semi-transparent" not in ignored:
        alpha[soft] = np.where(alpha[soft] >= OPAQUE, 255, 0)
    if "hidden-colours" not in ignored:
        rgba[alpha == 0] = 0
    if "enlarged" not in ignored and pixel is None:
        factor = enlarged_by(IndexedSprite.of(rgba))
        rgba = rgba[:, ::factor, ::factor]
    if palette is not None and "off-palette" not in ignored:
        rgba = palette.colors(IndexedSprite.of(rgba).onto(palette)[0])
    if "duplicate-frames" in ignored:
        return Repaired(rgba, durations, tags)
    return _without_repeats(rgba, durations, tags)


def _without_repeats(rgba: Rgba, durations: tuple[float, ...], tags: tuple[Tag, ...]) -> Repaired:
    new = np.ones(len(rgba), bool)
    new[1:] = (rgba[1:] != rgba[:-1]).any((1, 2, 3))
    new[[run.start for run in runs(tags, len(rgba))]] = True
    now = (new.cumsum() - 1).tolist()
    if durations:
        shown = np.zeros(int(new.sum()))
        np.add.at(shown, now, durations)
        durations = tuple(shown.tolist())
    moved = tuple(tag._replace(first=now[tag.first], last=now[tag.last]) for tag in tags)
    return Repaired(rgba[new], durations, moved)
