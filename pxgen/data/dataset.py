"""The prepared dataset: one file of index maps, labels, palette and split.

A dataset is a folder with ``dataset.safetensors`` and the pictures that show it. The file is
memory-mapped: a million sprites open at once and are never held in memory whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import Bools, Bytes, IndexMaps, Marks, Rgba
from pxgen.canvas import Canvas, Domain
from pxgen.data.tensorfile import StreamWriter, read_header
from pxgen.errors import InputError
from pxgen.files import replacing
from pxgen.palette import Palette

FORMAT = 1
FILE_NAME = "dataset.safetensors"
TRAIN, HELD_OUT, NEITHER = 0, 1, 2
OCCLUDED, ABSENT, TRACED = 1, 2, 3
"""States of a label that a sprite bears and its pixels do not show: hidden by others, unexplained,
or hidden with a trace in other pixels, from which a model can still learn it."""


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A prepared dataset; arrays are read-only maps of its file."""

    path: Path
    pixels: IndexMaps
    """``(N, T, H, W) uint8`` palette indices."""
    marks: Marks
    """``(N, L) uint8``, 1 where a sprite bears a label; L is 0 for unlabelled data."""
    unseen: Bytes | None
    """``(N, L) uint8`` of audited datasets: OCCLUDED, ABSENT or TRACED where the sprite bears a
    label that its pixels do not show; ``marks`` is 0 there, save where it is traced."""
    split: Bytes
    """``(N,) uint8``, 0 for training, 1 for held out."""
    group: NDArray[np.int32]
    """``(N,) int32``; copies, mirrors and recolours form a group, on one side of the split."""
    palette: Palette
    label_names: tuple[str, ...]
    palettes: Rgba | None
    """``(N, K, 4) uint8`` where every sprite has a palette of its own: the colours of entries 1…,
    alpha 0 where it has no more. ``palette`` then holds their means."""
    frame_names: tuple[str, ...]
    """The name of each frame, such as ``front`` or ``down/0``; empty where they have none."""
    present: Bools | None
    """``(N, T) bool``: the frames that each sprite has; the others are transparent and nobody knows
    what they show. None where every sprite has all."""
    info: Mapping[str, Any]
    """Provenance: sources, and what preparing them did."""
    fingerprint: str
    """SHA-256 over palette, label and frame names and every tensor."""

    def __repr__(self) -> str:
        return "<dataset {}, {} sprites of {} x {} x {}>".format(self.location, *self.pixels.shape)

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def location(self) -> Path:
        """The folder that it is known by, or its file if that has another name."""
        return self.path.parent if self.path.name == FILE_NAME else self.path

    @property
    def canvas(self) -> Canvas:
        """Frames, height and width of every sprite."""
        return Canvas(*self.pixels.shape[1:])

    @property
    def domain(self) -> Domain:
        """Canvas, palette and size of the vocabulary."""
        return Domain(self.canvas, self.palette.rows, len(self.label_names))

    @cached_property
    def train(self) -> NDArray[np.intp]:
        """Rows of the sprites to train on."""
        return np.flatnonzero(self.split == TRAIN)

    @cached_property
    def held_out(self) -> NDArray[np.intp]:
        """Rows of the sprites that training never sees."""
        return np.flatnonzero(self.split == HELD_OUT)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The source of each sprite: a file name, with a frame or cell number where needed."""
        blob = read_header(self.path).read("names", "U8", 1)
        return tuple(blob.tobytes().decode("utf-8", "replace").split("\n"))[: len(self)]

    def complete(self) -> Dataset:
        """The same with neither side of the split holding sprites that lack a frame."""
        if self.present is None:
            return self
        return replace(self, split=np.where(self.present.all(1), self.split, NEITHER))

    def take(self, rows: NDArray[np.intp]) -> tuple[IndexMaps, Marks]:
        """Copies of the chosen sprites ``(n, T, H, W)`` and their marks ``(n, L)``.

        Raises:
            InputError: a pixel lies outside the palette (the file was tampered with or damaged).
        """
        pixels = np.asarray(self.pixels[rows])
        if pixels.size and int(pixels.max()) >= len(self.palette):
            raise InputError(
                f"{self.path} holds pixels outside its {len(self.palette)}-colour palette: "
                "prepare it again"
            )
        return pixels, np.asarray(self.marks[rows])

    def signs(self, rows: NDArray[np.intp]) -> NDArray[np.int8]:
        """``(n, L) int8``: 1 for a label that is borne, -1 for others, 0 where no pixel tells."""
        signs = np.where(self.marks[rows] > 0, np.int8(1), np.int8(-1))
        if self.unseen is not None:
            signs[np.isin(self.unseen[rows], (OCCLUDED, ABSENT))] = 0
        return signs

    def borne(self, rows: NDArray[np.intp]) -> Bools:
        """``(n, L) bool``: the labels that sprites came with, shown by their pixels or not."""
        return self.signs(rows) >= 0


def dataset_file(path: Path) -> Path:
    """The dataset's file, whether ``path`` names it or its folder."""
    return path / FILE_NAME if path.is_dir() else path


