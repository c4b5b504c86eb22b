"""The meaning of a label table's columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pxgen.errors import UsageError
from pxgen.ingest.tables import Cell, LabelTable
from pxgen.names import natural_key, normal
from pxgen.render.kinds import BY_SUFFIX

_PLAIN_SEPARATORS = (" / ", ";", "|")
_POSSIBLE_SEPARATORS = (",", "/")
_YES = frozenset({"1", "1.0", "true", "yes", "y", "x"})
_NO = frozenset({"0", "0.0", "false", "no", "n", ""})
_VECTOR = re.compile(r"^\[[\s\d.,+-]*\]$")
MAX_SURE_NAMES = 32


@dataclass(frozen=True)
class LabelColumns:
    """The labels that a table gives."""

    names: tuple[str, ...]
    """Every label, column by column, sorted within a column of names."""
    rows: list[tuple[str, ...]]
    """The labels of each row."""
    notes: tuple[str, ...]
    """One line a column: what it was taken for."""
    classes: int
    """Elements of the longest class vector."""


def label_columns(
    table: LabelTable,
    key: str,
    chosen: Sequence[str],
    class_names: Sequence[str],
    separator: str | None = None,
) -> LabelColumns:
    """Decide which columns are labels, and read them.

    A column of 0/1 (or true/false, yes/no, or one such word and nothing) is one label called like
    the column. A column of text
    gives a label for each distinct text, or several where a separator stands between names. A
    column of ``[0. 1. 0.]`` vectors is a class. Not labels: numbers (quantities), file names, one
    text for all rows, and texts of which hardly any comes twice.

    Args:
        table: the label file.
        key: the column that names the sprites, never a label.
        chosen: only these columns if any, whatever they hold; numbers then become
            ``column=value``.
        class_names: what the elements of a vector mean.
        separator: what stands between the names in a cell; unless given it is found out.

    Raises:
        UsageError: a chosen column does not exist.
    """
    missing = [name for name in chosen if name not in table.columns]
    if missing:
        have = ", ".join(table.columns)
        raise UsageError(f"{table.path} has no column '{missing[0]}'; it has {have}")
    taken: dict[str, list[tuple[str, ...]]] = {}
    notes = []
    for name, cells in table.columns.items():
        if name == key or (chosen and name not in chosen):
            continue
        if name == table.numbered:
            numbers = [int(str(cell)) for cell in cells]
            taken[name] = [(class_name(number, class_names),) for number in numbers]
            notes.append(f"column '{name}': numbered classes")
            continue
        found, note = _read(name, cells, bool(chosen), class_names, separator, flags=table.flags)
        notes.append(f"column '{name}': {note}")
        if found is not None:
            taken[name] = found
    _tell_apart(taken)
    names = dict.fromkeys(label for found in taken.values() for label in _vocabulary(found))
    rows = [
        tuple(dict.fromkeys(label for found in taken.values() for label in found[row]))
        for row in range(len(table))
    ]
    classes = max((_classes(table, name) for name in taken), default=0)
    return LabelColumns(tuple(names), rows, tuple(notes), classes)


def clean_name(text: str) -> str:
    """A label on one line, without control characters, in Unicode's form NFC."""
    text = normal(text)
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(text.split())


def vector_labels(values: Sequence[float], class_names: Sequence[str]) -> tuple[str, ...]:
    """The names of the elements that are set; ``class-3`` where no name was given."""
    return tuple(class_name(number, class_names) for number, value in enumerate(values) if value)


def class_name(number: int, class_names: Sequence[str]) -> str:
    """The name of a numbered class."""
    return class_names[number] if number < len(class_names) else f"class-{number}"


def _vocabulary(found: Sequence[tuple[str, ...]]) -> list[str]:
    return sorted({label for labels in found for label in labels}, key=natural_key)


