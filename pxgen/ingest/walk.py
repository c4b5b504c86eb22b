"""The files that a request names: sorted, each once, however folders are linked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from pxgen.data.dataset import FILE_NAME
from pxgen.errors import InputError
from pxgen.ingest import archives
from pxgen.ingest.arrays import ARRAY_SUFFIXES, is_companion
from pxgen.ingest.atlas import SUFFIX, images_described
from pxgen.ingest.images import is_image
from pxgen.ingest.tables import METADATA
from pxgen.names import apart, counted, natural_key, normal

TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".json", ".jsonl"})
CAPTION_SUFFIXES = frozenset({".txt", ".caption"})


@dataclass(frozen=True)
class Found:
    """One source file."""

    path: Path
    name: str
    """Relative to the sources' common folder, with ``/`` on every system."""


@dataclass(frozen=True)
class Listing:
    """The files in the sources."""

    files: tuple[Found, ...]
    tables: tuple[Path, ...]
    """CSV and JSON files in the folder that holds all images of a source or in one above it, and
    metadata: possible label files."""
    ignored: int
    """Files of other kinds."""
    captions: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    """Texts beside images, by the image's name."""


def find_files(sources: Sequence[Path], *, described: bool = False) -> Listing:
    """List the images and arrays of files and folders, in sorted order.

    With ``described`` a sheet with JSON beside it stands there as its JSON.

    A source named by itself is taken whatever its suffix; folders and zip archives are searched to
    any depth. A link that leads nowhere is a file, which cannot be read.
    Hidden files, label arrays and palettes that belong to another array are left out.

    Raises:
        InputError: a source does not exist, or there is nothing to take.
    """
    for source in sources:
        if not os.path.exists(source):  # False where the name cannot be
            raise InputError(f"no such file or folder: {source}")
    root = _common_root(sources)
    search = _Search(described)
    for source in in_order(sources):
        search.add(source, alone=len(sources) == 1)
    if not search.paths:
        shown = ", ".join(str(source) for source in sources)
        if search.zips:
            raise InputError(f"no images or arrays in {shown}: name {search.zips[0]} itself")
        raise InputError(f"no images or arrays in {shown}: name a folder, an image or a .npy file")
    taken = [path for path in search.paths if path not in search.sheets]
    files = tuple(map(Found, taken, apart(_relative(path, root) for path in taken)))
    stems = ((file.name, file.path.with_suffix("")) for file in files)
    captions = {name: [*search.texts[stem]] for name, stem in stems if stem in search.texts}
    beside = {path for texts in captions.values() for path in texts}
    ignored = search.ignored + sum(map(len, search.texts.values())) - len(beside)
    return Listing(files, tuple(search.tables), ignored, captions)


@dataclass
class _Search:
    """What the sources hold, by kinds."""

    described: bool
    """True if a sheet with JSON beside it stands there as its JSON."""
    paths: dict[Path, None] = field(default_factory=dict)
    tables: dict[Path, None] = field(default_factory=dict)
    sheets: set[Path] = field(default_factory=set)
    """Images that JSON describes."""
    zips: list[Path] = field(default_factory=list)
    """Archives in folders, which are not searched."""
    texts: dict[Path, dict[Path, None]] = field(default_factory=dict)
    """By the path without suffix."""
    ignored: int = 0

    def add(self, source: Path, *, alone: bool) -> None:
        near: list[Path] = []
        before = len(self.paths)
        for path in _sorted(source):
            atlas = _described(path, alone=path == source) if self.described else None
            suffix = path.suffix.lower()
            if atlas is not None:
                file, images = atlas
                self.paths[file] = None
                self.sheets.update(images)
            elif path == source and not _is_label_file(path, alone=alone):
                self.paths[path] = None
            elif suffix in TABLE_SUFFIXES:
                near.append(path)
            elif _is_source(path):
                self.paths[path] = None
            elif suffix in CAPTION_SUFFIXES:
                self.texts.setdefault(path.with_suffix(""), {})[path] = None
            else:
                self.ignored += not is_companion(path)
                self.zips += [path] if suffix == archives.SUFFIX else []
        labels = [*_label_files(near, source, [*self.paths][before:])]
        self.tables |= dict.fromkeys(labels)
        self.ignored += len(near) - len(labels)


