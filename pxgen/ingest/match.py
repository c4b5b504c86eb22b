"""A join of the rows of a label table with the sprites that they are about."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pxgen.errors import InputError
from pxgen.ingest.tables import LabelTable

_NUMBER = re.compile(r"(\d+)\D*$")


class Unit(NamedTuple):
    """One thing that can bear labels: a file, a clip, or one element of an array."""

    name: str
    """Relative path with ``/``."""
    row: int | None = None
    """The row of an array."""
    first_file: str = ""
    """For a clip of several files, the first of them."""


Key = str | int


def _path(text: str) -> str:
    return text.replace("\\", "/").removeprefix("./")


def _base(text: str) -> str:
    return _path(text).rsplit("/", 1)[-1]


def _stem(text: str) -> str:
    base = _base(text)
    stem, dot, _ = base.rpartition(".")
    return stem if dot and stem else base


def _number(text: str) -> int | None:
    # Tables written by way of floats say 12.0 for 12; to _stem that is a suffix like any other.
    match = _NUMBER.search(_stem(text))
    return int(match[1]) if match and len(match[1]) < 19 else None


METHODS: dict[str, Callable[[str], Key | None]] = {
    "path": _path,
    "name": _base,
    "stem": _stem,
    "number": _number,
}


def in_number_order(units: Sequence[Unit]) -> list[int] | None:
    """The units in the order of their numbers, if these count up by one without gaps.

    As text ``image_10`` comes before ``image_2``; rows without names mean the numbers' order.
    """
    numbers = [unit.row if unit.row is not None else _number(unit.name) for unit in units]
    known = [number for number in numbers if number is not None]
    if len(known) < len(units) or sorted(known) != list(range(min(known), min(known) + len(known))):
        return None
    return sorted(range(len(units)), key=known.__getitem__)


@dataclass(frozen=True)
class Matching:
    """A join of a table and the sprites."""

    column: str
    method: str
    rows: dict[Key, list[int]]
    offset: int
    """1 where the table counts from one and the sprites count from zero."""
    matched: int
    """Units with a row."""

    def rows_of(self, unit: Unit) -> list[int]:
        """The rows about one unit; several rows may each give a label."""
        for key in _keys(unit, self.method):
            if key is not None:
                found = self.rows.get(key + self.offset if isinstance(key, int) else key)
                if found:
                    return found
        return []


def _keys(unit: Unit, method: str) -> list[Key | None]:
    if unit.row is not None:
        return [unit.row] if method == "number" else []
    read = METHODS[method]
    names = [unit.name, unit.first_file] if unit.first_file else [unit.name]
    if method == "stem" and unit.first_file:
        return [_base(unit.name), read(unit.first_file)]
    return [read(name) for name in names]


def match_rows(table: LabelTable, units: Sequence[Unit]) -> Matching:
    """Find the column that names the sprites, and how: by path, name, stem or trailing number.

    Every column is tried every way and the one that reaches most sprites wins; of equals the
    stricter way, then the earlier column. A table that counts from one beside files that count
    from zero is recognised only when shifting fits every row and every sprite.

    Raises:
        InputError: no column names any of the sprites.
    """
    best: Matching | None = None
    for method, read in METHODS.items():
        present = [[key for key in _keys(unit, method) if key is not None] for unit in units]
        for column, cells in table.columns.items():
            rows: dict[Key, list[int]] = {}
            for row, cell in enumerate(cells):
                key = read(cell) if isinstance(cell, str) and cell else None
                if key is not None:
                    rows.setdefault(key, []).append(row)
            for offset in (0, 1) if method == "number" else (0,):
                matched = _reached(present, rows, offset)
                if offset and not matched == len(units) == len(rows):
                    continue
                if matched and (best is None or matched > best.matched):
                    best = Matching(column, method, rows, offset, matched)
    if best is None:
        example = units[0].name if units else "any"
        raise InputError(
            f"{table.path}: no column names the sprites (such as {example}) by path, name, stem "
            "or trailing number"
        )
    return best


def _reached(present: Sequence[Sequence[Key]], rows: dict[Key, list[int]], offset: int) -> int:
    if offset:
        return sum(any(isinstance(k, int) and k + offset in rows for k in keys) for keys in present)
    return sum(any(key in rows for key in keys) for keys in present)