def dataset_fingerprint(path: Path) -> str:
    """The fingerprint of a dataset by its folder or file, of which only the header is read.

    Raises:
        InputError: missing, truncated, of a newer format, or no dataset.
    """
    file = dataset_file(path)
    return str(_about(file, read_header(file).metadata)["fingerprint"])


def open_dataset(path: Path) -> Dataset:
    """Open a dataset by its folder or file.

    Raises:
        InputError: missing, truncated, of a newer format, or inconsistent in itself.
    """
    file = dataset_file(path)
    if not file.exists():
        # A folder is likelier one of sprites than one to write into.
        how = path if path.is_dir() else f"SOURCE -o {path}"
        raise InputError(f"no dataset at {path}: make one with `pxgen prepare {how}`")
    header = read_header(file)
    about = _about(file, header.metadata)
    dataset = Dataset(
        path=file,
        pixels=header.read("pixels", "U8", 4),
        marks=header.read("labels", "U8", 2),
        unseen=header.read("unseen", "U8", 2) if "unseen" in header.entries else None,
        split=header.read("split", "U8", 1),
        group=header.read("group", "I32", 1),
        palette=Palette.from_hex(about["palette"], str(file)),
        label_names=tuple(about["labels"]),
        palettes=header.read("palettes", "U8", 3) if "palettes" in header.entries else None,
        frame_names=tuple(about.get("frames", ())),
        present=header.read("present", "U8", 2) != 0 if "present" in header.entries else None,
        info=about["info"],
        fingerprint=about["fingerprint"],
    )
    _check(dataset)
    return dataset


