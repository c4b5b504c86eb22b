"""``prepare``: sprites of any kind become one dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import IndexMaps, Marks
from pxgen.canvas import Anchor, Canvas
from pxgen.data.audited import dataset_path
from pxgen.data.dataset import FILE_NAME, DatasetWriter, open_dataset
from pxgen.data.duplicates import drawn_key
from pxgen.errors import InputError, Remark, UsageError
from pxgen.files import standing_folder, write_bytes
from pxgen.ingest.contact_sheets import choose_shown, sheet_png, swatch_png
from pxgen.ingest.describe import (
    Refusals,
    describe_copies,
    describe_lopsided,
    describe_placing,
    describe_sizes,
    describe_split,
)
from pxgen.ingest.grid import Grid
from pxgen.ingest.labels import Labelling, LabelOptions, find_labels
from pxgen.ingest.layout import choose_canvas, misfit, place
from pxgen.ingest.palette_choice import Alpha, PaletteOptions, choose_palette
from pxgen.ingest.palette_mapping import OwnPaletteMapper, PaletteMapper, SharedPaletteMapper
from pxgen.ingest.scale import Size
from pxgen.ingest.sources import SourceOptions, Sources
from pxgen.ingest.split import Together, groups_of, joined, origin_keys, split_of
from pxgen.ingest.survey import MANY_COLORS, Cleaning, Survey
from pxgen.ingest.walk import Listing, find_files
from pxgen.palette import Palette
from pxgen.palette.local import fitting, own_palette, united

SHEET, SWATCH = "sheet.png", "palette.png"

_CHUNK = 512


LARGE = 64 * 64
"""Pixels from which on a lone picture is rather a sheet."""
Overflow = Literal["refuse", "undo", "keep"]


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """What ``prepare`` was asked for; see ``pxgen prepare --help``."""

    sources: tuple[Path, ...]
    out: Path = Path("dataset")
    size: Size | None = None
    """Height and width of the canvas."""
    grid: Grid | None = None
    frames: int | None = None
    labels: LabelOptions = field(default_factory=LabelOptions)
    palette: Palette | None = None
    local: bool = False
    """Whether every sprite gets a palette of its own."""
    colors: int | None = None
    dither: str = "none"
    alpha: Alpha = "auto"
    anchor: Anchor = "bottom"
    background: bool = False
    """Whether the colour around sprites becomes transparent."""
    most_colors: int | None = None
    """Leave sprites of more colours out."""
    overflow: Overflow = "refuse"
    """What becomes of JPEGs whose colours overflowed."""
    shrink: bool = True
    """Whether integer enlargement is undone."""
    holdout: float = 0.1
    together: Together = "likes"
    """What the split keeps on one side beside likenesses."""
    seed: int = 0
    audit: bool = False
    """Whether labels that the pixels do not show are kept apart."""
    skip_bad: bool = False
    force: bool = False


def prepare(
    options: PrepareOptions,
    report: Remark,
    complain: Remark | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Path:
    """Turn sprites into a dataset folder and return its path.

    Args:
        options: what to read and how.
        report: takes remarks and the summary, a line each.
        complain: takes a line for each bad file when these stop the run; by default ``report``.
        progress: is told now and then how many sprites were read.

    Raises:
        InputError: sources are missing or bad; what stood in the folder stays untouched.
        UsageError: an impossible wish, or the folder holds a dataset and ``force`` is off.
    """
    refuse_existing(options.out, force=options.force)
    listing = find_files(options.sources)
    skip = options.skip_bad
    refusals = Refusals(report if skip else complain or report, skip=skip)
    undo = options.overflow == "undo"
    reading = SourceOptions(options.grid, options.frames, options.palette, overflow=undo)
    sources = Sources(listing, reading, refusals)
    labelling = find_labels(sources.units(), listing.tables, sources.label_arrays, options.labels)
    if options.labels.class_names and not set(options.labels.class_names) & set(labelling.names):
        raise UsageError(
            "--label-names says what the numbers of label arrays mean, and no such array is read"
        )
    for line in _source_notes(listing, sources, labelling):
        report(line)
    with Survey(standing_folder(options.out)) as survey:
        survey.read(sources, progress, Cleaning(options.background, options.most_colors))
        if options.overflow == "refuse" and sources.tally.jpegs.overflowed:
            raise InputError(
                f"{sources.tally.jpegs.count} JPEGs are dark at the border and cold inside: their "
                "colours seem to have overflowed (-x mod 256), which loses the difference between "
                "black and white. Prepare from the original arrays, or choose --overflow undo or "
                "--overflow keep"
            )
        _Preparation(options, report, refusals, survey, sources, labelling).write()
    return options.out


def refuse_existing(out: Path, *, force: bool) -> None:
    """Stop before any work where a dataset would be replaced unasked.

    Raises:
        UsageError: one of the files of a dataset exists, or ``out`` is a file.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file: name a folder with -o")
    for name in (FILE_NAME, SHEET, SWATCH):
        if (out / name).exists() and not force:
            raise UsageError(f"{out / name} exists: replace it with --force, or choose another -o")


