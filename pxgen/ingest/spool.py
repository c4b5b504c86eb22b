"""Sprites between the two passes: written once in their own few colours, read back in order.

A palette can only be chosen once every colour is known, and decoding twice would cost twice as
long. A spooled sprite takes about one byte a pixel on disk and none in memory.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import U8, Colors32
from pxgen.canvas import Canvas
from pxgen.palette.table import pack

_HEAD = struct.Struct("<4I")


@dataclass(frozen=True)
class Compact:
    """One sprite as indices into its own sorted colours."""

    indices: NDArray[np.unsignedinteger[Any]]
    """``(T, H, W)``, uint8 while there are at most 256 colours, else uint32."""
    colors: Colors32
    """``(k,)`` packed RGBA, ascending; every transparent pixel is 0."""

    @property
    def size(self) -> Canvas:
        """Frames, height and width."""
        return Canvas(*self.indices.shape)

    def counts(self) -> NDArray[np.int64]:
        """``(k,)`` pixels of each colour."""
        return np.bincount(self.indices.ravel(), minlength=len(self.colors))

    def reduced(self, factor: int) -> Compact:
        """The sprite with squares of ``factor`` pixels made one."""
        if factor == 1:
            return self
        return Compact(self.indices[:, ::factor, ::factor], self.colors)


PART = 2**20
"""Pixels whose colours are sorted at once."""


def compact(rgba: U8) -> Compact:
    """``(T, H, W, 4) uint8`` to its own colours; what hides under alpha 0 is forgotten."""
    packed = pack(rgba)
    packed[rgba[..., 3] == 0] = 0
    if packed.size <= PART:
        colors, place = np.unique(packed, return_inverse=True)
        return Compact(place.reshape(packed.shape).astype(_narrow(colors)), colors)
    # In parts: sorting a large picture at once would take twenty times its own memory.
    parts = np.split(packed.reshape(-1), range(PART, packed.size, PART))
    colors = np.unique(np.concatenate([np.unique(part) for part in parts]))
    placed = [np.searchsorted(colors, part).astype(_narrow(colors)) for part in parts]
    return Compact(np.concatenate(placed).reshape(packed.shape), colors)


def _narrow(colors: Colors32) -> type[np.uint8 | np.uint32]:
    return np.uint8 if len(colors) <= 256 else np.uint32


class Spool:
    """A nameless temporary file of compact sprites; it is gone when closed, or when killed."""

    def __init__(self, folder: Path) -> None:
        """Keep the file in ``folder``, which has room: the dataset will be written there."""
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self._count

    def append(self, sprite: Compact) -> None:
        """Add one sprite at the end."""
        head = _HEAD.pack(*sprite.size, len(sprite.colors))
        self._file.write(head + sprite.colors.tobytes() + sprite.indices.tobytes())
        self._count += 1

    def __iter__(self) -> Iterator[Compact]:
        """Every sprite in the order of writing."""
        self._file.seek(0)
        for _ in range(self._count):
            frames, height, width, k = _HEAD.unpack(self._file.read(_HEAD.size))
            colors = np.frombuffer(self._file.read(4 * k), np.uint32)
            narrow = np.dtype(np.uint8 if k <= 256 else np.uint32)
            size = frames * height * width * narrow.itemsize
            indices = np.frombuffer(self._file.read(size), narrow)
            yield Compact(indices.reshape(frames, height, width), colors)
