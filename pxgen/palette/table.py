"""The palette: an ordered table of at most 256 RGBA colours with transparent at index 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import I64, Bools, Colors32, IndexMaps, Rgba
from pxgen.errors import InputError

Row = tuple[int, int, int, int]
"""Red, green, blue and alpha, 0 to 255."""

TRANSPARENT = (0, 0, 0, 0)
MAX_COLORS = 256
"""Entries a palette can hold, transparent included: an index is one byte."""


@dataclass(frozen=True, eq=False, repr=False)
class Palette:
    """An ordered RGBA table; row 0 is always fully transparent.

    Build one with :meth:`of`, which puts the transparent entry first. Two palettes are equal when
    their tables are; the name is only for people.
    """

    rgba: Rgba
    """``(K, 4) uint8``, read-only, 1 <= K <= 256."""
    name: str = ""

    def __post_init__(self) -> None:
        table = np.array(self.rgba, dtype=np.uint8)
        if table.ndim != 2 or table.shape[1] != 4 or not 1 <= len(table) <= MAX_COLORS:
            raise InputError(
                f"a palette is 1 to {MAX_COLORS} RGBA rows, not an array {table.shape}"
            )
        if tuple(table[0]) != TRANSPARENT:
            raise InputError(
                "a palette's entry 0 is transparent black; build palettes with Palette.of"
            )
        table.setflags(write=False)
        object.__setattr__(self, "rgba", table)

    @classmethod
    def of(cls, colors: Iterable[Sequence[int]], name: str = "") -> Palette:
        """A palette of these RGB or RGBA colours in this order, with transparent put at 0.

        Fully transparent rows are dropped (index 0 stands for all of them); exact duplicates are
        kept, because the order and count of a palette file are its author's.

        Raises:
            InputError: more than 255 colours besides transparent.
        """
        rows = [(*color, 255) if len(color) == 3 else tuple(color) for color in colors]
        rows = [row for row in rows if row[3] != 0]
        if len(rows) > MAX_COLORS - 1:
            raise InputError(
                f"palette {name or 'given'} has {len(rows)} colours; at most {MAX_COLORS - 1} fit "
                "beside transparent: reduce it, for instance with `prepare --colors 255`"
            )
        return cls(np.array([TRANSPARENT, *rows], dtype=np.uint8), name)

    @classmethod
    def from_hex(cls, entries: Sequence[str], where: str = "a palette") -> Palette:
        """The inverse of :attr:`hex`: ``rrggbbaa`` strings, the first one ``00000000``.

        Raises:
            InputError: they are not; says ``where`` they stand.
        """
        try:
            rows = [tuple(bytes.fromhex(entry)) for entry in entries]
            table = np.array(rows, dtype=np.uint8)
        except (ValueError, TypeError) as error:
            raise InputError(
                f"{where} has palette entries that are no rrggbbaa: copy it again, or make it anew"
            ) from error
        return cls(table)

    def __repr__(self) -> str:
        return f"<palette {self.name or 'without a name'}, {len(self)} entries>"

    def __len__(self) -> int:
        return len(self.rgba)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Palette) and np.array_equal(self.rgba, other.rgba)

    def __hash__(self) -> int:
        return hash(self.rgba.tobytes())

    @cached_property
    def hex(self) -> tuple[str, ...]:
        """Every entry as ``rrggbbaa``, transparent first."""
        return tuple(bytes(row).hex() for row in self.rgba)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every entry as plain numbers, transparent first."""
        return tuple((int(r), int(g), int(b), int(a)) for r, g, b, a in self.rgba)

    @cached_property
    def _sorted(self) -> tuple[Colors32, NDArray[np.intp]]:
        packed = pack(self.rgba)
        # Stable, so that of two equal entries the first in the palette's order is found.
        order = np.argsort(packed, kind="stable")
        return packed[order], order

    def lookup(self, rgba: Rgba) -> tuple[IndexMaps, Bools]:
        """Exact indices of ``(..., 4) uint8`` colours, and which of them the palette holds.

        Any colour with alpha 0 is index 0, whatever RGB hides under it. Colours that the palette
        does not hold get index 0 and ``False``.
        """
        keys, order = self._sorted
        packed = pack(rgba)
        packed[rgba[..., 3] == 0] = 0
        found = np.minimum(np.searchsorted(keys, packed), len(keys) - 1)
        known = keys[found] == packed
        return np.where(known, order[found], 0).astype(np.uint8), known

    def colors(self, indices: IndexMaps) -> Rgba:
        """``(...) uint8`` indices to ``(..., 4) uint8`` RGBA."""
        return self.rgba[indices]


def pack(rgba: Rgba) -> Colors32:
    """``(..., 4) uint8`` RGBA to one 32-bit integer a colour (r, g, b, a from high to low)."""
    return np.ascontiguousarray(rgba, np.uint8).view(">u4")[..., 0].astype(np.uint32)


def unpack(packed: Colors32) -> Rgba:
    """The inverse of :func:`pack`."""
    return np.stack([(packed >> shift) & 255 for shift in (24, 16, 8, 0)], axis=-1).astype(np.uint8)


def sum_counts(colors: Colors32, counts: NDArray[np.integer]) -> tuple[Colors32, I64]:
    """Distinct packed colours, ascending, and the sum of the counts of each."""
    distinct, inverse = np.unique(colors, return_inverse=True)
    total = np.zeros(len(distinct), np.int64)
    np.add.at(total, inverse, counts)
    return distinct, total