def _read(
    name: str,
    cells: Sequence[Cell],
    wanted: bool,
    class_names: Sequence[str],
    separator: str | None,
    *,
    flags: bool,
) -> tuple[list[tuple[str, ...]] | None, str]:
    """The labels of each row, or None, and what the column was taken for."""
    texts = [cell for cell in cells if isinstance(cell, str)]
    filled = [text for text in texts if text]
    if len(texts) == len(cells):
        if not filled:
            return None, "empty, not taken"
        if flags and _are_flags(texts):
            yes = [text.lower() in _YES for text in texts]
            return [(clean_name(name),) * each for each in yes], "yes or no, one label"
        if _are_vectors(filled):
            return [_vector(text, class_names) for text in texts], "class vectors"
        if all(_is_number(text) for text in filled):
            if not wanted:
                return None, "numbers, not taken (take it with --label-columns)"
            return [(clean_name(f"{name}={text}"),) * bool(text) for text in texts], "numbers"
    return _names(cells, filled, wanted, separator or _separator(filled))


def _names(
    cells: Sequence[Cell], filled: Sequence[str], wanted: bool, separator: str | None
) -> tuple[list[tuple[str, ...]] | None, str]:
    found = [
        _split(cell, separator)
        if isinstance(cell, str)
        else tuple(filter(None, map(clean_name, cell)))
        for cell in cells
    ]
    distinct = len({label for labels in found for label in labels})
    if not wanted:
        if all(text.lower().endswith(tuple(BY_SUFFIX)) for text in filled) and filled:
            return None, "file names, not taken"
        if distinct == 1 and all(found) and len(found) > 1:
            return None, "the same on every row, not taken"
        if distinct > MAX_SURE_NAMES and distinct > sum(map(len, found)) / 2:
            return None, f"{distinct} different texts, not taken (take it with --label-columns)"
    sampling = f", separated by '{separator.strip()}'" if separator else ""
    return found, f"{distinct} label{'s' * (distinct != 1)}{sampling}"


def _separator(filled: Sequence[str]) -> str | None:
    """The separator of the names in a column's texts, if there is one.

    Commas and slashes also occur inside names: they separate only where that leaves fewer distinct
    names than texts, so that a column of ``Smith, John`` stays whole.
    """
    for separator in _PLAIN_SEPARATORS:
        if any(separator in text for text in filled):
            return separator
    whole = len(set(filled))
    for separator in _POSSIBLE_SEPARATORS:
        if any(separator in text for text in filled):
            parts = {part for text in filled for part in _split(text, separator)}
            if len(parts) < whole or (len(parts) == whole and parts <= set(filled)):
                return separator
    return None


def _split(text: str, separator: str | None) -> tuple[str, ...]:
    if separator is None:
        return (clean_name(text),) if text else ()
    return tuple(filter(None, (clean_name(part) for part in text.split(separator))))


def _are_flags(texts: Sequence[str]) -> bool:
    """True of words for yes and no; x and y without a no are two names."""
    words = {text.lower() for text in texts}
    return words <= _YES | _NO and (len(words & _YES) < 2 or bool(words & _NO - {""}))


def _vector(text: str, class_names: Sequence[str]) -> tuple[str, ...]:
    return vector_labels(_elements(text), class_names)


def _elements(text: str) -> list[float]:
    return [float(part) for part in re.findall(r"[-+]?\d*\.?\d+", text)]


def _are_vectors(texts: Sequence[str]) -> bool:
    return all(_VECTOR.match(text) for text in texts)


def _classes(table: LabelTable, column: str) -> int:
    """The classes of a column of numbers or vectors of such; 0 if it holds something else."""
    cells = table.columns[column]
    if column == table.numbered:
        return max((int(str(cell)) for cell in cells), default=-1) + 1
    texts = [cell for cell in cells if isinstance(cell, str)]
    if len(texts) < len(cells) or not _are_vectors(list(filter(None, texts))):
        return 0
    return max(map(len, map(_elements, texts)), default=0)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _tell_apart(taken: dict[str, list[tuple[str, ...]]]) -> None:
    """A name that two columns use (hair red, hat red) is written ``column=name`` in both."""
    seen: dict[str, int] = {}
    for found in taken.values():
        for label in _vocabulary(found):
            seen[label] = seen.get(label, 0) + 1
    shared = {label for label, times in seen.items() if times > 1}
    for column, found in taken.items():
        if shared:
            taken[column] = [
                tuple(f"{clean_name(column)}={x}" if x in shared else x for x in labels)
                for labels in found
            ]
