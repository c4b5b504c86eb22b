"""Sources of labels: folders, a table, or an array beside the sprites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pxgen.config.settings import DataSettings
from pxgen.errors import InputError, UsageError
from pxgen.ingest.arrays import ARRAY_SUFFIXES, read_small
from pxgen.ingest.columns import (
    MAX_SURE_NAMES,
    class_name,
    clean_name,
    label_columns,
    vector_labels,
)
from pxgen.ingest.match import Matching, Unit, in_number_order, match_rows
from pxgen.ingest.named_labels import CAPTION_COLUMN, by_captions, by_pattern
from pxgen.ingest.split import split_level
from pxgen.ingest.tables import MAX_CLASSES, METADATA, LabelTable, merged, read_label_table
from pxgen.names import natural_key, normal, some

_MIN_NAMED_SHARE = 0.5
"""A table that names fewer of the sprites beside it is not theirs."""


def listed(text: str | None) -> tuple[str, ...]:
    """The names of a text such as ``knight, mage``."""
    return tuple(filter(None, (normal(name.strip()) for name in (text or "").split(","))))


@dataclass(frozen=True)
class Labelling:
    """The labels of every unit."""

    names: tuple[str, ...]
    of: list[tuple[str, ...]]
    """The labels of each unit, in the units' order."""
    notes: tuple[str, ...] = ()
    """The ways in which labels were found, for people."""
    table: bool = False
    """True if a label file with columns was read."""
    classes: int = 0
    """Numbered classes in label arrays and in vectors of label files."""
    tags: bool = False
    """True if the tags of files are labels, too."""
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The labels of cells, tags and frames of files, by their names: ``sheet.png#1,0``."""


def find_labels(
    units: Sequence[Unit],
    tables: Sequence[Path],
    arrays: Mapping[str, tuple[NDArray[Any], Sequence[str]]],
    settings: DataSettings,
    captions: Mapping[str, Sequence[Path]] | None = None,
) -> Labelling:
    """Label every unit.

    ``auto`` takes, in this order: label arrays that belong to arrays of sprites; the one CSV or
    JSON at the top of the sources that names them, or metadata in their folders; captions; the
    folders.

    ``tables`` are label files beside the sprites, ``arrays`` label arrays with class names by the
    name of the array file that they belong to, ``captions`` the texts beside an image by
    its name.

    Raises:
        InputError: a label file does not fit the sprites.
        UsageError: several label files fit and none was chosen, or options name columns or classes
            that there are none of.
    """
    if settings.label_pattern is not None:
        found = _by_pattern(units, settings)
    else:
        found = _find(units, tables, arrays, settings, captions or {})
    if settings.label_columns and not found.table:
        raise UsageError(
            "--label-columns names columns of a label file, and none is read: give it with --labels"
        )
    if settings.label_separator is not None and not found.table:
        raise UsageError(
            "--label-separator stands between labels in a label file, caption or name, and none is "
            "read: give it with --labels or --label-pattern"
        )
    class_names = listed(settings.label_names)
    if class_names and not found.classes:
        raise UsageError(
            "--label-names says what the numbers of label arrays mean, and no such array is read"
        )
    if class_names and len(class_names) != found.classes:
        raise UsageError(
            f"--label-names gives {len(class_names)} names, and the labels have {found.classes} "
            "classes: name each of them, from class 0 on"
        )
    return found


def _find(
    units: Sequence[Unit],
    tables: Sequence[Path],
    arrays: Mapping[str, tuple[NDArray[Any], Sequence[str]]],
    settings: DataSettings,
    captions: Mapping[str, Sequence[Path]],
) -> Labelling:
    source = settings.labels
    if source == "none":
        return Labelling((), [()] * len(units))
    if source == "folders":
        return _by_folders(units)
    if source == "captions":
        found = _by_captions(units, captions, settings)
        if found is None:
            raise InputError("no .txt or .caption file of an image's name lies beside it")
        return found
    if source == "auto":
        return _automatic(units, tables, arrays, settings, captions)
    if Path(source).suffix.lower() in ARRAY_SUFFIXES:
        return _by_array(units, read_small(Path(source)), listed(settings.label_names), source)
    table = read_label_table(Path(source))
    if table.damage:
        raise table.damage
    return _by_table(units, match_rows(table, units), settings)


