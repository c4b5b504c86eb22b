"""Label files as plain tables: CSV, TSV and the usual shapes of JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pxgen.errors import InputError
from pxgen.ingest.archives import text_of
from pxgen.names import normal

Cell = str | tuple[str, ...]
"""Text, or several names that the file itself keeps apart."""

KEY_COLUMN = "key"
LABELS_COLUMN = "labels"
FILE_COLUMN = "file_name"
LINES_SUFFIX = ".jsonl"
MAX_CLASSES = 65_536

_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|])"?', re.IGNORECASE)
_MAX_BYTES = 1 << 30


@dataclass(frozen=True)
class LabelTable:
    """Columns of equal length, in file order."""

    path: Path
    columns: dict[str, list[Cell]]
    first: tuple[str, ...] = ()
    """The first row of a CSV file, which may name the columns or be a row."""
    numbered: str = ""
    """The column whose whole numbers are classes, not quantities, if there is one."""

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def headerless(self) -> LabelTable | None:
        """The table with its first row as a row; None where the names are no row."""
        if not self.first:
            return None
        own = zip(self.first, self.columns.values(), strict=True)
        columns = {f"column {n}": [cell, *cells] for n, (cell, cells) in enumerate(own, 1)}
        return LabelTable(self.path, columns)

    def checked(self) -> LabelTable:
        """The table, whose first row names the columns.

        Raises:
            InputError: it names two alike, or nothing follows it.
        """
        named = [name for name in self.first if name]
        if len(set(named)) != len(named):
            raise InputError(f"{self.path}: two columns share a name")
        if not len(self):
            raise InputError(f"{self.path}: has no rows")
        return self


def read_label_table(path: Path) -> LabelTable:
    """Read a label file by its content: JSON starts with a bracket, anything else is CSV.

    Raises:
        InputError: unreadable, not text, without rows, or of a JSON shape without labels.
    """
    try:
        text = text_of(path, _MAX_BYTES)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    if path.suffix.lower() == LINES_SUFFIX:
        table = _rows(path, [_parsed(path, line) for line in text.split("\n") if line.strip()])
    elif text.lstrip()[:1] in {"{", "["}:
        table = _json_table(path, _parsed(path, text))
    else:
        table = _csv_table(path, text)
    if not len(table) and not table.first:
        raise InputError(f"{path}: has no rows")
    return table


def _csv_table(path: Path, text: str) -> LabelTable:
    head, _, rest = text.partition("\n")
    delimiter = max(_DELIMITERS, key=head.count)
    # Spreadsheets say by a first line which separator follows.
    if said := _SEPARATOR_LINE.fullmatch(head.strip()):
        delimiter, text = said[1], "\n" + rest
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    try:
        numbered = [(reader.line_num, [normal(c.strip()) for c in row]) for row in reader]
    except csv.Error as error:
        raise InputError(f"{path}: not a CSV file ({error})") from error
    rows = [(line, row) for line, row in numbered if any(row)]
    if not rows:
        return LabelTable(path, {})
    first = rows[0][1]
    for line, row in rows[1:]:
        if len(row) > len(first):
            raise InputError(f"{path}, line {line}: {len(row)} cells under {len(first)} names")
    columns: dict[str, list[Cell]] = {}
    for number, name in enumerate(first):
        unique = name if name and name not in columns else f"column {number + 1}"
        columns[unique] = [row[number] if number < len(row) else "" for _, row in rows[1:]]
    if len(columns) < len(first):
        raise InputError(f"{path}: two columns share a name")
    return LabelTable(path, columns, tuple(first))


def _parsed(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not valid JSON ({error})") from error


def _json_table(path: Path, content: Any) -> LabelTable:
    if isinstance(content, dict):
        pairs = content.get("labels")
        if isinstance(pairs, list) and all(map(_is_pair, pairs)):
            return _pairs(path, pairs)
        return _keyed(path, content)
    if content and all(isinstance(row, dict) for row in content):
        return _rows(path, content)
    return _keyed(path, {str(number): value for number, value in enumerate(content)})


def _rows(path: Path, rows: list[Any]) -> LabelTable:
    """A table of columns by name; those that hold tables, such as boxes, are left out."""
    if not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path}: each line is a table of names and values")
    names = dict.fromkeys(str(name) for row in rows for name in row)
    plain = [name for name in names if not any(isinstance(row.get(name), dict) for row in rows)]
    return LabelTable(path, {normal(n): [_cell(path, row.get(n)) for row in rows] for n in plain})


def _is_pair(pair: object) -> bool:
    """True of a file's name and its label, as StyleGAN's tools write them."""
    return isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str)


def _pairs(path: Path, pairs: list[Any]) -> LabelTable:
    cells = [_cell(path, str(label) if isinstance(label, list) else label) for _, label in pairs]
    numbers = all(isinstance(label, int) and 0 <= label < MAX_CLASSES for _, label in pairs)
    columns: dict[str, list[Cell]] = {
        KEY_COLUMN: [normal(name) for name, _ in pairs],
        LABELS_COLUMN: cells,
    }
    return LabelTable(path, columns, numbered=LABELS_COLUMN if numbers else "")


def merged(tables: Sequence[LabelTable]) -> LabelTable:
    """One table of several that name files in their own folders in the column ``file_name``.

    Raises:
        InputError: one of them has no such column.
    """
    columns: dict[str, list[Cell]] = {}
    for table in tables:
        files = table.columns.get(FILE_COLUMN)
        if files is None:
            raise InputError(f"{table.path}: has no column {FILE_COLUMN}")
        rows = len(next(iter(columns.values()), ()))
        for name in table:
            cells = table.columns[name]
            if name == FILE_COLUMN:
                cells = [str(table.path.parent / str(file)) for file in files]
            columns.setdefault(name, [""] * rows).extend(cells)
        for column in columns.values():
            column.extend([""] * (rows + len(table) - len(column)))
    return LabelTable(tables[0].path, columns)


def _keyed(path: Path, content: dict[str, Any]) -> LabelTable:
    """The labels of each key: a name, a list of names, or a table whose keys are the names."""
    tables = [value for value in content.values() if isinstance(value, dict)]
    if any(isinstance(value, dict) for table in tables for value in table.values()):
        raise InputError(f"{path}: labels are text, numbers or lists, not tables of tables")
    flags = bool(tables) and _are_flags(tables)
    labels = [
        tuple(str(name) for name, present in value.items() if present or not flags)
        if isinstance(value, dict)
        else _cell(path, value)
        for value in content.values()
    ]
    return LabelTable(path, {KEY_COLUMN: list(content), LABELS_COLUMN: labels})


def _are_flags(tables: list[dict[str, Any]]) -> bool:
    """True if the values say yes or no.

    ``{"Alien": 0}`` names a label that is present and gives its number. Only values that are
    booleans, or 0 and 1 under the same keys for every sprite, are flags.
    """
    values = [value for table in tables for value in table.values()]
    if values and all(isinstance(value, bool) for value in values):
        return True
    same_keys = len({frozenset(table) for table in tables}) == 1 and len(tables) > 1
    return same_keys and all(value in (0, 1) for value in values if not isinstance(value, list))


def _cell(path: Path, value: object) -> Cell:
    if isinstance(value, list):
        return tuple(str(item) for item in value if item is not None)
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, str | int | float):
        return str(value).strip()
    raise InputError(f"{path}: a label is text, a number or a list, not {type(value).__name__}")
