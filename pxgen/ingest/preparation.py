"""``prepare``: sprites of any kind become one dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import Bytes, IndexMaps
from pxgen.canvas import Canvas, nearly_empty
from pxgen.config.options import parse_size
from pxgen.config.settings import DataSettings
from pxgen.data.audited import dataset_path
from pxgen.data.dataset import FILE_NAME, DatasetWriter
from pxgen.data.duplicates import sprite_hash
from pxgen.errors import InputError, Progress, Remark, UsageError, unwatched
from pxgen.files import check_writable, existing_folder, refuse_sources
from pxgen.frames import described_frames
from pxgen.ingest.builtin import prepare_builtin
from pxgen.ingest.contact_sheets import choose_shown
from pxgen.ingest.describe import (
    Refusals,
    describe_copies,
    describe_empty,
    describe_folders_split,
    describe_gaps,
    describe_labels,
    describe_lopsided,
    describe_missing,
    describe_placing,
    describe_renamed,
    describe_sheets,
    describe_split,
    describe_unseen,
)
from pxgen.ingest.folder import label_rows, refuse_existing, told_terms, write_pictures
from pxgen.ingest.grid import in_cells
from pxgen.ingest.indexed import MANY_COLORS
from pxgen.ingest.labels import Labelling, find_labels, labels_of_tags
from pxgen.ingest.layout import pad_to_canvas
from pxgen.ingest.palette_choice import choose_palette
from pxgen.ingest.palette_mapping import OwnPaletteMapper, PaletteMapper, SharedPaletteMapper
from pxgen.ingest.scale import Size
from pxgen.ingest.selection import Selection, select
from pxgen.ingest.sources import Sources
from pxgen.ingest.split import folder_sides, groups_of, joined, origin_keys, split_of
from pxgen.ingest.survey import Survey
from pxgen.ingest.walk import find_files
from pxgen.names import natural_key, some
from pxgen.palette import Palette
from pxgen.palette.library import find_palette
from pxgen.palette.local import LOCAL, MAX_LOCAL_COLORS

_CHUNK = 512
"""Sprites that are written at once."""


def prepare(
    settings: DataSettings,
    out: Path,
    report: Remark,
    complain: Remark | None = None,
    progress: Progress = unwatched,
) -> Path:
    """Turn sprites, or the built-in characters, into a dataset folder and return its path.

    Args:
        settings: what to read and how.
        out: the folder.
        report: takes remarks and the summary, a line each.
        complain: takes a line for each bad file when these stop the run; by default ``report``.
        progress: is told how many sprites are read, drawn or gone through, and labels audited.

    Raises:
        InputError: sources are missing or bad; what stood in the folder stays untouched.
        UsageError: options that exclude each other, or the folder holds a dataset and ``force`` is
            off.
        PxgenError: the folder cannot be written.
    """
    if bool(settings.source) == bool(settings.builtin):
        raise UsageError("name what to learn from: sources, or the built-in characters, not both")
    if "" in settings.source:
        raise UsageError("a source has no name: name a folder, an image or an array")
    # A dataset's own folder is read as that, so the images in it would not be found again.
    refuse_sources([out], map(Path, settings.source))
    refuse_existing(out, force=settings.force)
    check_writable(out / FILE_NAME)
    if settings.builtin:
        return prepare_builtin(settings, out, report, progress)
    _check_colors(settings)
    if settings.fit and settings.frames == 1:
        raise UsageError("--frames 1 makes stills of all frames: leave out --fit")
    size = parse_size(settings.size) if settings.size else None
    palette = None if settings.palette in {"auto", LOCAL} else find_palette(settings.palette)
    paths = [Path(source) for source in settings.source]
    listing = find_files(paths, described=not in_cells(settings))
    refusals = Refusals(report if settings.skip_bad else complain or report, skip=settings.skip_bad)
    sources = Sources(listing, settings, refusals, palette)
    labelling = find_labels(
        sources.units(), listing.tables, sources.label_arrays, settings, listing.captions
    )
    ignored = [f"{listing.ignored} other files ignored"] if listing.ignored else []
    for line in (*sources.notes, *ignored, *labelling.notes):
        report(line)
    with closing(Survey(existing_folder(out), progress)) as survey:
        survey.read(sources, settings)
        if settings.overflow == "refuse":
            sources.tally.jpegs.check()
        _Preparation(
            settings, out, size, palette, report, progress, refusals, survey, sources, labelling
        ).write()
    return out


def _check_colors(settings: DataSettings) -> None:
    """Refuse options of colours that exclude each other or would change nothing."""
    colors, named = settings.colors, settings.palette not in {"auto", LOCAL}
    if settings.palette == LOCAL and colors and colors > MAX_LOCAL_COLORS:
        raise UsageError(
            f"--colors {colors}: with --palette local a sprite has at most {MAX_LOCAL_COLORS}"
        )
    if named and colors:
        raise UsageError(
            f"--palette {settings.palette} is taken whole: leave out --colors, or --palette for a "
            "palette of so many"
        )
    if settings.dither != "none" and not named and not colors:
        raise UsageError(
            "--dither is for colours that are reduced: add --colors or a --palette by name, or "
            "leave it out"
        )


@dataclass
class _Preparation:
    """The second half: decisions that need every sprite, and the writing."""

    settings: DataSettings
    out: Path
    size: Size | None
    given: Palette | None
    """The palette asked for."""
    report: Remark
    progress: Progress
    refusals: Refusals
    survey: Survey
    sources: Sources
    labelling: Labelling
    empty: list[str] = field(default_factory=list)
    """Names of the sprites left out because they are nearly empty."""

    def write(self) -> None:
        selection = select(self.survey, self.settings, self.size, self.refusals, self.report)
        mapper = self._mapper(selection)
        if self.settings.skip_empty:
            selection = self._without_empty(selection, mapper)
            mapper = self._mapper(selection) if self.empty else mapper
        canvas, chosen = selection.canvas, selection.numbers
        present = selection.present()
        names, labels = self._labels(chosen)
        keys = [self.survey.family_keys[i] for i in chosen]
        exact = groups_of([self.survey.exact_keys[i] for i in chosen])
        self._report_sprites(selection, exact, names)
        if present is not None:
            self.report(describe_missing(selection.names, selection.frame_names, present))
        for line in mapper.lines():
            self.report(line)
        out, audited = self.out, self.settings.audit
        with dataset_path(out, audited=audited, report=self.report, progress=self.progress) as path:
            writer = DatasetWriter(
                path,
                palette=mapper.palette,
                label_names=names,
                canvas=canvas,
                info=self._info(chosen, mapper, exact),
                frame_names=selection.frame_names,
            )
            with writer:
                drawn_keys, nearly = self._append(writer, selection, mapper, labels, len(names))
                if drawn_keys:
                    # Sprites that differed in their sources may be one on the palette.
                    keys = joined(keys, drawn_keys)
                split, group = self._split(self._with_origins(keys, chosen), chosen)
                if warning := describe_lopsided(split, labels, names):
                    self.report(warning)
                if nearly:
                    self.report(describe_empty(nearly, left_out=False))
                facts = {"nearly_empty": len(nearly)}
                writer.finish(split, group, palettes=mapper.palettes(), present=present, info=facts)
        write_pictures(self.out, choose_shown(labels, canvas.frames))

    def _append(
        self,
        writer: DatasetWriter,
        selection: Selection,
        mapper: PaletteMapper,
        labels: Sequence[tuple[int, ...]],
        known: int,
    ) -> tuple[list[int], list[str]]:
        """Write every sprite with its numbers of labels, of which so many are known.

        Returns:
            The keys of all as they are drawn, where colours were lost, and the names of those
            that are nearly empty.
        """
        names, present = selection.names, selection.present()
        drawn_keys: list[int] = []
        nearly: list[str] = []
        for start, pixels in _chunks(self._drawn(selection, mapper)):
            if not mapper.lossless:
                drawn_keys += map(sprite_hash, pixels)
            part = slice(start, start + len(pixels))
            writer.append(pixels, label_rows(labels[part], known), names[part])
            share = 1.0 if present is None else present[part].mean(1)
            nearly += [names[start + i] for i in np.flatnonzero(nearly_empty(pixels, share))]
        return drawn_keys, nearly

    def _drawn(self, selection: Selection, mapper: PaletteMapper) -> Iterator[IndexMaps]:
        """``(T, H, W)`` index maps of sprites on the canvas; missing frames are transparent."""
        canvas, anchor = selection.canvas, self.settings.anchor
        maps = mapper.maps(selection.sprites())
        for pixels, places in zip(maps, selection.places(), strict=True):
            if selection.frames:
                drawn = np.zeros(canvas, np.uint8)
                drawn[places] = pad_to_canvas(pixels, Canvas(len(pixels), *canvas[1:]), anchor)
                yield drawn
            else:
                yield pad_to_canvas(pixels, canvas, anchor, self.settings.fit)

    def _without_empty(self, selection: Selection, mapper: PaletteMapper) -> Selection:
        """The selection less the sprites that are drawn empty or nearly so."""
        drawn = zip(selection.numbers.tolist(), self._drawn(selection, mapper), strict=True)
        there = selection.present()
        shares = np.ones(len(selection.numbers)) if there is None else there.mean(1)
        empty = {
            number
            for (number, pixels), share in zip(drawn, shares, strict=True)
            if nearly_empty(pixels, share)
        }
        left = selection.without(empty)
        if not any(left.keep):
            raise InputError("every sprite is empty or nearly so: nothing is left by --skip-empty")
        self.empty = [self.survey.names[number] for number in sorted(empty)]
        return left

    def _with_origins(self, keys: list[int], chosen: NDArray[np.intp]) -> list[int]:
        """The keys of the split, joined by file or folder where it keeps these together."""
        if self.settings.together == "likes":
            return keys
        files = [unit.first_file or unit.name for unit in self.sources.units()]
        origins = [files[self.survey.units[i]] for i in chosen]
        # An origin's own key first, so that sprites added to it do not move it.
        return joined(origin_keys(origins, self.settings.together), keys)

    def _mapper(self, selection: Selection) -> PaletteMapper:
        if self.settings.palette == LOCAL:
            most = self.settings.colors or MAX_LOCAL_COLORS
            return OwnPaletteMapper(selection.sprites(), most, self.settings.dither)
        census = selection.census()
        choice = choose_palette(
            census,
            given=self.given,
            colors=self.settings.colors,
            alpha=self.settings.alpha,
            shared_table=self.sources.tally.shared_table,
        )
        return SharedPaletteMapper(choice, self.settings.dither, census)

    def _split(self, keys: list[int], chosen: NDArray[np.intp]) -> tuple[Bytes, NDArray[np.int32]]:
        """``(N,)`` sides of the split, told by folders or drawn, and groups of likes."""
        group, settings = groups_of(keys), self.settings
        files = [unit.first_file or unit.name for unit in self.sources.units()]
        sides = folder_sides([files[self.survey.units[i]] for i in chosen])
        if sides and settings.holdout:
            split = np.array(sides, np.uint8)
            self.report(describe_folders_split(split, group))
        else:
            split = split_of(keys, settings.holdout, settings.seed)
            self.report(describe_split(split, group, settings.holdout, settings.together))
        return split, group

    def _labels(self, chosen: NDArray[np.intp]) -> tuple[tuple[str, ...], list[tuple[int, ...]]]:
        """The labels that any sprite bears, and the numbers of each one's."""
        found, parts = self.labelling, self.labelling.parts
        borne = [
            found.of[self.survey.units[i]] + parts.get(self.survey.names[i], ()) for i in chosen
        ]
        known = found.names
        if found.tags:
            tags = labels_of_tags([self.survey.tags[i] for i in chosen])
            borne = [own + tag for own, tag in zip(borne, tags, strict=True)]
            shown = sorted({tag for each in tags for tag in each}, key=natural_key)
            known = tuple(dict.fromkeys((*known, *shown)))
            if shown:
                self.report(f"{len(shown)} labels from tags: {some(shown)}")
        names = tuple(filter({name for each in borne for name in each}.__contains__, known))
        for line in describe_labels(names, known, borne):
            self.report(line)
        if missing := sorted(parts.keys() - {self.survey.names[i] for i in chosen}):
            self.report(f"{len(missing)} rows name parts that are not there, such as {missing[0]}")
        number = {name: i for i, name in enumerate(names)}
        shared = {each: tuple(sorted({number[name] for name in each})) for each in set(borne)}
        return names, [shared[each] for each in borne]

    def _report_sprites(
        self, selection: Selection, exact: NDArray[np.int32], labels: Sequence[str]
    ) -> None:
        tally, canvas = self.sources.tally, selection.canvas
        for line in describe_placing(selection.sizes(), canvas, self.settings.fit):
            self.report(line)
        if self.survey.left_out:
            self.report(
                f"{self.survey.left_out} sprites of more than {self.settings.most_colors} colours "
                "left out"
            )
        if self.empty:
            self.report(describe_empty(self.empty, left_out=True))
        if tally.empty_cells:
            self.report(f"{tally.empty_cells} empty cells dropped")
        by_names = self.sources.by_names
        unseen = describe_unseen(self.settings, selection.frame_names, by_names=by_names)
        for line in (*describe_renamed(tally), *describe_gaps(tally), *unseen):
            self.report(line)
        kind = "stills" if canvas.frames == 1 else f"clips of {canvas.frames} frames"
        if names := selection.frame_names:
            kind += f" ({some(described_frames(names))})"
        self.report(f"{len(exact)} {kind} of {canvas.width}x{canvas.height}, {len(labels)} labels")
        sheets = None if in_cells(self.settings) else describe_sheets(selection.sizes())
        if sheets:
            self.report(sheets)
        if copies := describe_copies(exact):
            self.report(copies)
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
            **told_terms(self.settings),
            **mapper.facts(),
            "exact_copies": len(chosen) - (int(exact.max()) + 1),
            "left_out": self.refusals.count + self.survey.left_out + len(self.empty),
            "many_colors": len(self.survey.colorful),
        }


def _chunks(drawn: Iterator[IndexMaps]) -> Iterator[tuple[int, IndexMaps]]:
    start = 0
    while waiting := list(islice(drawn, _CHUNK)):
        yield start, np.stack(waiting)
        start += len(waiting)