def _automatic(
    units: Sequence[Unit],
    tables: Sequence[Path],
    arrays: Mapping[str, tuple[NDArray[Any], Sequence[str]]],
    settings: DataSettings,
    captions: Mapping[str, Sequence[Path]],
) -> Labelling:
    numbers: dict[str | None, list[int]] = {name: [] for name in arrays}
    for number, unit in enumerate(units):
        numbers.setdefault(unit.name if unit.name in arrays else None, []).append(number)
    names: dict[str, None] = {}
    notes: dict[str, None] = {}
    of: list[tuple[str, ...]] = [()] * len(units)
    found = []
    for owner, where in numbers.items():
        members = [units[number] for number in where]
        if owner is None:
            part = _beside(members, tables, captions, settings)
        else:
            values, class_names = arrays[owner]
            part = _by_array(members, values, listed(settings.label_names) or class_names, owner)
        found.append(part)
        names.update(dict.fromkeys(part.names))
        notes.update(dict.fromkeys(part.notes))
        for number, labels in zip(where, part.of, strict=True):
            of[number] = labels
    return Labelling(
        tuple(names),
        of,
        tuple(notes),
        table=any(part.table for part in found),
        classes=max((part.classes for part in found), default=0),
        parts={name: labels for part in found for name, labels in part.parts.items()},
        tags=any(part.tags for part in found),
    )


def _beside(
    units: Sequence[Unit],
    tables: Sequence[Path],
    captions: Mapping[str, Sequence[Path]],
    settings: DataSettings,
) -> Labelling:
    """Labels from a table or captions that lie there, else from folders and tags."""
    fitting = _fitting(units, tables)
    if fitting is not None:
        return _by_table(units, fitting, settings)
    captioned = sum((unit.first_file or unit.name) in captions for unit in units)
    found = None
    if captioned and captioned >= len(units) * _MIN_NAMED_SHARE:
        found = _by_captions(units, captions, settings)
    found = found or replace(_by_folders(units), tags=True)
    if not tables or not units:
        return found
    note = (
        f"{len(tables)} tables name too few of the sprites to be theirs, such as {tables[0].name}"
    )
    return replace(found, notes=(f"{note}: --labels FILE tells why", *found.notes))


def labels_of_tags(tags: Sequence[str]) -> list[tuple[str, ...]]:
    """The label that each sprite's tag is, if it has one; none of tags that hardly any share."""
    names = [clean_name(tag) for tag in tags]
    count = len({*names} - {""})
    if len({*names}) < 2 or (count > MAX_SURE_NAMES and count > len(tags) / 2):
        return [()] * len(tags)
    return [(name,) if name else () for name in names]


def _by_folders(units: Sequence[Unit]) -> Labelling:
    """Every folder between the root and a sprite is a label.

    Not those that hold all sprites, nor those of a split.
    """
    parents = [PurePosixPath(unit.first_file or unit.name).parts[:-1] for unit in units]
    if (level := split_level(parents)) is not None:
        parents = [(*parts[:level], *parts[level + 1 :]) for parts in parents]
    held = Counter(part for parts in parents for part in set(parts))
    names = {part: clean_name(part) for part, count in held.items() if count < len(units)}
    names = {part: name for part, name in names.items() if name}
    of = [tuple(dict.fromkeys(names[part] for part in parts if part in names)) for parts in parents]
    found = tuple(sorted(set(names.values()), key=natural_key))
    note: tuple[str, ...] = (f"{len(found)} labels from folders: {some(found)}",) if found else ()
    if held and not found:
        note = ("no labels: all sprites lie in the same folder",)
    return Labelling(found, of, note)


def _fitting(units: Sequence[Unit], paths: Sequence[Path]) -> Matching | None:
    fitting: list[Matching] = []
    several = [path for path in paths if path.name in METADATA]
    found = [path for path in paths if len(several) < 2 or path not in several]
    reads: list[Callable[[], LabelTable]] = [partial(read_label_table, path) for path in found]
    if len(several) > 1:
        # One a folder: train/metadata.jsonl and test/metadata.jsonl.
        reads.append(lambda: merged([read_label_table(path) for path in several]))
    for read in reads:
        try:
            matching = match_rows(read(), units)
        except InputError:  # a file that merely lies there is no error until it is asked for
            continue
        if matching.reached >= len(units) * _MIN_NAMED_SHARE:
            fitting.append(matching)
    if len(fitting) > 1:
        files = ", ".join(each.table.path.name for each in fitting)
        raise UsageError(f"several label files fit ({files}): choose one with --labels FILE")
    return fitting[0] if fitting else None


def _by_table(units: Sequence[Unit], matching: Matching, settings: DataSettings) -> Labelling:
    table = matching.table
    if table.damage:
        raise table.damage
    if matching.doubt:
        raise InputError(
            f"{table.path}: {matching.doubt}: write as much of each path as tells them apart, as "
            "they lie under the folder that is prepared, or --labels folders"
        )
    way = f"labels from {table.path.name}: column '{matching.column}' matched by {matching.method}"
    if matching.offset:
        way += ", counting from one where the sprites count from zero"
    missing, unused = len(units) - matching.matched, len(table) - len(matching.used)
    if missing or unused:
        way += f"; {missing} sprites without a row, {unused} rows without a sprite"
    return _joined(units, matching, way, settings, listed(settings.label_columns))


