"""Label files as plain tables: CSV, TSV and the usual shapes of JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
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
METADATA = frozenset({"metadata.csv", "metadata.jsonl"})
"""Label files in any folder, about the pictures in it, as Hugging Face's ``imagefolder`` has it."""
MAX_CLASSES = 65_536

_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|])"?', re.IGNORECASE)
_TEXTS = re.compile(r""" "([^"\n]*)" | '([^'\n]*)' """, re.VERBOSE)
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
    flags: bool = True
    """False if no cell says yes or no: each is a name."""
    damage: InputError | None = None
    """What cannot be read, where, and what to do; the columns are what can be."""

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
        return LabelTable(self.path, columns, damage=self.damage)

    def checked(self) -> LabelTable:
        """The table, whose first row names the columns; it is damaged where that names two alike.

        Raises:
            InputError: nothing follows it.
        """
        if not len(self):
            raise InputError(f"{self.path}: has no rows")
        for name in filter(None, self.first):
            if self.first.count(name) > 1:
                twice = InputError(f"{self.path}: two columns are called '{name}': rename one")
                return replace(self, damage=self.damage or twice)
        return self


def read_label_table(path: Path) -> LabelTable:
    """Read a label file by its content: JSON starts with a bracket, anything else is CSV.

    Of a damaged one what can be read is there, so that its sprites can be told. Metadata names
    files in its own folder.

    Raises:
        InputError: unreadable, without rows, or of a JSON shape without labels.
    """
    damage = None
    try:
        text = text_of(path, _MAX_BYTES)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        damage = InputError(f"{path}, line {line}: not UTF-8 text; save it as UTF-8")
        text = "\n".join(str(error.object, error.encoding, "replace").splitlines())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    is_lines = path.suffix.lower() == LINES_SUFFIX
    is_json = is_lines or text.lstrip()[:1] in {"{", "["}
    table = _json(path, text) if is_json else _csv_table(path, text)
    damage = damage or table.damage
    if not (len(table) or table.first or damage):
        raise InputError(f"{path}: has no rows")
    if path.name in METADATA and FILE_COLUMN in table.columns:
        table.columns[FILE_COLUMN] = [str(path.parent / str(f)) for f in table.columns[FILE_COLUMN]]
    return replace(table, damage=damage)


def _csv_table(path: Path, text: str) -> LabelTable:
    head, _, rest = text.partition("\n")
    delimiter = max(_DELIMITERS, key=head.count)
    # Spreadsheets say by a first line which separator follows.
    if said := _SEPARATOR_LINE.fullmatch(head.strip()):
        delimiter, text = said[1], "\n" + rest
    numbered, damage = _csv_rows(path, text, delimiter)
    rows = [(line, row) for line, row in numbered if any(row)]
    if not rows:
        return LabelTable(path, {}, damage=damage)
    first = rows[0][1]
    for line, row in rows[1:]:
        if len(row) > len(first) and damage is None:
            damage = InputError(
                f"{path}, line {line}: {len(row)} cells under {len(first)} names: put a cell that "
                f"holds '{delimiter}' in quotation marks, or name all columns"
            )
    columns: dict[str, list[Cell]] = {}
    for number, name in enumerate(first):
        unique = name if name and name not in columns else f"column {number + 1}"
        while unique in columns:
            unique += "'"
        columns[unique] = [row[number] if number < len(row) else "" for _, row in rows[1:]]
    return LabelTable(path, columns, tuple(first), damage=damage)


def _csv_rows(
    path: Path, text: str, delimiter: str
) -> tuple[list[tuple[int, list[str]]], InputError | None]:
    """The rows with their lines, and their damage: where that is, quotation marks mean nothing."""
    lines = [*io.StringIO(text)]
    read = partial(csv.reader, delimiter=delimiter, skipinitialspace=True)
    reader, rows, before = read(lines), [], 0
    try:
        for row in reader:
            if any("\n" in cell for cell in row):
                # Most often one that nothing closes, up to the next one or the end.
                list(read(lines[before : reader.line_num], strict=True))
            before = reader.line_num
            rows.append((before, [normal(cell.strip()) for cell in row]))
    except csv.Error:
        line = before + next((k for k, each in enumerate(lines[before:], 1) if '"' in each), 1)
        damage = InputError(
            f"{path}, line {line}: a quotation mark opens a cell and none closes it: add or remove "
            "one; within a cell in quotation marks it is written twice"
        )
        cells = ([normal(cell.strip(' "\n')) for cell in each.split(delimiter)] for each in lines)
        return [*enumerate(cells, 1)], damage
    return rows, None


def _json(path: Path, text: str) -> LabelTable:
    is_lines = path.suffix.lower() == LINES_SUFFIX
    try:
        content = _lines(path, text) if is_lines else _parsed(path, text)
    except InputError as damage:
        texts: list[Cell] = [normal(one or other) for one, other in _TEXTS.findall(text)]
        return LabelTable(path, {"": texts}, damage=damage)
    return _rows(path, content) if is_lines else _json_table(path, content)


def _lines(path: Path, text: str) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        row = _parsed(path, line, number) if line.strip() else {}
        if not isinstance(row, dict):
            raise InputError(
                f"{path}, line {number}: write a table of names and values on each line, such as "
                '{"file_name": "0.png", "kind": "elf"}'
            )
        rows.append(row)
    return [row for row in rows if row]


def _parsed(path: Path, text: str, line: int = 1) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        reason, place = str(error), ""
        if isinstance(error, json.JSONDecodeError):
            reason, place = error.msg, f", line {line + error.lineno - 1}, column {error.colno}"
        raise InputError(f"{path}{place}: not valid JSON ({reason}): correct it there") from error


def _json_table(path: Path, content: Any) -> LabelTable:
    if isinstance(content, dict):
        pairs = content.get("labels")
        if isinstance(pairs, list) and all(map(_is_pair, pairs)):
            return _pairs(path, pairs)
        return _keyed(path, content)
    if content and all(isinstance(row, dict) for row in content):
        return _rows(path, content)
    return _keyed(path, {str(number): value for number, value in enumerate(content)})


def _rows(path: Path, rows: list[dict[str, Any]]) -> LabelTable:
    """A table of columns by name; those that hold tables, such as boxes, are left out."""
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
    """One table of several that name files in the column ``file_name``.

    Raises:
        InputError: one of them has no such column.
    """
    columns: dict[str, list[Cell]] = {}
    for table in tables:
        if FILE_COLUMN not in table.columns and table.damage is None:
            raise InputError(f"{table.path}: has no column {FILE_COLUMN}")
        rows = len(next(iter(columns.values()), ()))
        for name in table:
            columns.setdefault(name, [""] * rows).extend(table.columns[name])
        for column in columns.values():
            column.extend([""] * (rows + len(table) - len(column)))
    damage = next((table.damage for table in tables if table.damage), None)
    return LabelTable(tables[0].path, columns, damage=damage)


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
