"""Sprites between the two passes: written once in their own few colours, read back in order.

A palette can only be chosen once every colour is known, and decoding twice would cost twice as
long. A spooled sprite takes about one byte a pixel on disk and none in memory.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from pxgen.errors import PxgenError
from pxgen.ingest.indexed import IndexedSprite

_HEAD = struct.Struct("<4I")


class Spool:
    """A nameless temporary file of indexed sprites; it is gone when closed, or when killed."""

    def __init__(self, folder: Path) -> None:
        """Keep the file in ``folder``, which has room: the dataset will be written there."""
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by close()
        self._folder, self._count = folder, 0

    def close(self) -> None:
        """Delete the file."""
        # What a full disk did not take is written no more.
        with suppress(OSError):
            self._file.close()

    def __len__(self) -> int:
        return self._count

    def append(self, sprite: IndexedSprite) -> None:
        """Add one sprite at the end.

        Raises:
            PxgenError: there is no room.
        """
        head = _HEAD.pack(*sprite.size, len(sprite.colors))
        with self._told():
            self._file.write(head + sprite.colors.tobytes() + sprite.indices.tobytes())
        self._count += 1

    def __iter__(self) -> Iterator[IndexedSprite]:
        """Every sprite in the order of writing."""
        with self._told():
            self._file.seek(0)
        for _ in range(self._count):
            frames, height, width, k = _HEAD.unpack(self._file.read(_HEAD.size))
            colors = np.frombuffer(self._file.read(4 * k), np.uint32)
            narrow = np.dtype(np.uint8 if k <= 256 else np.uint32)
            size = frames * height * width * narrow.itemsize
            indices = np.frombuffer(self._file.read(size), narrow)
            yield IndexedSprite(indices.reshape(frames, height, width), colors)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say which folder an error of the nameless file is about."""
        try:
            yield
        except OSError as error:
            raise PxgenError(f"cannot write {self._folder}: {error.strerror or error}") from error
