"""The sprites that a file holds, or the files of a clip: animations, tags, views, cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from pxgen.arrays import Rgba
from pxgen.config.settings import DataSettings
from pxgen.engines.tags import Tag, unlike
from pxgen.errors import InputError
from pxgen.frames import frame_name, step_of, taken_frames
from pxgen.ingest.atlas import SUFFIX, Run, frame_stems, read_atlas
from pxgen.ingest.cleaning import undo_overflow
from pxgen.ingest.clips import FileGroup, numbered_runs
from pxgen.ingest.decoded import MAX_FILE_PIXELS, DecodedImage
from pxgen.ingest.grid import Grid, cut
from pxgen.ingest.images import read_image
from pxgen.ingest.labels import listed
from pxgen.ingest.layout import padded
from pxgen.ingest.sheet_layout import SheetLayout, cut_clips
from pxgen.ingest.tally import Tally
from pxgen.ingest.views import Part, find_views
from pxgen.ingest.walk import Found


@dataclass(frozen=True)
class Sprite:
    """One still or clip, decoded."""

    name: str
    unit: int
    """The number of what it was found in, among all that can bear labels."""
    rgba: Rgba
    """``(T, H, W, 4) uint8``."""
    durations: tuple[float, ...] = ()
    """Milliseconds of each frame, where the file says so."""
    frames: tuple[str, ...] = ()
    """The name of each frame, where they have names; transparent ones are missing."""
    tags: tuple[Tag, ...] = ()
    """Of a file that comes whole."""
    tag: str = ""
    """The tag of its file that it shows, where that is what makes it a sprite."""


@dataclass(frozen=True)
class _Frames:
    """The frames of a file, and the parts of its animation by name."""

    images: Sequence[Rgba]
    """``(1, h, w, 4) uint8`` each."""
    durations: tuple[float, ...]
    tags: Sequence[Run]


class FileSprites:
    """A reader of files that hold sprites."""

    def __init__(
        self,
        settings: DataSettings,
        tally: Tally,
        views: tuple[str, ...] | None,
        layout: SheetLayout | None,
        *,
        whole: bool,
    ) -> None:
        """Look for ``views`` in names unless None, and cut sheets by ``layout`` if there is one.

        ``whole`` files are one clip with their tags.
        """
        self._grid, self._layout = Grid.of(settings), layout
        self._frames, self._fit, self._anchor = settings.frames, settings.fit, settings.anchor
        self._overflowed = settings.overflow == "undo"
        self._take = listed(settings.take)
        self._views, self._whole = views, whole
        self._tally = tally

    def of(self, group: FileGroup, unit: int) -> Iterator[Sprite]:
        """Decode the sprites of one group of files.

        Raises:
            InputError: a file is unreadable, or is not what was asked for.
        """
        if group.frames:
            yield from self._from_views(group, unit)
            return
        if is_atlas(group.files[0]):
            for sprite in self._from_atlas(group, unit):
                yield from stills(sprite, self._frames)
            return
        image = self._noted(self._image(group))
        if self._layout is not None:
            yield from self._from_named_sheet(group, unit, image, self._layout)
        elif self._grid is not None:
            yield from self._from_sheet(group, unit, image, self._grid)
        else:
            for sprite in self._parts(group, unit, image):
                yield from stills(sprite, self._frames)

    def _noted(self, image: DecodedImage) -> DecodedImage:
        """An image that was counted, and mended if that was asked for."""
        self._tally.saw_table(image.table)
        if image.jpeg:
            self._tally.jpegs.look(image.rgba)
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
            _check_clip(file.path, images)
            names += [frame_name(name, str(k)) for k in range(count)] if count > 1 else [name]
        yield from self._named(group.name, unit, self._joined(group.name, images), names)

    def _steps(self, file: Found) -> Rgba:
        """``(T, H, W, 4)``: the frames of a file, or the cells of a strip in reading order."""
        rgba = self._noted(read_image(file.path)).rgba
        if self._grid is None:
            return rgba
        sheet = _lone(rgba, file)
        try:
            self._tally.saw_rest(file.name, self._grid.rest(*sheet.shape[:2]))
            return np.concatenate([cells for _, cells in cut(sheet, self._grid, 1)])
        except InputError as error:
            raise InputError(f"{file.path}: {error}") from None

    def _named(self, name: str, unit: int, rgba: Rgba, names: Sequence[str]) -> Iterator[Sprite]:
        """The frames asked for of a clip of named ones; nothing where these are all transparent."""
        if twice := [frame for frame, times in Counter(names).items() if times > 1]:
            raise InputError(f"{name}: frame {twice[0]} is there twice")
        taken = taken_frames(names, self._take)
        if rgba[taken][..., 3].any():
            yield Sprite(name, unit, rgba[taken], frames=tuple(names[k] for k in taken))
        else:
            self._tally.empty_cells += len(taken)

    def _image(self, group: FileGroup) -> DecodedImage:
        limit, count = self._frames, len(group.files)
        if count > 1 and limit is not None and count > limit and self._fit != "resample":
            raise InputError(
                f"{group.files[0].path}: one of {count} numbered frames, more than "
                f"--frames {limit}; --frames 1 takes them as stills, --fit resample leaves some out"
            )
        first = read_image(group.files[0].path)
        if count == 1:
            return first
        _check_clip(group.files[0].path, [first.rgba] * count)
        return DecodedImage(np.concatenate([first.rgba, *self._later(group, first)]), first.table)

    def _later(self, group: FileGroup, first: DecodedImage) -> Iterator[Rgba]:
        for file in group.files[1:]:
            image = read_image(file.path)
            self._tally.saw_table(image.table)
            if image.rgba.shape != first.rgba.shape:
                raise InputError(f"{file.path}: not of the size of the clip's first frame")
            yield image.rgba

    def _from_named_sheet(
        self, group: FileGroup, unit: int, image: DecodedImage, layout: SheetLayout
    ) -> Iterator[Sprite]:
        sheet = _lone(image.rgba, group.files[0])
        try:
            grid = layout.grid(self._grid, group.name, *sheet.shape[:2])
            self._tally.saw_rest(group.name, grid.rest(*sheet.shape[:2]))
            for place, names, cells in cut_clips(sheet, grid, layout):
                name = f"{group.name}#{place}" if place else group.name
                yield from self._named(name, unit, cells, names)
        except InputError as error:
            raise InputError(f"{group.files[0].path}: {error}") from None

    def _from_sheet(
        self, group: FileGroup, unit: int, image: DecodedImage, grid: Grid
    ) -> Iterator[Sprite]:
        sheet = _lone(image.rgba, group.files[0])
        # Clips that are fitted are rows unless their length is said; the last may be shorter.
        frames = self._frames if self._frames or self._fit else 1
        try:
            self._tally.saw_rest(group.name, grid.rest(*sheet.shape[:2]))
            for cell, cells in cut(sheet, grid, frames, short=self._fit is not None):
                if cells[..., 3].any():
                    yield Sprite(f"{group.name}#{cell}", unit, cells)
                else:
                    self._tally.empty_cells += len(cells)
        except InputError as error:
            raise InputError(f"{group.files[0].path}: {error}") from None

    def _from_atlas(self, group: FileGroup, unit: int) -> Iterator[Sprite]:
        """The clips on a sheet that JSON describes: by tags, else by views or numbers in names."""
        atlas = read_atlas(group.files[0].path)
        if atlas.absent:
            self._tally.renamed[group.name] = atlas.absent
        sheets = atlas.cut(lambda image: self._noted(read_image(image)).rgba[0])
        images = [frame[None] for frame in sheets]
        durations = tuple(frame.duration for frame in atlas.frames)
        if self._whole and any(tag.moves for tag in atlas.tags):
            whole = self._joined(group.name, images)
            yield Sprite(group.name, unit, whole, durations, tags=atlas.tags)
            return
        frames = _Frames(images, durations, atlas.animations)
        if atlas.animations:
            runs = self._tagged(group.name, frames)
            yield from self._runs(group.name, unit, frames, runs, tagged=not atlas.own)
            return
        runs = [(stem, (k,)) for k, stem in enumerate(frame_stems(atlas))]
        if self._views_among(runs) is None:
            runs = numbered_runs([stem for stem, _ in runs], self._frames)
            if len(runs) == 1:
                yield self._clip(group.name, unit, frames, runs[0][1])
                return
        yield from self._runs(group.name, unit, frames, runs)

    def _parts(self, group: FileGroup, unit: int, image: DecodedImage) -> Iterator[Sprite]:
        """A file's animation whole, or by its tags."""
        if image.tags and not self._whole:
            tags = [(tag.name, tag.order) for tag in image.tags]
            frames = _Frames([frame[None] for frame in image.rgba], image.durations, tags)
            runs = self._tagged(group.name, frames)
            yield from self._runs(group.name, unit, frames, runs, tagged=True)
        else:
            yield Sprite(group.name, unit, image.rgba, image.durations, tags=image.tags)

    def _tagged(self, name: str, frames: _Frames) -> Sequence[Run]:
        """The runs of a file's tags, and of the frames between these where all are kept."""
        outside = _untagged(frames)
        if outside and self._frames != 1 and not self._whole:
            self._tally.untagged[name] = sum(map(len, outside))
            return frames.tags
        # Counted from one, as Aseprite does.
        rest = [(f"frames {run[0] + 1}-{run[-1] + 1}", run) for run in outside]
        return sorted([*frames.tags, *rest], key=lambda run: min(run[1]))

    def _views_among(self, runs: Sequence[Run]) -> dict[str, list[Part]] | None:
        return None if self._views is None else find_views([name for name, _ in runs], self._views)

    def _runs(
        self, name: str, unit: int, frames: _Frames, runs: Sequence[Run], *, tagged: bool = False
    ) -> Iterator[Sprite]:
        """A clip of each run of a file's frames, or of all runs that are its views."""
        clips = self._views_among(runs)
        for clip, parts in (clips or {}).items():
            named = [
                (frame_name(part.view, str(int(part.step or 0) + k)), frames.images[frame])
                for part in parts
                for k, frame in enumerate(runs[part.number][1])
            ]
            own = f"{name}#{clip}" if clip else name
            whole = self._joined(own, [frame for _, frame in named])
            for sprite in self._named(own, unit, whole, [frame for frame, _ in named]):
                yield replace(sprite, tag=clip if tagged else "")
        tags = {tag for tag, _ in frames.tags} if tagged else set()
        # Tags, and frames of a list, may have equal names.
        own_names = unlike(run for run, _ in runs)
        for own, (run, numbers) in () if clips else zip(own_names, runs, strict=True):
            sprite = self._clip(f"{name}#{own}", unit, frames, numbers)
            yield replace(sprite, tag=run if run in tags else "")

    def _clip(self, name: str, unit: int, frames: _Frames, numbers: Sequence[int]) -> Sprite:
        whole = self._joined(name, [frames.images[number] for number in numbers])
        times = tuple(frames.durations[k] for k in numbers) if frames.durations else ()
        return Sprite(name, unit, whole, times)

    def _joined(self, name: str, images: Sequence[Rgba]) -> Rgba:
        """``(T, h, w, 4)``: images one after another, each as large as the largest."""
        _check_clip(name, images)
        return padded(images, self._anchor)


