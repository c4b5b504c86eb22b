"""A join of the rows of a label table with the sprites that they are about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pxgen.errors import InputError
from pxgen.ingest.tables import LabelTable
from pxgen.names import normal

_NUMBER = re.compile(r"(\d+)\D*$")
_HEADINGS = frozenset({"file", "filename", "id", "image", "index", "key", "name", "path", "sprite"})
"""First cells that name a column, even where a sprite is called so."""


class Unit(NamedTuple):
    """One thing that can bear labels: a file, a clip, or one element of an array."""

    name: str
    """Relative path with ``/``."""
    row: int | None = None
    """The row of an array."""
    first_file: str = ""
    """For a clip of several files, the first of them."""


def _path(text: str) -> str:
    return normal(text).replace("\\", "/").removeprefix("./")


def _without_suffix(path: str) -> str:
    folder, slash, base = path.rpartition("/")
    stem, dot, _ = base.rpartition(".")
    return folder + slash + (stem if dot and stem else base)


def _number(text: str) -> int | None:
    # Tables written by way of floats say 12.0 for 12; that is a suffix like any other.
    match = _NUMBER.search(_without_suffix(_path(text)).rpartition("/")[2])
    return int(match[1]) if match and len(match[1]) < 19 else None


def in_number_order(units: Sequence[Unit]) -> list[int] | None:
    """The units in the order of their numbers, if these count up by one without gaps.

    As text ``image_10`` comes before ``image_2``; rows without names mean the numbers' order.
    """
    numbers = [unit.row if unit.row is not None else _number(unit.name) for unit in units]
    known = [number for number in numbers if number is not None]
    if len(known) < len(units) or sorted(known) != list(range(min(known), min(known) + len(known))):
        return None
    return sorted(range(len(units)), key=known.__getitem__)


@dataclass
class Matching:
    """A join of a table and the sprites."""

    table: LabelTable
    """Without its first row as names where that is a row."""
    column: str
    method: str
    rows: dict[int, list[int]] = field(default_factory=dict)
    """The rows about each unit that has any; several rows may each give a label."""
    parts: dict[str, list[int]] = field(default_factory=dict)
    """The rows about cells, tags and frames of files, by their names: ``sheet.png#1,0``."""
    offset: int = 0
    """1 where the table counts from one and the sprites count from zero."""
    doubt: str = ""
    """A row that may be of several sprites, or a sprite of which several rows may be."""
    doubtful: int = 0
    """Units named by rows that may be of others."""

    @property
    def used(self) -> set[int]:
        """The rows about any unit or part."""
        return {row for rows in (*self.rows.values(), *self.parts.values()) for row in rows}

    @property
    def reached(self) -> int:
        """Units that rows name, surely or not."""
        return self.matched + self.doubtful

    def weight(self) -> int:
        """How well it fits: a path that may be of several sprites names them nevertheless."""
        return self.reached if self.method.startswith("path") else self.matched

    @property
    def matched(self) -> int:
        """Units with a row of their own or of a part."""
        names = {part.rpartition("#")[0] for part in self.parts}
        return len(self.rows) + len(names)


class _Ends:
    """The ends of the units' paths: of ``a/b/c.png`` also ``b/c.png`` and ``c.png``."""

    def __init__(self, units: Sequence[Unit], key: Callable[[str], str], *, stems: bool) -> None:
        self.units, self._key, self._stems = units, key, stems
        self._ends: dict[str, dict[int, bool]] = {}
        self._first = {unit.name: n for n, unit in reversed([*enumerate(units)])}
        for number, unit in enumerate(units):
            if self._first[unit.name] == number:
                # The name of a clip of several files has no suffix.
                for name, whole in ((unit.name, unit.first_file), (unit.first_file, "")):
                    if name:
                        self._add(number, name if whole or not stems else _without_suffix(name))

    def _add(self, number: int, name: str) -> None:
        parts = self._key(name).split("/")
        for start in range(len(parts)):
            self._ends.setdefault("/".join(parts[start:]), {})[number] = not start

    def find(self, text: str) -> tuple[int, list[int]]:
        """The units whose path ends as the text does, for the longest such end, and its length."""
        key = self._key(text)
        parts = key.split("/")
        for start in range(len(parts)):
            if found := self._ends.get("/".join(parts[start:])):
                whole = [number for number, is_whole in found.items() if is_whole]
                return len(parts) - start, whole if len(whole) == 1 else [*found]
        return 0, []

    def rows_of(self, text: str) -> Iterator[tuple[int, str, list[int]]]:
        """How a cell names files or parts of them: length of the end, part and the units."""
        path = _path(text)
        names = [(path, ""), *([path.rpartition("#")[::2]] if "#" in path else [])]
        for name, part in names:
            for stem in dict.fromkeys([name, _without_suffix(name)] if self._stems else [name]):
                length, numbers = self.find(stem)
                numbers = [n for n in numbers if part or self.units[n].row is None]
                if numbers:
                    yield length, part.replace(" ", ""), numbers
                    return

    def text(self, cell: str) -> str:
        """Equal for cells that name the same."""
        return self._key(_without_suffix(_path(cell)) if self._stems else _path(cell))

    def element(self, number: int, part: str) -> int | None:
        """The unit of one element of the array whose first unit is given."""
        at = number + int(part) if self.units[number].row is not None and part.isdecimal() else -1
        same = 0 <= at < len(self.units) and self.units[at].name == self.units[number].name
        return at if same else None


