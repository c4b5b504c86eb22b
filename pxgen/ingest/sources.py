"""Everything that the sources hold, decoded one sprite at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from numpy.typing import NDArray

from pxgen.config.settings import DataSettings
from pxgen.errors import InputError, UsageError
from pxgen.frames import common_names, views_of
from pxgen.ingest.arrays import ARRAY_SUFFIXES, ArrayFile, companion, open_array
from pxgen.ingest.clips import FileGroup, broken, gather, gather_views, singles
from pxgen.ingest.file_sprites import FileSprites, Sprite, is_atlas, stills
from pxgen.ingest.grid import Grid, in_cells
from pxgen.ingest.images import read_image
from pxgen.ingest.match import Unit
from pxgen.ingest.sheet_layout import sheet_layout
from pxgen.ingest.tally import Tally
from pxgen.ingest.views import asked_views, without_views
from pxgen.ingest.walk import Found, Listing
from pxgen.names import some
from pxgen.palette import Palette

Refuse = Callable[[InputError], None]
"""Takes the error of a file that cannot be used; it may raise to stop at once."""


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
        self.tally = Tally()
        self._refuse, self._by = refuse, settings.by
        self._frames, self._views = settings.frames, asked_views(settings)
        sheets = in_cells(settings)
        layout = sheet_layout(settings, self._views or ()) if sheets else None
        if settings.by != "rows" and layout is None:
            raise UsageError(
                f"--by {settings.by} is of the views of sheets: add --cell and --views"
            )
        whole = whole and settings.frames != 1
        self._files = FileSprites(settings, self.tally, self._views, layout, whole=whole)
        images = [file for file in listing.files if not _is_array(file)]
        self._untold: list[str] = []
        if sheets:
            # A sheet holds its frames in cells, never in numbered files.
            named = self._views if settings.layout is None else None
            grid = Grid.of(settings)
            self._groups = self._strips(images, named, grid) if named and grid else singles(images)
        else:
            self._groups = self._gather(images)
        self._arrays: dict[str, ArrayFile] = {}
        self.label_arrays: dict[str, tuple[NDArray[Any], tuple[str, ...]]] = {}
        """Label arrays and class names by the name of the array that they belong to."""
        for file in listing.files:
            if _is_array(file):
                self._open(file, palette)

    def _strips(self, images: Sequence[Found], views: Sequence[str], grid: Grid) -> list[FileGroup]:
        """Files that each are a view, with its steps in cells, and whole sheets beside them."""
        strips = gather_views(images, views) or []
        if sum(len(group.files) for group in strips) < len(images):
            # Beside others a name may have a view's word by chance: the cells of a sheet tell.
            whole = partial(_holds_views, views=len(views), by=self._by, grid=grid)
            strips = [group for group in strips if not any(map(whole, group.files))]
        taken = {file.name for group in strips for file in group.files}
        return [*strips, *singles(file for file in images if file.name not in taken)]

    def _gather(self, images: Sequence[Found]) -> list[FileGroup]:
        """Clips of files whose names tell views, else of numbered files; sheets by themselves."""
        sheets = singles(file for file in images if is_atlas(file))
        images = [file for file in images if not is_atlas(file)]
        views = None if self._views is None else gather_views(images, self._views)
        if views is None:
            if self._views == ():
                stems = [str(PurePosixPath(file.name).with_suffix("")) for file in images]
                self._untold = [images[number].name for number in without_views(stems)]
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
    def by_names(self) -> bool:
        """Whether file names tell views."""
        return any(group.shows_views for group in self._groups)

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
        if self._untold:
            lines.append(
                f"names tell views, all but {some(self._untold)}: so files are taken one by one; "
                "move that away, or name the --views and add --skip-bad"
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
                yield from self._files.of(group, unit)
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

    def _from_array(self, name: str, array: ArrayFile, unit: int) -> Iterator[Sprite]:
        index = 0
        for chunk in array.chunks():
            for rgba in chunk:
                yield from stills(Sprite(f"{name}#{index}", unit + index, rgba), self._frames)
                index += 1


def _holds_views(file: Found, *, views: int, by: str, grid: Grid) -> bool:
    """Whether a sheet has a row, or column, of cells for each view."""
    try:
        rows, columns = grid.starts(*read_image(file.path).rgba.shape[1:3])
    except InputError:
        # Whoever reads it as a sheet says why it cannot be.
        return True
    return len(columns if by == "columns" else rows) % views == 0


def _is_array(file: Found) -> bool:
    return file.path.suffix.lower() in ARRAY_SUFFIXES


def _unit(group: FileGroup) -> Unit:
    first = group.files[0].name if len(group.files) > 1 else ""
    if group.shows_views and PurePosixPath(first).parent != PurePosixPath(group.name).parent:
        # A folder that is a view, or a sprite, is no label.
        first = ""
    return Unit(group.name, None, first)
