"""Tile maps of Aseprite as pixels."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import Bools, Bytes

Numbers = NDArray[np.unsignedinteger[Any]]


class Tileset(NamedTuple):
    """Tiles of one size."""

    tiles: Bytes
    """``(count, h, w, n)``: ``n`` bytes a pixel."""
    zero_is_empty: bool
    """True if place 0 stands for no tile; in the oldest files all bits set do."""


class Masks(NamedTuple):
    """The bits of a map's numbers."""

    place: int
    """In the tile set."""
    flip_x: int
    flip_y: int
    flip_diagonally: int


def assemble(numbers: Numbers, masks: Masks, tileset: Tileset, blank: int) -> Bytes:
    """The pixels of a ``(rows, columns)`` map: ``(rows * h, columns * w, n)``.

    Where there is no tile, every byte is ``blank``.
    """
    count, height, width, wide = tileset.tiles.shape
    shift = (masks.place & -masks.place).bit_length() - 1
    places = (numbers & masks.place) >> max(shift, 0)
    none = numbers == (0 if tileset.zero_is_empty else 0xFFFFFFFF)
    none |= places >= count
    made = tileset.tiles[np.where(none, 0, places)]
    turned = _with(numbers, masks.flip_diagonally)
    made[turned] = _transposed(made[turned], blank)
    flipped = _with(numbers, masks.flip_y)
    made[flipped] = made[flipped][:, ::-1]
    flipped = _with(numbers, masks.flip_x)
    made[flipped] = made[flipped][:, :, ::-1]
    made[none] = blank
    rows, columns = numbers.shape
    return made.swapaxes(1, 2).reshape(rows * height, columns * width, wide)


def _with(numbers: Numbers, mask: int) -> Bools:
    """True where all bits of a mask are set, of which there are some."""
    return np.asarray((numbers & mask == mask) & (mask != 0))


def _transposed(tiles: Bytes, blank: int) -> Bytes:
    """Rows as columns; of tiles that are no squares, as much as fits."""
    side = min(tiles.shape[1:3])
    made = np.full_like(tiles, blank)
    made[:, :side, :side] = tiles[:, :side, :side].swapaxes(1, 2)
    return made
