"""The safetensors container, read as a memory map and written as a stream.

safetensors is a length, a JSON header and raw bytes: nothing in it can run code. The package of
that name reads and writes whole tensors; a dataset needs a map of a file larger than memory and a
writer that does not know its length in advance, which is what this module adds. Files written here
open with any safetensors reader.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import index
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pxgen.errors import InputError

DTYPES: dict[str, np.dtype[Any]] = {
    "U8": np.dtype(np.uint8),
    "I32": np.dtype("<i4"),
    "I64": np.dtype("<i8"),
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}

MAX_LENGTH = 2**40
"""Elements along one side of a tensor accepted: an empty one may otherwise claim any shape."""
MAX_DIMENSIONS = 8
"""Sides of a tensor accepted."""
MAX_HEADER = 16 * 2**20
"""Bytes of header accepted: a hostile length must not become an allocation."""


@dataclass(frozen=True)
class TensorInfo:
    """Element type, shape and byte range, counted after the header, of one tensor."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class Header:
    """The header of a safetensors file."""

    path: Path
    metadata: dict[str, str]
    entries: dict[str, TensorInfo]
    offset: int
    """Bytes before the first tensor."""

    def read(self, name: str, dtype: str, dimensions: int) -> NDArray[Any]:
        """Map one tensor read-only.

        Raises:
            InputError: the file has no such tensor, or it is of another type or dimension.
        """
        entry = self.entries.get(name)
        if entry is None:
            raise InputError(f"{self.path} holds no tensor '{name}': make the file again")
        if entry.dtype != dtype or len(entry.shape) != dimensions:
            raise InputError(
                f"{self.path}: tensor '{name}' is {entry.dtype}{list(entry.shape)}, "
                f"expected {dtype} of {dimensions} dimensions: make the file again"
            )
        if math.prod(entry.shape) == 0:  # an empty map is an error to the operating system
            return np.zeros(entry.shape, DTYPES[dtype])
        return np.memmap(
            self.path, DTYPES[dtype], "r", offset=self.offset + entry.start, shape=entry.shape
        )

    def excerpt(self, names: Iterable[str]) -> bytes:
        """The bytes of a safetensors file of these tensors alone; no others are read."""
        entries: dict[str, Any] = {}
        parts: list[bytes] = []
        position = 0
        with self.path.open("rb") as file:
            for name in names:
                entry = self.entries[name]
                file.seek(self.offset + entry.start)
                parts.append(file.read(entry.stop - entry.start))
                span = [position, position + len(parts[-1])]
                entries[name] = {"dtype": entry.dtype, "shape": entry.shape, "data_offsets": span}
                position = span[1]
        header = json.dumps(entries).encode()
        return b"".join([len(header).to_bytes(8, "little"), header, *parts])


def read_header(path: Path) -> Header:
    """Read and check a file's header: types, shapes and byte ranges agree with the file's size.

    Raises:
        InputError: the file is missing, truncated, or not a safetensors file.
    """
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > min(MAX_HEADER, size - 8):
                raise ValueError("its header does not fit the file")
            raw = json.loads(file.read(length))
        metadata, entries = _parse(raw, size - 8 - length)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is no whole dataset or checkpoint (a safetensors file): {error}; copy it "
            "again, or make it anew"
        ) from error
    return Header(path, metadata, entries, 8 + length)


def _parse(raw: object, available: int) -> tuple[dict[str, str], dict[str, TensorInfo]]:
    if not isinstance(raw, dict):
        raise ValueError("its header is no table")
    metadata = raw.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ValueError("its metadata is no table of strings")
    entries: dict[str, TensorInfo] = {}
    for name, value in raw.items():
        try:
            dtype, shape = str(value["dtype"]), tuple(map(index, value["shape"]))
            start, stop = map(index, value["data_offsets"])
        except (TypeError, KeyError, ValueError):
            raise ValueError(f"the entry of tensor '{name}' is malformed") from None
        if len(shape) > MAX_DIMENSIONS or max(shape, default=0) > MAX_LENGTH:
            # First: the product of many is a number of as many digits.
            raise ValueError(f"tensor '{name}' has an impossible shape")
        if dtype in DTYPES and math.prod(shape) * DTYPES[dtype].itemsize != stop - start:
            raise ValueError(f"the shape of tensor '{name}' does not match its bytes")
        if min(shape, default=0) < 0 or not 0 <= start <= stop <= available:
            raise ValueError(f"tensor '{name}' lies outside the file")
        entries[name] = TensorInfo(dtype, shape, start, stop)
    _check_order(entries, available)
    return metadata, entries


def _check_order(entries: Mapping[str, TensorInfo], available: int) -> None:
    """Refuse gaps and overlaps, by which a small file would hold any number of large tensors."""
    position = 0
    for name, entry in sorted(entries.items(), key=lambda each: (each[1].start, each[1].stop)):
        if entry.start != position:
            raise ValueError(f"tensor '{name}' does not begin where the one before it ends")
        position = entry.stop
    if position != available:
        raise ValueError("there is more in it than its tensors")


class StreamWriter:
    """Write tensors one after another; the first may grow while it is written.

    The header's room is reserved at the start and filled at the end, padded with spaces as the
    format allows.
    """

    def __init__(self, file: BinaryIO, reserve: int) -> None:
        self._file = file
        self._reserve = reserve + (-reserve) % 64
        self._entries: dict[str, dict[str, Any]] = {}
        self._position = 0
        file.seek(8 + self._reserve)

    def write(self, array: NDArray[Any]) -> None:
        """Append raw elements to the tensor that the next :meth:`close_tensor` names."""
        self._file.write(np.ascontiguousarray(array).data)

    def close_tensor(self, name: str, dtype: str, shape: tuple[int, ...]) -> None:
        """Name what was written since the last call."""
        start, self._position = self._position, self._file.tell() - 8 - self._reserve
        self._entries[name] = {
            "dtype": dtype,
            "shape": list(shape),
            "data_offsets": [start, self._position],
        }

    def add(self, name: str, array: NDArray[Any]) -> None:
        """Write one whole tensor."""
        self.write(array)
        self.close_tensor(name, NAMES[array.dtype], array.shape)

    def finish(self, metadata: dict[str, str]) -> None:
        """Write the header into the room kept for it."""
        header = json.dumps(
            {"__metadata__": metadata, **self._entries}, separators=(",", ":"), sort_keys=True
        ).encode()
        if len(header) > self._reserve:
            raise ValueError(f"a header of {len(header)} bytes outgrew its {self._reserve}")
        self._file.seek(0)
        self._file.write(self._reserve.to_bytes(8, "little") + header.ljust(self._reserve))