def _by_captions(
    units: Sequence[Unit], captions: Mapping[str, Sequence[Path]], settings: DataSettings
) -> Labelling | None:
    """Labels from texts beside images, between commas; None where no sprite has a text."""
    matching = by_captions(units, captions)
    if not matching.rows:
        return None
    way = f"labels from {len(matching.rows)} captions beside the sprites"
    if missing := len(units) - len(matching.rows):
        way += f"; {missing} sprites without one"
    chosen = [CAPTION_COLUMN] if settings.labels == "captions" else []
    settings = replace(settings, label_separator=settings.label_separator or ",")
    return _joined(units, matching, way, settings, listed(settings.label_columns) or chosen)


def _by_pattern(units: Sequence[Unit], settings: DataSettings) -> Labelling:
    """Labels from what stands in names where the pattern has words in braces."""
    pattern = settings.label_pattern or ""
    if settings.labels != "auto":
        raise UsageError(f"--label-pattern takes labels from names: no --labels {settings.labels}")
    matching = by_pattern(units, pattern)
    way = f"labels from names, as {pattern}"
    if missing := len(units) - len(matching.rows):
        bare = next(unit.name for k, unit in enumerate(units) if k not in matching.rows)
        way += f"; {missing} sprites have other names (such as {bare})"
    words = [name for name in matching.table if name != matching.column]
    return _joined(units, matching, way, settings, listed(settings.label_columns) or words)


def _joined(
    units: Sequence[Unit],
    matching: Matching,
    way: str,
    settings: DataSettings,
    chosen: Sequence[str],
) -> Labelling:
    """The labels that each sprite's rows give it; ``way`` says how these were found."""
    class_names, separator = listed(settings.label_names), settings.label_separator
    found = label_columns(matching.table, matching.column, chosen, class_names, separator)

    def labels(rows: Sequence[int]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(label for row in rows for label in found.rows[row]))

    of = [labels(matching.rows.get(number, ())) for number in range(len(units))]
    parts = {name: labels(rows) for name, rows in matching.parts.items()}
    notes = (way, *found.notes)
    return Labelling(found.names, of, notes, table=True, classes=found.classes, parts=parts)


def _by_array(
    units: Sequence[Unit], values: NDArray[Any], class_names: Sequence[str], where: str
) -> Labelling:
    """Row i labels the i-th unit: by their numbers where they have such, else in sorted order."""
    if values.ndim == 0 or len(values) != len(units):
        count = 0 if values.ndim == 0 else len(values)
        raise InputError(f"{where}: {count} labels for {len(units)} sprites; they must be as many")
    names, rows, classes = _array_rows(values, class_names, where)
    of: list[tuple[str, ...]] = [()] * len(units)
    order = in_number_order(units)
    for row, unit in enumerate(order or range(len(units))):
        of[unit] = rows[row]
    way = "in the order of their numbers" if order else "in sorted order"
    note = f"{len(names)} labels from {PurePosixPath(where).name}, {way}"
    return Labelling(names, of, (note,), classes=classes)


def _array_rows(
    values: NDArray[Any], class_names: Sequence[str], where: str
) -> tuple[tuple[str, ...], list[tuple[str, ...]], int]:
    """All labels, those of each row, and how many numbered classes there are."""
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 1 and values.dtype.kind == "U":
        names = map(clean_name, values.tolist())
        rows: list[tuple[str, ...]] = [(name,) if name else () for name in names]
        return tuple(sorted({name for row in rows for name in row}, key=natural_key)), rows, 0
    if values.dtype.kind not in "buif" or values.ndim not in {1, 2}:
        raise InputError(f"{where}: {values.dtype} {values.shape} is neither classes nor one-hot")
    if values.ndim == 2:
        if not np.isin(values, (0, 1)).all():
            raise InputError(f"{where}: a table of labels holds only 0 and 1")
        classes = values.shape[1]
        known = tuple(class_name(number, class_names) for number in range(classes))
        return known, [vector_labels(row, class_names) for row in values.tolist()], classes
    if (values != np.rint(values)).any() or values.min() < 0 or values.max() >= MAX_CLASSES:
        raise InputError(f"{where}: classes are whole numbers from 0")
    classes = int(values.max()) + 1
    count = max(classes, len(class_names))
    known = tuple(class_name(number, class_names) for number in range(count))
    return known, [(known[int(value)],) for value in values], classes
