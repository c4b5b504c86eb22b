"""A page to choose from, of pictures that were drawn: their colours, and what is known of them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pxgen.arrays import F32, IndexMaps, Rgba
from pxgen.checkpoint.runs import model_name
from pxgen.checkpoint.store import Loaded
from pxgen.config.sample_settings import GIVEN
from pxgen.data.dataset import Dataset
from pxgen.data.neighbours import SpriteIndex
from pxgen.evaluation.opinion import Opinion, labels_shown
from pxgen.palette import Palette
from pxgen.palette.library import find_palette, names
from pxgen.palette.local import recoloring, within
from pxgen.render.page import Coloring, Nearest, Page
from pxgen.sampling.manifest import inputs_of
from pxgen.sampling.results import Picture

KEPT = "kept.jsonl"
"""The manifest that a page saves."""


class Known(NamedTuple):
    """What is known of sprites."""

    opinion: Opinion | None
    """The judge's, if there is one."""
    nearest: Nearest | None
    """Training sprites, if they are at hand."""
    unknown: str
    """Why there is not both."""

    def sentences(self) -> list[str]:
        """What the two are, for people."""
        novelty = "Novelty is the number of pixels that differ from the nearest training sprite."
        if self.nearest is None:
            novelty = f"Novelty is unknown: {self.unknown}."
        doubts = f"Doubts are unknown: {self.unknown}."
        return [novelty, doubts if self.opinion is None else self.opinion.about]


def choice_page(
    loaded: Loaded,
    pictures: Sequence[Picture],
    lines: Sequence[Mapping[str, Any]],
    asked: F32,
    known: Known,
    delays: float | Sequence[float],
    model: Path | None,
    palette: str | None = None,
) -> Page:
    """What is chosen from.

    Args:
        loaded: the model.
        pictures: of one size, each in its own palette.
        lines: of a manifest, one a picture, without a palette to draw in.
        asked: ``(n, L)`` labels asked for, in [-1, 1].
        known: novelty and doubts.
        delays: milliseconds of each frame; one stands for all.
        model: as the user named it.
        palette: the palette asked for.
    """
    maps = np.stack([picture.indices for picture in pictures])
    colorings = Colorings(loaded, maps, [picture.palette for picture in pictures], palette)
    named = ["-m", str(model)] if model is not None else []
    return Page(
        title=_title(loaded, maps, lines),
        pixels=maps,
        delays=np.resize(delays, maps.shape[1]).tolist(),
        colorings=colorings.all,
        lines=lines,
        labels=labels_shown(loaded.card.label_names, asked, known.opinion),
        command=shlex.join(["pxgen", "sample", *named, "--repeat", KEPT, "-o", "kept/"]),
        by=colorings.by,
        shown=colorings.shown,
        nearest=known.nearest,
        doubts=None if known.opinion is None else known.opinion.doubts,
        notes=known.sentences(),
    )


def _title(loaded: Loaded, maps: IndexMaps, lines: Sequence[Mapping[str, Any]]) -> str:
    """The model, how many of what it drew, the labels that all were asked for, and the seed."""
    count, frames = maps.shape[:2]
    what = ("sprite" if frames == 1 else "clip") + "s" * (count > 1)
    labels = lines[0]["labels"]
    shared = labels if all(line["labels"] == labels for line in lines) else []
    told = [f"{count} {what}", *shared, f"seed {lines[0]['seed']}"]
    return f"{model_name(loaded.path)}: {', '.join(told)}"


def nearest_real(dataset: Dataset, pixels: IndexMaps) -> Nearest:
    """The training sprites nearest to ``(n, T, H, W) uint8`` sprites."""
    distances, rows = SpriteIndex(dataset, dataset.train).nearest(pixels)
    each, which = np.unique(rows, return_inverse=True)
    return Nearest(dataset.take(each)[0], which, distances)


class Colorings:
    """The ways to colour pictures: as they are, in every shipped palette, and in one more."""

    def __init__(
        self, loaded: Loaded, maps: IndexMaps, palettes: Sequence[Palette], asked: str | None
    ) -> None:
        """Of ``(n, T, H, W) uint8`` maps in their own palettes; ``asked`` is the one asked for."""
        self._local = loaded.palettes is not None
        self._own = loaded.card.palette
        needed = [int(each.max()) for each in maps]
        self._counts = sorted(set(needed))
        self.by: dict[str, Sequence[int]] = {}
        """The table of each picture, of colourings that have several."""
        kinds = list(dict.fromkeys(palettes))
        every = np.arange(max(needed) + 1, dtype=np.uint8)
        tables = [palette.rgba[within(every, palette)] for palette in kinds]
        if len(kinds) > 1:
            number = {palette: k for k, palette in enumerate(kinds)}
            self.by["own"] = [number[palette] for palette in palettes]
        if self._local:
            rank = {count: k for k, count in enumerate(self._counts)}
            self.by["colors"] = [rank[count] for count in needed]
        self.all = [Coloring("the model's own", tables, "own" if len(kinds) > 1 else "")]
        self.shown = 0
        if asked == GIVEN and not self._local:
            # What is drawn fits the colours of the given frames: in others it would be another.
            self.all = [replace(self.all[0], name=GIVEN, options={"palette": GIVEN})]
            return
        self.all += [self._in(find_palette(name), name, {"palette": name}) for name in names()]
        if asked is not None and asked != GIVEN:
            self.shown = self._find(asked)

    def _find(self, asked: str) -> int:
        """The colouring by a palette, which becomes one more if it is not shipped."""
        palette = find_palette(asked)
        for number, coloring in enumerate(self.all):
            if coloring.options and find_palette(coloring.name) == palette:
                return number
        self.all.append(self._in(palette, palette.name or asked, {"palette": asked}))
        return len(self.all) - 1

    def _in(self, palette: Palette, name: str, options: Mapping[str, str]) -> Coloring:
        by = "colors" if self._local else ""
        return Coloring(name, list(self._tables(palette)), by, options, inputs_of(options))

    def _tables(self, palette: Palette) -> Iterator[Rgba]:
        own = None if self._local else self._own
        for needed in self._counts if self._local else [0]:
            yield palette.rgba[recoloring(own, palette, needed)]
