"""Everything that the sources hold, decoded one sprite at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import Rgba
from pxgen.config.settings import DataSettings
from pxgen.engines.tags import Tag
from pxgen.errors import InputError, UsageError
from pxgen.frames import common_names, frame_name, step_of, view_of, views_of
from pxgen.ingest.arrays import ARRAY_SUFFIXES, ArrayFile, companion, open_array
from pxgen.ingest.atlas import SUFFIX, Run, frame_stems, read_atlas
from pxgen.ingest.cleaning import undo_overflow
from pxgen.ingest.clips import FileGroup, broken, gather, gather_views, numbered_runs, singles
from pxgen.ingest.decoded import MAX_FILE_PIXELS, DecodedImage
from pxgen.ingest.grid import Grid, cut
from pxgen.ingest.images import read_image
from pxgen.ingest.labels import listed
from pxgen.ingest.layout import padded
from pxgen.ingest.match import Unit
from pxgen.ingest.sheet_layout import SheetLayout, cut_clips, sheet_layout
from pxgen.ingest.tally import Tally
from pxgen.ingest.views import Part, asked_views, find_views
from pxgen.ingest.walk import Found, Listing
from pxgen.palette import Palette

Refuse = Callable[[InputError], None]
"""Takes the error of a file that cannot be used; it may raise to stop at once."""


@dataclass(frozen=True)
class Sprite:
    """One still or clip, decoded."""

    name: str
    unit: int
    """Its number in :meth:`Sources.units`."""
    rgba: Rgba
    """``(T, H, W, 4) uint8``."""
    durations: tuple[float, ...] = ()
    """Milliseconds of each frame, where the file says so."""
    frames: tuple[str, ...] = ()
    """The name of each frame, where they have names; transparent ones are missing."""
    tags: tuple[Tag, ...] = ()
    """Of a file that comes whole."""


class Sources:
    """The files of a listing as entries, label units and sprites."""

    def __init__(
        self,
        listing: Listing,
        settings: DataSettings,
        refuse: Refuse,
        palette: Palette | None = None,
        *,
        whole: bool = False,
    ) -> None:
        """Gather clips and open arrays; an array that cannot be read goes to ``refuse``.

        Index maps that have no palette of their own are of ``palette``. ``whole`` files are one
        clip with their tags; else each tag is a clip, and frames outside all tags are left out
        unless every frame is a still.

        Raises:
            UsageError: options of views that exclude each other.
            InputError: two files are one frame of a clip.
        """
        self._whole = whole and settings.frames != 1
        self._grid, self._frames = Grid.of(settings), settings.frames
        self._overflowed = settings.overflow == "undo"
        self.tally = Tally()
        self._refuse = refuse
        self._views, self._anchor = asked_views(settings), settings.anchor
        in_cells = self._grid is not None or settings.layout is not None
        self._layout = sheet_layout(settings, self._views or ()) if in_cells else None
        if settings.by != "rows" and self._layout is None:
            raise UsageError(
                f"--by {settings.by} is of the views of sheets: add --cell and --views"
            )
        images = [file for file in listing.files if not _is_array(file)]
        strips = None
        if in_cells and self._views and settings.layout is None:
            strips = gather_views(images, self._views)
        if strips is not None and sum(len(group.files) for group in strips) == len(images):
            # Each file is a view, and its cells are the steps.
            self._groups = strips
        else:
            # A sheet holds its frames in cells, never in numbered files.
            self._groups = singles(images) if in_cells else self._gather(images)
        self._take = listed(settings.take)
        self._arrays: dict[str, ArrayFile] = {}
        self.label_arrays: dict[str, tuple[NDArray[Any], tuple[str, ...]]] = {}
        """Label arrays and class names by the name of the array that they belong to."""
        for file in listing.files:
            if _is_array(file):
                self._open(file, palette)

    def _gather(self, images: Sequence[Found]) -> list[FileGroup]:
        """Clips of files whose names tell views, else of numbered files; sheets by themselves."""
        sheets = singles(file for file in images if _is_atlas(file))
        images = [file for file in images if not _is_atlas(file)]
        views = None if self._views is None else gather_views(images, self._views)
        if views is None:
            return [*sheets, *gather(images, self._frames)]
        taken = {file.name for group in views for file in group.files}
        for file in images:
            if file.name not in taken:
                known = ", ".join(self._views or ())
                self._refuse(InputError(f"{file.path}: its name tells none of {known}"))
        return [*sheets, *views]

    def _open(self, file: Found, palette: Palette | None) -> None:
        try:
            array = open_array(file.path, palette)
            labels = companion(file.path, "labels")
            names = companion(file.path, "label_names")
        except InputError as error:
            self._refuse(error)
            return
        self._arrays[file.name] = array
        if labels is not None:
            given = () if names is None else tuple(str(name) for name in names.ravel().tolist())
            self.label_arrays[file.name] = (labels, given)

    @property
    def notes(self) -> list[str]:
        """The interpretation of arrays and clips, in lines for people."""
        lines = []
        if named := [group for group in self._groups if group.shows_views]:
            views = views_of([*common_names(name for group in named for name in group.frames)])
            lines.append(
                f"{len(named)} clips by the views in names: {', '.join(views)} (--views none takes "
                "the files as they are)"
            )
        clips = sum(len(group.files) > 1 and not group.shows_views for group in self._groups)
        lines += [f"{clips} clips of numbered files"] if clips else []
        if clips and (gaps := broken(self._groups)):
            lines.append(
                f"warning: {len(gaps)} clips lack a number or have one twice (such as {gaps[0]}): "
                "their frames are taken as single files"
            )
        return lines + [f"{name}: {a.described} {a.shape}" for name, a in self._arrays.items()]

    def units(self) -> list[Unit]:
        """Everything that can bear labels, in reading order."""
        units = [_unit(group) for group in self._groups]
        for name, array in self._arrays.items():
            units.extend(Unit(name, index) for index in range(len(array)))
        return units

    def sprites(self) -> Iterator[Sprite]:
        """Decode everything in order; what cannot be used goes to ``refuse`` and is left out."""
        for unit, group in enumerate(self._groups):
            try:
                yield from self._from_files(group, unit)
            except InputError as error:
                self._refuse(error)
        unit = len(self._groups)
        for name, array in self._arrays.items():
            self.tally.saw_table(None)
            try:
                yield from self._from_array(name, array, unit)
            except InputError as error:
                self._refuse(error)
            unit += len(array)

    def _from_files(self, group: FileGroup, unit: int) -> Iterator[Sprite]:
        if group.frames:
            yield from self._from_views(group, unit)
            return
        if _is_atlas(group.files[0]):
            for sprite in self._from_atlas(group, unit):
                yield from self._stills(sprite)
            return
        image = self._noted(self._image(group))
        if self._layout is not None:
            yield from self._from_named_sheet(group, unit, image, self._layout)
        elif self._grid is not None:
            yield from self._from_sheet(group, unit, image, self._grid)
        else:
            for sprite in self._parts(group, unit, image):
                yield from self._stills(sprite)

    def _noted(self, image: DecodedImage) -> DecodedImage:
        """An image that was counted, and mended if that was asked for."""
        self.tally.saw_table(image.table)
        if image.jpeg:
            self.tally.jpegs.look(image.rgba)
            if self._overflowed:
                return replace(image, rgba=undo_overflow(image.rgba))
        return image

    def _from_views(self, group: FileGroup, unit: int) -> Iterator[Sprite]:
        """A clip of files that each show a step of a view, or all of its steps."""
        images: list[Rgba] = []
        names: list[str] = []
        for file, name in zip(group.files, group.frames, strict=True):
            images.append(self._steps(file))
            count = len(images[-1])
            if count > 1 and step_of(name):
                raise InputError(f"{file.path}: an animation is no single step of a view")
            if sum(image.size for image in images) > 4 * MAX_FILE_PIXELS:
                raise InputError(f"{file.path}: a clip of more than {MAX_FILE_PIXELS} pixels")
            names += [frame_name(name, str(k)) for k in range(count)] if count > 1 else [name]
        yield from self._named(group.name, unit, padded(images, self._anchor), names)

    def _steps(self, file: Found) -> Rgba:
        """``(T, H, W, 4)``: the frames of a file, or the cells of a strip in reading order."""
        rgba = self._noted(read_image(file.path)).rgba
        if self._grid is None:
            return rgba
        if len(rgba) > 1:
            raise InputError(f"{file.path}: an animation is no sheet of cells")
        try:
            return np.concatenate([cells for _, cells in cut(rgba[0], self._grid, 1)])
        except InputError as error:
            raise InputError(f"{file.path}: {error}") from None

    def _named(self, name: str, unit: int, rgba: Rgba, names: Sequence[str]) -> Iterator[Sprite]:
        """The frames asked for of a clip of named ones; nothing where these are all transparent."""
        if twice := [frame for frame, times in Counter(names).items() if times > 1]:
            raise InputError(f"{name}: frame {twice[0]} is there twice")
        taken = [number for number, frame in enumerate(names) if self._takes(frame)]
        if rgba[taken][..., 3].any():
            yield Sprite(name, unit, rgba[taken], frames=tuple(names[k] for k in taken))
        else:
            self.tally.empty_cells += len(taken)

    def _takes(self, frame: str) -> bool:
        known = (frame, view_of(frame))
        return not self._take or any(fnmatchcase(n, asked) for n in known for asked in self._take)

    def _image(self, group: FileGroup) -> DecodedImage:
        limit = self._frames
        if len(group.files) > 1 and limit is not None and len(group.files) > limit:
            raise InputError(
                f"{group.files[0].path}: one of {len(group.files)} numbered frames, more than "
                f"--frames {limit}; --frames 1 takes them as stills"
            )
        first = read_image(group.files[0].path)
        if len(group.files) == 1:
            return first
        if first.rgba.nbytes * len(group.files) > 4 * MAX_FILE_PIXELS:
            raise InputError(f"{group.files[0].path}: a clip of more than {MAX_FILE_PIXELS} pixels")
        return DecodedImage(np.concatenate([first.rgba, *self._later(group, first)]), first.table)

    def _later(self, group: FileGroup, first: DecodedImage) -> Iterator[Rgba]:
        for file in group.files[1:]:
            image = read_image(file.path)
            self.tally.saw_table(image.table)
            if image.rgba.shape != first.rgba.shape:
                raise InputError(f"{file.path}: not of the size of the clip's first frame")
            yield image.rgba

    def _from_named_sheet(
        self, group: FileGroup, unit: int, image: DecodedImage, layout: SheetLayout
    ) -> Iterator[Sprite]:
        if len(image.rgba) > 1:
            raise InputError(f"{group.files[0].path}: an animation is no sheet of cells")
        try:
            grid = layout.grid(self._grid, group.name, *image.rgba.shape[1:3])
            for place, names, cells in cut_clips(image.rgba[0], grid, layout):
                name = f"{group.name}#{place}" if place else group.name
                yield from self._named(name, unit, cells, names)
        except InputError as error:
            raise InputError(f"{group.files[0].path}: {error}") from None

    def _from_sheet(
        self, group: FileGroup, unit: int, image: DecodedImage, grid: Grid
    ) -> Iterator[Sprite]:
        frames = self._frames or 1
        if len(image.rgba) > 1:
            raise InputError(f"{group.files[0].path}: an animation is no sheet of cells")
        try:
            for cell, cells in cut(image.rgba[0], grid, frames):
                if cells[..., 3].any():
                    yield Sprite(f"{group.name}#{cell}", unit, cells)
                else:
                    self.tally.empty_cells += frames
        except InputError as error:
            raise InputError(f"{group.files[0].path}: {error}") from None

    def _from_array(self, name: str, array: ArrayFile, unit: int) -> Iterator[Sprite]:
        index = 0
        for chunk in array.chunks():
            for rgba in chunk:
                yield from self._stills(Sprite(f"{name}#{index}", unit + index, rgba))
                index += 1

    def _from_atlas(self, group: FileGroup, unit: int) -> Iterator[Sprite]:
        """The clips on a sheet that JSON describes: by tags, else by views or numbers in names."""
        atlas = read_atlas(group.files[0].path)
        self._noted(read_image(atlas.image))
        frames = [frame[None] for frame in atlas.cut()]
        if self._whole and any(tag.moves for tag in atlas.tags):
            durations = tuple(frame.duration for frame in atlas.frames)
            yield Sprite(group.name, unit, padded(frames, self._anchor), durations, tags=atlas.tags)
            return
        runs: Sequence[Run] = [(tag.name, tag.order) for tag in atlas.tags] or [
            (stem, (k,)) for k, stem in enumerate(frame_stems(atlas))
        ]
        if not atlas.tags and self._views_among(runs) is None:
            runs = numbered_runs([stem for stem, _ in runs], self._frames)
            if len(runs) == 1:
                yield Sprite(
                    group.name, unit, padded([frames[k] for k in runs[0][1]], self._anchor)
                )
                return
        yield from self._runs(group.name, unit, frames, runs)

    def _parts(self, group: FileGroup, unit: int, image: DecodedImage) -> Iterator[Sprite]:
        """A file's animation whole, or by its tags."""
        if image.tags and not self._whole:
            frames = [frame[None] for frame in image.rgba]
            runs = self._tagged(group.name, image)
            yield from self._runs(group.name, unit, frames, runs, image.durations)
        else:
            yield Sprite(group.name, unit, image.rgba, image.durations, tags=image.tags)

    def _tagged(self, name: str, image: DecodedImage) -> Sequence[Run]:
        """The runs of a file's tags, and where every frame is a still of those between these."""
        tagged = [(tag.name, tag.order) for tag in image.tags]
        outside = _untagged(image)
        if outside and self._frames != 1:
            self.tally.untagged[name] = sum(map(len, outside))
            return tagged
        # Counted from one, as Aseprite does.
        rest = [(f"frames {run[0] + 1}-{run[-1] + 1}", run) for run in outside]
        return sorted([*tagged, *rest], key=lambda run: min(run[1]))

    def _views_among(self, runs: Sequence[Run]) -> dict[str, list[Part]] | None:
        return None if self._views is None else find_views([name for name, _ in runs], self._views)

    def _runs(
        self,
        name: str,
        unit: int,
        frames: Sequence[Rgba],
        runs: Sequence[Run],
        durations: tuple[float, ...] = (),
    ) -> Iterator[Sprite]:
        """A clip of each run of a file's frames, or of all runs that are its views."""
        clips = self._views_among(runs)
        for clip, parts in (clips or {}).items():
            named = [
                (frame_name(part.view, str(int(part.step or 0) + k)), frames[frame])
                for part in parts
                for k, frame in enumerate(runs[part.number][1])
            ]
            whole = padded([frame for _, frame in named], self._anchor)
            own = f"{name}#{clip}" if clip else name
            yield from self._named(own, unit, whole, [frame for frame, _ in named])
        for run, numbers in () if clips else runs:
            whole = padded([frames[number] for number in numbers], self._anchor)
            times = tuple(durations[number] for number in numbers) if durations else ()
            yield Sprite(f"{name}#{run}", unit, whole, times)

    def _stills(self, sprite: Sprite) -> Iterator[Sprite]:
        """With ``--frames 1`` every frame of a clip is a still of its own."""
        if self._frames != 1 or len(sprite.rgba) == 1:
            yield sprite
            return
        for number, frame in enumerate(sprite.rgba):
            yield Sprite(f"{sprite.name}#{number}", sprite.unit, frame[None])


def _is_atlas(file: Found) -> bool:
    return file.path.suffix.lower() == SUFFIX


def _untagged(image: DecodedImage) -> list[tuple[int, ...]]:
    """Runs of frames outside all tags of a file that has any."""
    tagged = {number for tag in image.tags for number in tag.order}
    outside = [number for number in range(len(image.rgba)) if image.tags and number not in tagged]
    runs = groupby(enumerate(outside), lambda pair: pair[1] - pair[0])
    return [tuple(number for _, number in run) for _, run in runs]


def _is_array(file: Found) -> bool:
    return file.path.suffix.lower() in ARRAY_SUFFIXES


def _unit(group: FileGroup) -> Unit:
    first = group.files[0].name if len(group.files) > 1 else ""
    if group.shows_views and PurePosixPath(first).parent != PurePosixPath(group.name).parent:
        # A folder that is a view, or a sprite, is no label.
        first = ""
    return Unit(group.name, None, first)