def subsample(rows: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    """At most ``size`` of the rows, at even distances."""
    if len(rows) <= size:
        return rows
    return rows[np.linspace(0, len(rows) - 1, size).astype(np.intp)]


def _about(file: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    try:
        about = json.loads(metadata["pxgen.dataset"])
        version = int(about["format"])
        if version < 1:
            raise ValueError("no such format")
        strings = [about["fingerprint"], *about["labels"], *about["palette"]]
        strings += about.get("frames", [])
        whole = isinstance(about["info"], dict) and all(isinstance(s, str) for s in strings)
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
        whole, version = False, 0
    if not whole:
        raise InputError(f"{file} is no pxgen dataset: make one with `pxgen prepare`")
    if version > FORMAT:
        raise InputError(f"{file} has format {version}, this pxgen reads {FORMAT}: upgrade pxgen")
    return dict(about)


def _check(dataset: Dataset) -> None:
    count = len(dataset.pixels)
    lengths = {len(dataset.marks), len(dataset.split), len(dataset.group)}
    widths = {dataset.marks.shape}
    if dataset.unseen is not None:
        widths.add(dataset.unseen.shape)
    if lengths != {count} or widths != {(count, len(dataset.label_names))}:
        raise InputError(f"{dataset.path}: its tensors disagree in length: prepare it again")
    own = (count, len(dataset.palette), 4)
    if dataset.palettes is not None and dataset.palettes.shape != own:
        raise InputError(f"{dataset.path}: its palettes do not fit its sprites: prepare it again")
    frames = dataset.canvas.frames
    if dataset.frame_names and len(set(dataset.frame_names)) != frames:
        raise InputError(f"{dataset.path}: its frames and their names disagree: prepare it again")
    there = dataset.present
    if there is not None and (there.shape != (count, frames) or not there.any(1).all()):
        raise InputError(f"{dataset.path}: it has sprites without frames: prepare it again")
    if count == 0 or min(dataset.canvas) == 0:
        raise InputError(f"{dataset.path} holds no sprites: prepare it again")


class DatasetWriter:
    """Stream sprites into a dataset file that appears whole or not at all.

    Use as a context manager: :meth:`append` chunks, then :meth:`finish` with the split. Leaving the
    context without :meth:`finish`, or with an error, leaves what stood at the path untouched.
    """

    def __init__(
        self,
        path: Path,
        *,
        palette: Palette,
        label_names: Sequence[str],
        canvas: tuple[int, int, int],
        info: Mapping[str, Any],
        frame_names: Sequence[str] = (),
    ) -> None:
        self._path = path
        self._about: dict[str, Any] = {
            "format": FORMAT,
            "palette": list(palette.hex),
            "labels": list(label_names),
            "info": dict(info),
        }
        if frame_names:
            self._about["frames"] = list(frame_names)
        self._canvas = Canvas(*canvas)
        self._count = 0
        self._marks: list[Marks] = []
        self._names: list[str] = []
        self._stack = ExitStack()
        self._digest = hashlib.sha256()

    def __enter__(self) -> DatasetWriter:
        file = self._stack.enter_context(self._opened())
        reserve = len(json.dumps(json.dumps(self._about))) + 2048
        self._writer = StreamWriter(file, reserve)
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        with replacing(self._path) as temporary, temporary.open("wb") as file:
            yield file
            if "fingerprint" not in self._about:
                raise RuntimeError("the dataset was left before finish()")

    def append(self, pixels: IndexMaps, marks: Marks, names: Sequence[str]) -> None:
        """Add ``(n, T, H, W) uint8`` index maps, their ``(n, L) uint8`` marks and source names."""
        width = len(self._about["labels"])
        if pixels.shape[1:] != self._canvas or marks.shape != (len(pixels), width):
            raise ValueError(f"pixels {pixels.shape} and marks {marks.shape} do not fit")
        self._writer.write(pixels)
        self._digest.update(np.ascontiguousarray(pixels).data)
        self._marks.append(marks.astype(np.uint8))
        self._names.extend(name.replace("\n", " ") for name in names)
        self._count += len(pixels)

    def finish(
        self,
        split: Bytes,
        group: NDArray[np.int32],
        unseen: Bytes | None = None,
        palettes: Rgba | None = None,
        present: Bools | None = None,
        info: Mapping[str, Any] | None = None,
    ) -> None:
        """Close the file with what :class:`Dataset` holds under these names.

        ``info`` adds a few short facts to those that the writer was made with.
        """
        self._about["info"] |= info or {}
        self._writer.close_tensor("pixels", "U8", (self._count, *self._canvas))
        width = len(self._about["labels"])
        marks = np.concatenate(self._marks or [np.zeros((0, width), np.uint8)])
        names = np.frombuffer("\n".join(self._names).encode(), np.uint8)
        tensors = {"labels": marks, "split": split.astype(np.uint8)}
        tensors |= {"group": group.astype("<i4"), "names": names}
        if unseen is not None:
            tensors["unseen"] = unseen
        if palettes is not None:
            tensors["palettes"] = palettes
        if present is not None:
            tensors["present"] = present.astype(np.uint8)
        for name, tensor in tensors.items():
            self._writer.add(name, tensor)
            self._digest.update(np.ascontiguousarray(tensor).data)
        identity = [self._about["palette"], self._about["labels"], list(self._canvas)]
        if "frames" in self._about:
            identity.append(self._about["frames"])
        self._digest.update(json.dumps(identity).encode())
        self._about["fingerprint"] = self._digest.hexdigest()
        self._writer.finish({"pxgen.dataset": json.dumps(self._about, sort_keys=True)})
