"""``prepare``: sprites of any kind become one dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import IndexMaps
from pxgen.canvas import Canvas, parse_size
from pxgen.config.settings import DataSettings
from pxgen.data.audited import dataset_path
from pxgen.data.dataset import DatasetWriter
from pxgen.data.duplicates import sprite_hash
from pxgen.errors import InputError, Remark, UsageError
from pxgen.files import existing_folder
from pxgen.ingest.builtin import prepare_builtin
from pxgen.ingest.contact_sheets import choose_shown
from pxgen.ingest.describe import (
    Refusals,
    describe_copies,
    describe_lopsided,
    describe_placing,
    describe_sizes,
    describe_split,
)
from pxgen.ingest.folder import label_rows, refuse_existing, write_pictures
from pxgen.ingest.labels import Labelling, find_labels, listed
from pxgen.ingest.layout import choose_canvas, misfit, pad_to_canvas
from pxgen.ingest.palette_choice import choose_palette
from pxgen.ingest.palette_mapping import OwnPaletteMapper, PaletteMapper, SharedPaletteMapper
from pxgen.ingest.scale import Size
from pxgen.ingest.sources import Sources
from pxgen.ingest.split import groups_of, joined, origin_keys, split_of
from pxgen.ingest.survey import MANY_COLORS, Survey
from pxgen.ingest.walk import find_files
from pxgen.palette import Palette
from pxgen.palette.library import find_palette

_CHUNK = 512


LOCAL = "local"
"""The palette that says: every sprite keeps its own."""
LARGE = 64 * 64
"""Pixels from which on a lone picture is rather a sheet."""


def prepare(
    settings: DataSettings,
    out: Path,
    report: Remark,
    complain: Remark | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Path:
    """Turn sprites, or the built-in characters, into a dataset folder and return its path.

    Args:
        settings: what to read and how.
        out: the folder.
        report: takes remarks and the summary, a line each.
        complain: takes a line for each bad file when these stop the run; by default ``report``.
        progress: is told now and then how many sprites were read.

    Raises:
        InputError: sources are missing or bad; what stood in the folder stays untouched.
        UsageError: options that exclude each other, or the folder holds a dataset and ``force`` is
            off.
    """
    if bool(settings.source) == settings.builtin:
        raise UsageError("name what to learn from: sources, or the built-in characters, not both")
    if settings.builtin:
        return prepare_builtin(settings, out, report)
    if settings.palette == LOCAL and settings.colors:
        raise UsageError("--palette local keeps all colours: leave out --colors")
    size = parse_size(settings.size) if settings.size else None
    palette = None if settings.palette in {"auto", LOCAL} else find_palette(settings.palette)
    refuse_existing(out, force=settings.force)
    listing = find_files([Path(source) for source in settings.source])
    refusals = Refusals(report if settings.skip_bad else complain or report, skip=settings.skip_bad)
    sources = Sources(listing, settings, refusals, palette)
    labelling = find_labels(sources.units(), listing.tables, sources.label_arrays, settings)
    class_names = listed(settings.label_names)
    if class_names and not set(class_names) & set(labelling.names):
        raise UsageError(
            "--label-names says what the numbers of label arrays mean, and no such array is read"
        )
    ignored = [f"{listing.ignored} other files ignored"] if listing.ignored else []
    for line in (*sources.notes, *ignored, *labelling.notes):
        report(line)
    with closing(Survey(existing_folder(out))) as survey:
        survey.read(sources, settings, progress)
        if settings.overflow == "refuse" and sources.tally.jpegs.overflowed:
            raise InputError(
                f"{sources.tally.jpegs.count} JPEGs are dark at the border and cold inside: their "
                "colours seem to have overflowed (-x mod 256), which loses the difference between "
                "black and white. Prepare from the original arrays, or choose --overflow undo or "
                "--overflow keep"
            )
        _Preparation(
            settings, out, size, palette, report, refusals, survey, sources, labelling
        ).write()
    return out


@dataclass
class _Preparation:
    """The second half: decisions that need every sprite, and the writing."""

    settings: DataSettings
    out: Path
    size: Size | None
    given: Palette | None
    """The palette asked for."""
    report: Remark
    refusals: Refusals
    survey: Survey
    sources: Sources
    labelling: Labelling

    def write(self) -> None:
        reductions = self._reductions()
        keep, canvas = self._fit(reductions)
        mapper = self._mapper(keep, reductions)
        chosen = np.flatnonzero(keep)
        labels = self._labels(chosen)
        keys = [self.survey.family_keys[i] for i in chosen]
        exact = groups_of([self.survey.exact_keys[i] for i in chosen])
        self._report_sprites(chosen, canvas, exact)
        for line in mapper.lines():
            self.report(line)
        names = self.labelling.names
        sprites = self.survey.chosen(keep, reductions)
        drawn = (pad_to_canvas(mapper.map(s), canvas, self.settings.anchor) for s in sprites)
        out, audited = self.out, self.settings.audit
        with dataset_path(out, audited=audited, report=self.report) as path:
            writer = DatasetWriter(
                path,
                palette=mapper.palette,
                label_names=names,
                canvas=canvas,
                info=self._info(chosen, mapper, exact),
            )
            with writer:
                drawn_keys: list[int] = []
                for start, pixels in _chunks(drawn):
                    if not mapper.lossless:
                        drawn_keys += map(sprite_hash, pixels)
                    part = range(start, start + len(pixels))
                    rows = label_rows([labels[i] for i in part], len(names))
                    writer.append(pixels, rows, [self.survey.names[chosen[i]] for i in part])
                if drawn_keys:
                    # Sprites that differed in their sources may be one on the palette.
                    keys = joined(keys, drawn_keys)
                if self.settings.together != "likes":
                    units = self.sources.units()
                    files = [unit.first_file or unit.name for unit in units]
                    origins = [files[self.survey.units[i]] for i in chosen]
                    # An origin's own key first, so that sprites added to it do not move it.
                    keys = joined(origin_keys(origins, self.settings.together), keys)
                split = split_of(keys, self.settings.holdout, self.settings.seed)
                group = groups_of(keys)
                self.report(describe_split(split, group, self.settings.together))
                if warning := describe_lopsided(split, labels, names):
                    self.report(warning)
                writer.finish(split, group, palettes=mapper.palettes())
        write_pictures(self.out, choose_shown(labels, canvas.frames))

    def _reductions(self) -> dict[Size, int]:
        if not len(self.survey):
            self.refusals.settle()
            raise InputError("nothing usable in the sources: no sprite is left")
        reductions = self.survey.reductions()
        if self.settings.keep_scale:
            return dict.fromkeys(reductions, 1)
        for size, factor in sorted(reductions.items()):
            if factor > 1:
                height, width = size
                self.report(
                    f"enlarged {factor} times, undone: {width}x{height} are really "
                    f"{width // factor}x{height // factor} (--keep-scale leaves them)"
                )
        return reductions

    def _fit(self, reductions: dict[Size, int]) -> tuple[list[bool], Canvas]:
        """A mask of the sprites that the canvas holds, and the canvas."""
        true_sizes = {
            size: Canvas(size.frames, size.height // k, size.width // k)
            for size in set(self.survey.sizes)
            for k in (reductions[size.height, size.width],)
        }
        sizes = Counter(true_sizes[size] for size in self.survey.sizes)
        canvas = choose_canvas(sizes, self.size, self.settings.frames)
        reasons = {size: misfit(true, canvas) for size, true in true_sizes.items()}
        before = self.refusals.count
        for name, size in zip(self.survey.names, self.survey.sizes, strict=True):
            reason = reasons[size]
            if reason:
                self.refusals(InputError(f"{name}: {reason}"))
        self.refusals.settle(describe_sizes(sizes) if self.refusals.count > before else None)
        fitting = {size for size, reason in reasons.items() if reason is None}
        if not fitting:
            raise InputError(f"no sprite fits the canvas {canvas.width}x{canvas.height}")
        placed = {size: n for size, n in sizes.items() if misfit(size, canvas) is None}
        for line in describe_placing(Counter(placed), canvas):
            self.report(line)
        return [size in fitting for size in self.survey.sizes], canvas

    def _mapper(self, keep: list[bool], reductions: dict[Size, int]) -> PaletteMapper:
        if self.settings.palette == LOCAL:
            return OwnPaletteMapper(self.survey.chosen(keep, reductions))
        census = self.survey.census(keep, reductions)
        choice = choose_palette(
            census,
            given=self.given,
            colors=self.settings.colors,
            alpha=self.settings.alpha,
            shared_table=self.sources.tally.shared_table,
        )
        return SharedPaletteMapper(choice, self.settings.dither, census)

    def _labels(self, chosen: NDArray[np.intp]) -> list[tuple[int, ...]]:
        number = {name: i for i, name in enumerate(self.labelling.names)}
        shared: dict[tuple[str, ...], tuple[int, ...]] = {}
        labels = []
        for sprite in chosen:
            names = self.labelling.of[self.survey.units[sprite]]
            if names not in shared:
                shared[names] = tuple(sorted(number[name] for name in names))
            labels.append(shared[names])
        bare = sum(not each for each in labels)
        if bare and self.labelling.names:
            self.report(f"{bare} sprites bear no label")
        return labels

    def _report_sprites(
        self, chosen: NDArray[np.intp], canvas: Canvas, exact: NDArray[np.int32]
    ) -> None:
        tally = self.sources.tally
        if self.survey.left_out:
            self.report(
                f"{self.survey.left_out} sprites of more than {self.settings.most_colors} colours "
                "left out"
            )
        if tally.empty_cells:
            self.report(f"{tally.empty_cells} empty cells dropped")
        kind = "stills" if canvas.frames == 1 else f"clips of {canvas.frames} frames"
        self.report(
            f"{len(chosen)} {kind} of {canvas.width}x{canvas.height}, "
            f"{len(self.labelling.names)} labels"
        )
        if len(chosen) == 1 and canvas.height * canvas.width > LARGE:
            self.report(
                f"one picture of {canvas.width}x{canvas.height}: if it is a sheet of sprites, cut "
                "it with --cell WxH"
            )
        line = describe_copies(exact)
        if line:
            self.report(line)
        if self.survey.colorful:
            self.report(
                f"warning: {len(self.survey.colorful)} sprites hold more than {MANY_COLORS} "
                f"colours (such as {self.survey.colorful[0]}): smoothed or compressed images, "
                "not pixel art?"
            )

    def _info(
        self, chosen: NDArray[np.intp], mapper: PaletteMapper, exact: NDArray[np.int32]
    ) -> dict[str, Any]:
        return {
            "anchor": self.settings.anchor,
            "sources": [Path(source).resolve().name for source in self.settings.source],
            "holdout": self.settings.holdout,
            "together": self.settings.together,
            "seed": self.settings.seed,
            **mapper.facts(),
            "exact_copies": len(chosen) - (int(exact.max()) + 1),
            "left_out": self.refusals.count,
            "many_colors": len(self.survey.colorful),
        }


def _chunks(drawn: Iterator[IndexMaps]) -> Iterator[tuple[int, IndexMaps]]:
    start = 0
    while waiting := list(islice(drawn, _CHUNK)):
        yield start, np.stack(waiting)
        start += len(waiting)