def match_rows(table: LabelTable, units: Sequence[Unit]) -> Matching:
    """Find the column that names the sprites, and how: by path, stem or trailing number.

    A path matches by the longest end that is unique, on both sides: tables say where files lay on
    another machine, and files of the same name lie in several folders. Every column is tried every
    way and the one that reaches most sprites wins; of equals the stricter way, then the earlier
    column. A table that counts from one beside files that count from zero is recognised only when
    shifting fits every row and every sprite. A first row that names a sprite is a row.

    Raises:
        InputError: no column names any of the sprites.
    """
    ways = [
        ("path", _Ends(units, str, stems=False)),
        ("path but for case", _Ends(units, str.casefold, stems=False)),
        ("stem", _Ends(units, str, stems=True)),
        ("stem but for case", _Ends(units, str.casefold, stems=True)),
    ]
    bare = table.headerless()
    if bare is not None:
        best = _best(bare, units, ways)
        if best is not None and 0 in best.used:
            named = str(bare.columns[best.column][0]).casefold()
            if named not in _HEADINGS:
                return best
    best = _best(table.checked(), units, ways)
    if best is None:
        example = units[0].name if units else "any"
        raise InputError(
            f"{table.path}: no column names the sprites (such as {example}) by path, name, stem "
            "or trailing number"
        )
    return best


def _best(
    table: LabelTable, units: Sequence[Unit], ways: Sequence[tuple[str, _Ends]]
) -> Matching | None:
    tried: list[Matching] = []
    columns = [*table]
    for method, ends in ways:
        tried += [_by_ends(table, column, method, ends) for column in columns]
        # A looser way must not settle what a stricter one leaves open.
        doubted = {each.column for each in tried if each.doubt}
        columns = [column for column in columns if column not in doubted]
        if any(each.matched == len(units) and not each.doubt for each in tried):
            break
    numbers = [unit.row if unit.row is not None else _number(unit.name) for unit in units]
    known = {number: unit for unit, number in enumerate(numbers) if number is not None}
    # Of two sprites with one number it is not known whose a row is.
    if len(known) == sum(number is not None for number in numbers):
        tried += [_by_number(table, column, known, len(units)) for column in columns]
    fitting = [each for each in tried if each.matched or each.doubt]
    return max(fitting, key=Matching.weight, default=None)


def _by_ends(table: LabelTable, column: str, method: str, ends: _Ends) -> Matching:
    found = Matching(table, column, method)
    claims: dict[int | str, list[tuple[int, int]]] = {}
    doubtful: set[int] = set()
    cells = table.columns[column]
    for row, cell in enumerate(cells):
        for length, part, numbers in ends.rows_of(cell) if isinstance(cell, str) and cell else ():
            names = [ends.units[number].name for number in numbers]
            if len(numbers) > 1:
                found.doubt = found.doubt or f"'{cell}' may be {names[0]} or {names[1]}"
                doubtful.update(numbers)
                continue
            own = ends.element(numbers[0], part) if part else numbers[0]
            claims.setdefault(f"{names[0]}#{part}" if own is None else own, []).append(
                (length, row)
            )
    for target, rows in claims.items():
        longest = max(length for length, _ in rows)
        own_rows = [row for length, row in rows if length == longest]
        texts = [*dict.fromkeys(ends.text(str(cells[row])) for row in own_rows)]
        if len(texts) > 1:
            name = target if isinstance(target, str) else ends.units[target].name
            found.doubt = found.doubt or f"{name} may be '{texts[0]}' or '{texts[1]}'"
            doubtful.add(-1)
        elif isinstance(target, str):
            found.parts[target] = own_rows
        else:
            found.rows[target] = own_rows
    found.doubtful = len(doubtful - {*found.rows})
    return found


def _by_number(table: LabelTable, column: str, known: dict[int, int], count: int) -> Matching:
    numbers: dict[int, list[int]] = {}
    for row, cell in enumerate(table.columns[column]):
        number = _number(cell) if isinstance(cell, str) and cell else None
        if number is not None:
            numbers.setdefault(number, []).append(row)
    found = Matching(table, column, "number")
    for offset in (0, 1):
        rows = {unit: numbers[n + offset] for n, unit in known.items() if n + offset in numbers}
        if not offset or (len(rows) == count == len(numbers) > found.matched):
            found.rows, found.offset = rows, offset
    return found