def in_order(sources: Sequence[Path]) -> Iterator[Path]:
    """Sources as they were named; files that a shell sorted as text by their numbers' values."""
    for is_folder, run in groupby(sources, Path.is_dir):
        named = [*run]
        yield from named if is_folder else counted(named)


def _sorted(source: Path) -> list[Path]:
    """The files of a folder or archive, or the file that a source is."""
    if not _is_folder(source):
        return [source]
    files = archives.files_in(source) if source.is_file() else _walk(source)
    return sorted(files, key=lambda path: natural_key(path.as_posix()))


def _is_folder(source: Path) -> bool:
    return source.is_dir() or archives.is_archive(source)


def _label_files(tables: Sequence[Path], source: Path, images: Sequence[Path]) -> Iterator[Path]:
    """Those of a source's tables that may be of its images: metadata, and what no folder parts."""
    held = Path(os.path.commonpath([path.parent for path in images])) if images else source
    for path in tables:
        if (
            path.name in METADATA
            or source in {path, path.parent}
            or held.is_relative_to(path.parent)
        ):
            yield path


def _is_label_file(path: Path, *, alone: bool) -> bool:
    """True of a table that is named; JSON ``alone`` rather describes a sheet."""
    suffix = path.suffix.lower()
    return suffix in TABLE_SUFFIXES and not (alone and suffix == SUFFIX)


def _is_source(path: Path) -> bool:
    is_array = path.suffix.lower() in ARRAY_SUFFIXES and not is_companion(path)
    return is_array or is_image(path)


def _described(path: Path, *, alone: bool) -> tuple[Path, list[Path]] | None:
    """JSON and the images that it describes; of an image named ``alone`` that beside it, too."""
    file = path.with_suffix(SUFFIX) if alone else path
    if file.suffix.lower() != SUFFIX or not archives.is_file(file):
        return None
    # A damaged one is refused when it is read. Any other JSON may lie there.
    images = images_described(file)
    return (file, images) if images and path in {file, *images} else None


def _common_root(sources: Sequence[Path]) -> Path | None:
    """The folder that holds all sources; none holds those of several drives."""
    folders = [source if _is_folder(source) else source.parent for source in sources]
    try:
        return Path(os.path.commonpath([os.path.abspath(folder) for folder in folders]))
    except ValueError:
        return None


def _relative(path: Path, root: Path | None) -> str:
    absolute = Path(os.path.abspath(path))
    name = absolute.relative_to(absolute.anchor if root is None else root).as_posix()
    # Undecodable bytes of a file name must not stop the dataset from being written as UTF-8.
    return normal(name.encode("utf-8", "replace").decode("utf-8"))


def _walk(folder: Path) -> Iterator[Path]:
    """Every visible file below ``folder``; a folder reached twice through links is walked once.

    Folders that hold a prepared dataset are passed over: their pictures are no sprites.
    """
    seen: set[tuple[int, int]] = set()
    stack = [folder]
    while stack:
        current = stack.pop()
        try:
            about = current.stat()
            entries = list(os.scandir(current))
        except OSError as error:
            raise InputError(f"cannot read folder {current}: {error.strerror}") from error
        if (about.st_dev, about.st_ino) in seen or any(e.name == FILE_NAME for e in entries):
            continue
        seen.add((about.st_dev, about.st_ino))
        for entry in sorted(entries, key=lambda entry: entry.name, reverse=True):
            if entry.name.startswith("."):
                continue
            try:
                is_folder, is_file = entry.is_dir(), entry.is_file()
                is_file = is_file or (entry.is_symlink() and not os.path.exists(entry))
            except OSError:  # a link that leads to itself
                is_folder, is_file = False, True
            if is_folder:
                stack.append(Path(entry.path))
            elif is_file:
                yield Path(entry.path)
