"""Nearest-neighbour search among sprites, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import I64, Bools, IndexMaps
from pxgen.data.dataset import Dataset
from pxgen.data.duplicates import sprite_hash

CHUNK = 1024
"""Sprites compared at once: their pixels stay in a core's cache."""
MAX_COUNT = 255
"""Differences that a byte can count."""


class SpriteIndex:
    """An index of some of a dataset's sprites, which are read anew for every search."""

    def __init__(self, dataset: Dataset, rows: NDArray[np.intp]) -> None:
        self._dataset, self._rows = dataset, rows

    def __len__(self) -> int:
        return len(self._rows)

    def _chunks(self) -> Iterator[IndexMaps]:
        for start in range(0, len(self._rows), CHUNK):
            yield self._dataset.take(self._rows[start : start + CHUNK])[0]

    def take(self, rows: NDArray[np.intp]) -> IndexMaps:
        """``(n, T, H, W)``: sprites by the dataset's rows."""
        return self._dataset.take(rows)[0]

    def holds(self, pixels: IndexMaps) -> Bools:
        """``(n,) bool``: the ``(n, T, H, W)`` sprites that are here, pixel for pixel."""
        wanted = [sprite.tobytes() for sprite in pixels]
        missing, found = set(wanted), set()
        for chunk in self._chunks():
            found |= missing & {sprite.tobytes() for sprite in chunk}
        return np.array([sprite in found for sprite in wanted], np.bool_)

    def distinct(self) -> int:
        """How many sprites differ from one another."""
        # Digests, since a set of all pixels would not fit in memory.
        return len({blake2b(each.tobytes()).digest() for part in self._chunks() for each in part})

    def hashes(self) -> set[int]:
        """The :func:`sprite_hash` of all: equal for copies, mirrors, recolours and shifts."""
        return {sprite_hash(sprite) for chunk in self._chunks() for sprite in chunk}

    def distances(self, pixels: IndexMaps) -> I64:
        """``(n,) int64`` Hamming distances of sprites to their nearest here, in pixels."""
        return self.nearest(pixels)[0]

    def nearest(
        self, pixels: IndexMaps, known: Bools | None = None
    ) -> tuple[I64, NDArray[np.intp]]:
        """``(n,)`` Hamming distances, and the dataset's rows of the nearest sprites.

        Only the ``known`` pixels, ``(T, H, W) bool``, are compared, if some are told.
        """
        flat = pixels.reshape(len(pixels), math.prod(pixels.shape[1:]))
        compared = slice(None) if known is None else known.reshape(-1)
        flat = flat[:, compared]
        distances = np.full(len(flat), flat.shape[1] + 1, np.int64)
        nearest = np.zeros(len(flat), np.intp)
        for start, chunk in enumerate(self._chunks()):
            # Pixel by pixel over many sprites: one pixel against a row of bytes is quickest.
            columns = np.ascontiguousarray(chunk.reshape(len(chunk), -1).T[compared])
            for number, sprite in enumerate(flat):
                differ = _differences(columns, sprite)
                closest = int(differ.argmin())
                if differ[closest] < distances[number]:
                    distances[number] = differ[closest]
                    nearest[number] = self._rows[start * CHUNK + closest]
        return distances, nearest


def _differences(columns: IndexMaps, sprite: IndexMaps) -> I64:
    """``(P, m)`` sprites as columns against one of ``(P,)``: ``(m,)`` differing pixels."""
    total = np.zeros(columns.shape[1], np.int64)
    for start in range(0, len(columns), MAX_COUNT):
        rows = slice(start, start + MAX_COUNT)
        differ = columns[rows] != sprite[rows, None]
        total += differ.view(np.uint8).sum(0, dtype=np.uint8)
    return total
