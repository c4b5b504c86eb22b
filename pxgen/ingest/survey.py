"""The first pass: every sprite decoded once, measured, and laid aside."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from pathlib import Path

import numpy as np

from pxgen.arrays import Rgba
from pxgen.canvas import Canvas
from pxgen.config.settings import DataSettings
from pxgen.errors import Progress, unwatched
from pxgen.ingest.cleaning import cut_background
from pxgen.ingest.fake_pixels import fake_grid
from pxgen.ingest.file_sprites import Sprite
from pxgen.ingest.indexed import MANY_COLORS, IndexedSprite
from pxgen.ingest.pixel_grid import undone
from pxgen.ingest.scale import Size, choose_reductions, enlargement
from pxgen.ingest.sources import Sources
from pxgen.ingest.split import exact_key, family_key
from pxgen.ingest.spool import Spool
from pxgen.palette.local import MAX_LOCAL_COLORS
from pxgen.palette.quantize import opaque_counts
from pxgen.palette.table import unpack


class Survey:
    """Measurements of each sprite, in reading order; the pixels wait in a temporary file."""

    def __init__(self, folder: Path, progress: Progress = unwatched) -> None:
        """Lay sprites aside in ``folder``; ``progress`` is told whenever all are gone through."""
        self._spool, self._progress = Spool(folder), progress
        self.names: list[str] = []
        self.units = array("Q")
        self.frames: list[tuple[str, ...]] = []
        """The names of each sprite's frames that are there; empty where frames have no names."""
        self.sizes: list[Canvas] = []
        """Before enlargement by a whole factor is undone."""
        self.tags: list[str] = []
        """The tag of its file that each sprite shows; empty of others."""
        self.exact_keys = array("Q")
        self.family_keys = array("Q")
        self.colorful: list[str] = []
        """Sprites of more than :data:`MANY_COLORS` colours."""
        self.excess: dict[int, int] = {}
        """Opaque colours, by number, of sprites with more than a palette of their own holds."""
        self.fake: list[tuple[str, Canvas, Canvas]] = []
        """Sprites of fake pixels, their size as decoded, and in true pixels."""
        self.left_out = 0
        """Sprites of more colours than are wanted."""
        self._factors: dict[Size, int] = {}

    def close(self) -> None:
        """Forget the pixels."""
        self._spool.close()

    def __len__(self) -> int:
        return len(self.names)

    def read(self, sources: Sources, settings: DataSettings) -> None:
        """Decode, clean and measure every sprite of the sources."""
        shared: dict[Canvas, Canvas] = {}
        names: dict[tuple[str, ...], tuple[str, ...]] = {}
        for seen, sprite in enumerate(sources.sprites(), 1):
            self._progress(seen, "sprites read")
            small, frames = self._cleaned(sprite, settings)
            if settings.cell and not frames and small.seen().any() and not small.seen().all():
                sources.tally.with_blanks.append(sprite.name)
            if (sprite.frames or settings.cell) and not small.seen().any():
                sources.tally.empty_cells += len(sprite.rgba)
                continue
            if settings.most_colors and len(small.colors) > settings.most_colors:
                self.left_out += 1
                continue
            if len(small.colors) > MAX_LOCAL_COLORS:
                opaque, _ = opaque_counts(unpack(small.colors), small.counts())
                if len(opaque) > MAX_LOCAL_COLORS:
                    self.excess[len(self.names)] = len(opaque)
            factor = enlargement(small.indices)
            size = shared.setdefault(small.size, small.size)
            self._spool.append(small)
            self.names.append(sprite.name)
            self.units.append(sprite.unit)
            self.frames.append(names.setdefault(frames, frames))
            self.tags.append(sprite.tag)
            self.sizes.append(size)
            self.exact_keys.append(exact_key(small))
            self.family_keys.append(family_key(small, factor))
            if len(small.colors) > MANY_COLORS:
                self.colorful.append(sprite.name)
            area = (size.height, size.width)
            telling = factor if len(small.colors) > 1 else 0
            self._factors[area] = math.gcd(self._factors.get(area, 0), telling)

    def _cleaned(
        self, sprite: Sprite, settings: DataSettings
    ) -> tuple[IndexedSprite, tuple[str, ...]]:
        """A sprite in its true pixels without its background, if that is to be cut.

        And the names of its frames. Frames with names that show nothing are none, nor are those
        that a sheet's row lacks.
        """
        rgba, small = self._true_pixels(sprite, settings)
        if settings.cut_background:
            smoothed = len(small.colors) > MANY_COLORS
            small = IndexedSprite.of(cut_background(rgba, smoothed=smoothed))
        if not sprite.frames and not (settings.cell and settings.fit):
            return small, ()
        seen = small.seen()
        if not sprite.frames:
            # A row that is shorter than others ends with blank cells.
            seen = np.maximum.accumulate(seen[::-1])[::-1]
        frames = tuple(name for name, there in zip(sprite.frames, seen, strict=False) if there)
        return IndexedSprite(small.indices[seen], small.colors), frames

    def _true_pixels(self, sprite: Sprite, settings: DataSettings) -> tuple[Rgba, IndexedSprite]:
        """The sprite with fake pixels undone."""
        small = IndexedSprite.of(sprite.rgba)
        if settings.keep_scale:
            return sprite.rgba, small
        grid = fake_grid(sprite.rgba, small, settings.pixel)
        if grid is None:
            return sprite.rgba, small
        rgba = undone(sprite.rgba, grid)
        self.fake.append((sprite.name, small.size, Canvas(*rgba.shape[:3])))
        return rgba, IndexedSprite.of(rgba)

    def reductions(self) -> dict[Size, int]:
        """The factor by which sprites of each size are shrunk to their true pixels."""
        counts = Counter((size.height, size.width) for size in self.sizes)
        return choose_reductions(counts, self._factors)

    def chosen(
        self, keep: Sequence[bool], reductions: dict[Size, int], trimmed: Container[int] = ()
    ) -> Iterator[IndexedSprite]:
        """The sprites to keep, in their true pixels, some ``trimmed`` of their clear borders."""
        for number, (kept, sprite) in enumerate(zip(keep, self._spool, strict=True)):
            self._progress(number + 1, "sprites gone through again")
            if kept:
                size = sprite.size
                small = sprite.reduced(reductions[size.height, size.width])
                yield small.trimmed() if number in trimmed else small