def write_pictures(out: Path, shown: Sequence[int]) -> None:
    """Write the contact sheet of these sprites, and the palette, beside a dataset."""
    dataset = open_dataset(out)
    pixels, palette = dataset.pixels, dataset.palette
    if dataset.palettes is not None:
        fit = fitting(dataset.palettes, shown) or shown[:1]
        pictures = ((pixels[i], own_palette(dataset.palettes[i])) for i in fit)
        maps, palette = united(pictures)
        pixels, shown = np.stack(maps), range(len(maps))
    write_bytes(out / SHEET, sheet_png(pixels[np.array(shown)], palette))
    write_bytes(out / SWATCH, swatch_png(dataset.palette))


def _source_notes(listing: Listing, sources: Sources, labelling: Labelling) -> Iterator[str]:
    yield from sources.notes
    if listing.ignored:
        yield f"{listing.ignored} other files ignored"
    yield from labelling.notes


@dataclass
class _Preparation:
    """The second half: decisions that need every sprite, and the writing."""

    options: PrepareOptions
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
        drawn = (place(mapper.map(s), canvas, self.options.anchor) for s in sprites)
        out, audited = self.options.out, self.options.audit
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
                        drawn_keys += map(drawn_key, pixels)
                    part = range(start, start + len(pixels))
                    rows = _label_rows([labels[i] for i in part], len(names))
                    writer.append(pixels, rows, [self.survey.names[chosen[i]] for i in part])
                if drawn_keys:
                    # Sprites that differed in their sources may be one on the palette.
                    keys = joined(keys, drawn_keys)
                if self.options.together != "likes":
                    units = self.sources.units()
                    files = [unit.first_file or unit.name for unit in units]
                    origins = [files[self.survey.units[i]] for i in chosen]
                    # An origin's own key first, so that sprites added to it do not move it.
                    keys = joined(origin_keys(origins, self.options.together), keys)
                split = split_of(keys, self.options.holdout, self.options.seed)
                group = groups_of(keys)
                self.report(describe_split(split, group, self.options.together))
                if warning := describe_lopsided(split, labels, names):
                    self.report(warning)
                writer.finish(split, group, palettes=mapper.palettes())
        write_pictures(self.options.out, choose_shown(labels, canvas.frames))

    def _reductions(self) -> dict[Size, int]:
        if not len(self.survey):
            self.refusals.settle()
            raise InputError("nothing usable in the sources: no sprite is left")
        reductions = self.survey.reductions()
        if not self.options.shrink:
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
        """Which sprites the canvas holds, and the canvas."""
        true_sizes = {
            size: Canvas(size.frames, size.height // k, size.width // k)
            for size in set(self.survey.sizes)
            for k in (reductions[size.height, size.width],)
        }
        sizes = Counter(true_sizes[size] for size in self.survey.sizes)
        canvas = choose_canvas(sizes, self.options.size, self.options.frames)
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
        if self.options.local:
            return OwnPaletteMapper(self.survey.chosen(keep, reductions))
        census = self.survey.census(keep, reductions)
        choice = choose_palette(census, self._palette_wish())
        return SharedPaletteMapper(choice, self.options.dither, census)

    def _palette_wish(self) -> PaletteOptions:
        return PaletteOptions(
            given=self.options.palette,
            colors=self.options.colors,
            alpha=self.options.alpha,
            dither=self.options.dither,
            shared_table=self.sources.tally.shared_table,
        )

    def _labels(self, chosen: NDArray[np.intp]) -> list[tuple[int, ...]]:
        number = {name: place for place, name in enumerate(self.labelling.names)}
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
                f"{self.survey.left_out} sprites of more than {self.options.most_colors} colours "
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
            "anchor": self.options.anchor,
            "sources": [source.resolve().name for source in self.options.sources],
            "holdout": self.options.holdout,
            "together": self.options.together,
            "seed": self.options.seed,
            **mapper.facts(),
            "exact_copies": len(chosen) - (int(exact.max()) + 1),
            "left_out": self.refusals.count,
            "many_colors": len(self.survey.colorful),
        }


def _chunks(drawn: Iterator[IndexMaps]) -> Iterator[tuple[int, IndexMaps]]:
    start, waiting = 0, []
    for each in drawn:
        waiting.append(each)
        if len(waiting) == _CHUNK:
            yield start, np.stack(waiting)
            start, waiting = start + _CHUNK, []
    if waiting:
        yield start, np.stack(waiting)


def _label_rows(labels: Sequence[tuple[int, ...]], width: int) -> Marks:
    """``(n, width) uint8``: 1 at each label number of each sprite."""
    rows = np.zeros((len(labels), width), np.uint8)
    for row, numbers in zip(rows, labels, strict=True):
        row[list(numbers)] = 1
    return rows


def label_numbers(rows: Marks) -> list[tuple[int, ...]]:
    """The label numbers of each ``(n, L) uint8`` row of marks."""
    return [tuple(np.flatnonzero(row).tolist()) for row in rows]
