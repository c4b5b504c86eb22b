"""Finding a sprite among many: exactly, and the nearest one, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import U8
from pxgen.data.dataset import Dataset
from pxgen.data.duplicates import sprite_hash

CHUNK = 1024
"""Sprites compared at once: their pixels stay in a core's cache."""
MAX_COUNT = 255
"""Differences that a byte can count."""


class SpriteIndex:
    """Some of a dataset's sprites, read anew for every search and never held whole."""

    def __init__(self, dataset: Dataset, indices: NDArray[np.intp]) -> None:
        self._dataset, self._indices = dataset, indices

    def __len__(self) -> int:
        return len(self._indices)

    def _chunks(self) -> Iterator[U8]:
        for start in range(0, len(self._indices), CHUNK):
            yield self._dataset.take(self._indices[start : start + CHUNK])[0]

    def holds(self, pixels: U8) -> NDArray[np.bool_]:
        """``(n,)``: which of the ``(n, T, H, W)`` sprites are here, pixel for pixel."""
        wanted = [sprite.tobytes() for sprite in pixels]
        missing, found = set(wanted), set()
        for chunk in self._chunks():
            found |= missing & {sprite.tobytes() for sprite in chunk}
        return np.array([sprite in found for sprite in wanted], np.bool_)

    def hashes(self) -> set[int]:
        """The forms of all: equal for copies, mirrors, recolours and shifts."""
        return {sprite_hash(sprite) for chunk in self._chunks() for sprite in chunk}

    def distances(self, pixels: U8) -> NDArray[np.int64]:
        """``(n,)``: pixels in which each sprite differs from its nearest here (Hamming)."""
        return self.nearest(pixels)[0]

    def nearest(self, pixels: U8) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
        """``(n,)`` distances, and the sprites of the dataset that lie at them."""
        flat = pixels.reshape(len(pixels), math.prod(pixels.shape[1:]))
        distances = np.full(len(flat), flat.shape[1] + 1, np.int64)
        places = np.zeros(len(flat), np.intp)
        for start, chunk in enumerate(self._chunks()):
            # Pixel by pixel over many sprites: one pixel against a row of bytes is quickest.
            columns = np.ascontiguousarray(chunk.reshape(len(chunk), -1).T)
            for number, sprite in enumerate(flat):
                differ = _differences(columns, sprite)
                place = int(differ.argmin())
                if differ[place] < distances[number]:
                    distances[number] = differ[place]
                    places[number] = self._indices[start * CHUNK + place]
        return distances, places


def _differences(columns: U8, sprite: U8) -> NDArray[np.int64]:
    """``(P, m)`` sprites as columns against one of ``(P,)``: ``(m,)`` differing pixels."""
    total = np.zeros(columns.shape[1], np.int64)
    for start in range(0, len(columns), MAX_COUNT):
        rows = slice(start, start + MAX_COUNT)
        differ = columns[rows] != sprite[rows, None]
        total += differ.view(np.uint8).sum(0, dtype=np.uint8)
    return total