def stills(sprite: Sprite, frames: int | None) -> Iterator[Sprite]:
    """With ``--frames 1`` every frame of a clip is a still of its own."""
    if frames != 1 or len(sprite.rgba) == 1:
        yield sprite
        return
    for number, frame in enumerate(sprite.rgba):
        yield replace(sprite, name=f"{sprite.name}#{number}", rgba=frame[None], durations=())


def _check_clip(name: Path | str, images: Sequence[Rgba]) -> None:
    """Refuse a clip that would not fit memory, before it is made of ``(t, h, w, 4)`` images."""
    height, width = (max(image.shape[axis] for image in images) for axis in (1, 2))
    if height * width * sum(map(len, images)) > MAX_FILE_PIXELS:
        raise InputError(f"{name}: a clip of more than {MAX_FILE_PIXELS} pixels")


def is_atlas(file: Found) -> bool:
    """True of JSON that describes a sheet."""
    return file.path.suffix.lower() == SUFFIX


def _lone(rgba: Rgba, file: Found) -> Rgba:
    if len(rgba) > 1:
        raise InputError(f"{file.path}: an animation is no sheet of cells")
    sheet: Rgba = rgba[0]
    return sheet


def _untagged(frames: _Frames) -> list[tuple[int, ...]]:
    """Runs of frames outside all tags of a file that has any."""
    tagged = {number for _, order in frames.tags for number in order}
    outside = [number for number in range(len(frames.images)) if number not in tagged]
    runs = groupby(enumerate(outside), lambda pair: pair[1] - pair[0])
    return [tuple(number for _, number in run) for _, run in runs]
