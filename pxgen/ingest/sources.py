"""Everything that the sources hold, decoded one sprite at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import Rgba
from pxgen.config.settings import DataSettings
from pxgen.errors import InputError
from pxgen.ingest.arrays import ARRAY_SUFFIXES, ArrayFile, companion, open_array
from pxgen.ingest.cleaning import Jpegs, undo_overflow
from pxgen.ingest.clips import FileGroup, broken, gather, singles
from pxgen.ingest.decoded import MAX_FILE_PIXELS, DecodedImage
from pxgen.ingest.grid import Grid, cut
from pxgen.ingest.images import read_image
from pxgen.ingest.match import Unit
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


@dataclass
class Tally:
    """Counts made while reading."""

    empty_cells: int = 0
    tables: set[bytes] = field(default_factory=set)
    """Up to two distinct colour tables of indexed images."""
    without_table: bool = False
    """True if some image has no colour table of its own."""
    jpegs: Jpegs = field(default_factory=Jpegs)

    def saw_table(self, table: bytes | None) -> None:
        """Record an image's colour table."""
        if table is None:
            self.without_table = True
        elif len(self.tables) < 2:
            self.tables.add(table)

    @property
    def shared_table(self) -> Rgba | None:
        """``(K, 4) uint8``: the one colour table that every image has, or None."""
        if self.without_table or len(self.tables) != 1:
            return None
        return np.frombuffer(next(iter(self.tables)), np.uint8).reshape(-1, 4)


class Sources:
    """The files of a listing as entries, label units and sprites."""

    def __init__(
        self,
        listing: Listing,
        settings: DataSettings,
        refuse: Refuse,
        palette: Palette | None = None,
    ) -> None:
        """Gather clips and open arrays; an array that cannot be read goes to ``refuse``.

        Index maps that have no palette of their own are of ``palette``.
        """
        self._grid, self._frames = Grid.of(settings), settings.frames
        self._overflowed = settings.overflow == "undo"
        self.tally = Tally()
        self._refuse = refuse
        images = [file for file in listing.files if not _is_array(file)]
        # A sheet holds its frames in cells, never in numbered files.
        self._groups = singles(images) if self._grid else gather(images, self._frames)
        self._arrays: dict[str, ArrayFile] = {}
        self.label_arrays: dict[str, tuple[NDArray[Any], tuple[str, ...]]] = {}
        """Label arrays and class names by the name of the array that they belong to."""
        for file in listing.files:
            if _is_array(file):
                self._open(file, palette)

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
        clips = sum(len(group.files) > 1 for group in self._groups)
        lines = [f"{clips} clips of numbered files"] if clips else []
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
        image = self._image(group)
        self.tally.saw_table(image.table)
        if image.jpeg:
            self.tally.jpegs.look(image.rgba)
            if self._overflowed:
                image = replace(image, rgba=undo_overflow(image.rgba))
        if self._grid is not None:
            yield from self._from_sheet(group, unit, image, self._grid)
        else:
            for sprite in _parts(group.name, unit, image):
                yield from self._stills(sprite)

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

    def _stills(self, sprite: Sprite) -> Iterator[Sprite]:
        """With ``--frames 1`` every frame of a clip is a still of its own."""
        if self._frames != 1 or len(sprite.rgba) == 1:
            yield sprite
            return
        for number, frame in enumerate(sprite.rgba):
            yield Sprite(f"{sprite.name}#{number}", sprite.unit, frame[None])


def _parts(name: str, unit: int, image: DecodedImage) -> Iterator[Sprite]:
    """A file's animation whole, or each of the parts that it names."""
    if not image.tags:
        yield Sprite(name, unit, image.rgba, image.durations)
    for tag, order in image.tags:
        frames = list(order)
        durations = tuple(image.durations[number] for number in frames)
        yield Sprite(f"{name}#{tag}", unit, image.rgba[frames], durations)


def _is_array(file: Found) -> bool:
    return file.path.suffix.lower() in ARRAY_SUFFIXES


def _unit(group: FileGroup) -> Unit:
    return Unit(group.name, None, group.files[0].name if len(group.files) > 1 else "")
