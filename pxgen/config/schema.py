"""Strict tables: a TOML or stored table becomes a frozen dataclass, or an error with an address.

A settings class is a frozen dataclass whose fields are made by :func:`setting`. A field declares an
option once: it gives the flag, the key of the project file and its comment, the environment
variable, the help, the type, the range and what the shell completes.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import numbers
import os
import re
import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pxgen.errors import InputError, UsageError

T = TypeVar("T")
TYPE_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text in quotes",
    Path: "a path in quotes",
}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Purpose of a setting and the values that it takes, beyond its type."""

    doc: str
    low: float | None = None
    high: float | None = None
    choices: Collection[str] = ()
    """The texts it takes, where its type does not list them."""
    example: str = ""
    """TOML shown for a setting that is unset by default."""
    is_path: bool = False
    """The value may be a path; one of the project file starts from the project's folder."""
    flags: tuple[str, ...] = ()
    """Spellings on the command line; by default ``--`` and the field's name."""
    metavar: str | None = None
    flag_only: bool = False
    """A matter of one run: the project file does not take it."""
    argument: bool = False
    """Written without a flag, at least once."""
    separator: str = ""
    """Stands between the parts of the text, which Python may give as a list."""
    complete: str = ""
    """Names that the shell completes: ``labels``, ``palettes`` or ``recipes``."""
    parse: Callable[[str], Any] | None = None
    """Text of the command line to the value; raises ``ValueError`` with what is wrong."""
    excuses: bool = False
    """Where it is given, options without a default may be left out."""


NO_RULE = Rule(doc="")
"""That of a plain field."""


def setting(default: T, doc: str, **rule: Any) -> T:
    """A dataclass field with its documentation; the keywords are those of :class:`Rule`."""
    # dataclasses are typed the same way: a field specifier claims to be its default.
    return field(default=default, metadata={"rule": Rule(doc=doc, **rule)})


def run_setting(default: T, doc: str, **rule: Any) -> T:
    """A :func:`setting` of one run, which the project file does not take."""
    return setting(default, doc, flag_only=True, **rule)


def needed(doc: str, **rule: Any) -> Any:
    """A :func:`run_setting` without a default."""
    return field(metadata={"rule": Rule(doc=doc, flag_only=True, **rule)})


def again(settings: type, name: str, **rule: Any) -> Any:
    """The field ``name`` of another settings class, declared once more with some of it changed."""
    entry: dataclasses.Field[Any] = settings.__dataclass_fields__[name]  # type: ignore[attr-defined]
    default = rule.pop("default", entry.default)
    changed = dataclasses.replace(entry.metadata["rule"], **rule)
    return field(default=default, metadata={"rule": changed})


def rules(settings: type) -> dict[str, Rule]:
    """The rules of a settings class by field name, in order; a plain field has an empty one."""
    fields = dataclasses.fields(settings)
    return {entry.name: entry.metadata.get("rule", NO_RULE) for entry in fields}


def option_name(field_name: str) -> str:
    """A field that cannot be called as its option bears an underscore: ``from_``."""
    return field_name.rstrip("_")


def values_of(settings: object, part: type) -> dict[str, Any]:
    """The values of those fields of a settings object that ``part``, a base of it, declares."""
    return {name: getattr(settings, name) for name in rules(part)}


def file_keys(settings: type) -> list[str]:
    """The fields of a settings class that its table of the project file takes, in order."""
    return [name for name, rule in rules(settings).items() if not rule.flag_only]


@dataclass(frozen=True)
class Where:
    """An address for error messages: a file, its text if it has lines, and a key's path."""

    file: str
    text: str = ""
    path: tuple[str, ...] = ()

    def key(self, name: str) -> Where:
        """The address of a key below this one."""
        return dataclasses.replace(self, path=(*self.path, name))

    def __str__(self) -> str:
        line = find_line(self.text, self.path)
        where = self.file if line is None else f"{self.file}:{line}"
        return f"{where}: {'.'.join(self.path)}" if self.path else where


@dataclass(frozen=True)
class Table(Mapping[str, Any]):
    """A table as it was read, which knows where it stands."""

    values_: Mapping[str, Any]
    where: Where

    def __getitem__(self, name: str) -> Any:
        return self.values_[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)

    def table(self, name: str) -> Table:
        """The table under ``name``, empty where there is none.

        Raises:
            InputError: something else stands there.
        """
        value = self.values_.get(name, {})
        if not isinstance(value, Mapping):
            raise InputError(f"{self.where.key(name)}: expected a table, got {_shown(value)}")
        return Table(value, self.where.key(name))

    def only(self, known: Iterable[str]) -> None:
        """Refuse keys that are not ``known``.

        Raises:
            InputError: names the first such key, its line and the nearest known one.
        """
        names = list(known)
        for name in self.values_:
            if name not in names:
                raise InputError(f"{self.where.key(name)}: unknown key; {nearest(name, names)}")


def read_table(cls: type[T], table: Table, only: Iterable[str] | None = None) -> T:
    """A settings object from its table; keys that the table leaves out keep their defaults.

    The keys of ``only`` may stand in it; by default those of the project file.

    Raises:
        InputError: an unknown key, a wrong type or a value out of range, with file, line and key.
    """
    hints = typing.get_type_hints(cls)
    known, fields = rules(cls), {option_name(name): name for name in rules(cls)}
    table.only(file_keys(cls) if only is None else only)
    values: dict[str, Any] = {}
    for key, value in table.items():
        name = fields[key]
        where, parse = table.where.key(key), known[name].parse
        text = parse is not None and isinstance(value, str)
        given = _parsed(parse, value, where) if parse and text else value
        values[name] = _convert(given, hints[name], where)
        _check_rule(values[name], known[name], where)
    missing = [f.name for f in dataclasses.fields(cls) if _required(f) and f.name not in values]  # type: ignore[arg-type]
    if missing:
        raise InputError(f"{table.where}: the key {option_name(missing[0])} is missing")
    return cls(**values)


def settings_from(
    cls: type[T],
    options: Mapping[str, Any],
    where: str,
    *,
    only: Iterable[str] | None = None,
    **own: Any,
) -> T:
    """A settings object from values of Python, checked as those of a file are.

    One value stands for a list of one, a list for text with parts, and text is read as the command
    line reads it.

    Args:
        cls: the settings class.
        options: values by name, as a caller wrote them.
        where: their address.
        only: the names that may stand among them; by default all.
        own: values that are no options of the caller's.

    Raises:
        UsageError: an unknown name, a wrong type or a value out of range.
    """
    known, hints = rules(cls), typing.get_type_hints(cls)
    names = [option_name(name) for name in known]
    values = {**options, **own}
    for name, rule in known.items():
        key, separator = option_name(name), rule.separator
        value = values.get(key)
        if isinstance(value, list | tuple):
            values[key] = separator.join(map(str, value)) if separator else value
        elif key in values and typing.get_origin(hints[name]) is tuple and not rule.parse:
            values[key] = [value]
    try:
        Table(options, Where(where)).only(names if only is None else only)
        return read_table(cls, Table(values, Where(where)), names)
    except InputError as error:
        raise UsageError(str(error)) from error


def settings_over(base: T, options: Mapping[str, Any], where: str, only: Iterable[str]) -> T:
    """Settings with values of :func:`settings_from`, and those of ``base`` where there are none.

    Raises:
        UsageError: an unknown name, a wrong type, a value out of range, or one that is missing.
    """
    fields = {option_name(name): name for name in rules(type(base))}
    kept = {key: getattr(base, name) for key, name in fields.items() if key not in options}
    # What the command line may leave out is None or nothing there.
    given = {key: value for key, value in kept.items() if value not in (None, ())}
    return settings_from(type(base), options, where, only=only, **given)


def nearest(name: str, known: Iterable[str]) -> str:
    """Advice for a name that is none of ``known``: the nearest ones, or all of them."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=3)
    return f"did you mean {' or '.join(close)}?" if close else f"known are {', '.join(names)}"


def find_line(text: str, path: tuple[str, ...]) -> int | None:
    """The line, from 1, on which a TOML text sets the key ``path``, or else what encloses it."""
    here: tuple[str, ...] = ()
    found: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\[?([^\[\]]+)\]", line):
            here = _split_key(header[1])
            found.setdefault(here, number)
        elif assignment := re.match(r"\s*([\w\-.\"' ]+?)\s*=", line):
            found.setdefault((*here, *_split_key(assignment[1])), number)
    while path and path not in found:
        path = path[:-1]
    return found.get(path)


def _split_key(key: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in key.split("."))


def _required(entry: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return entry.default is missing and entry.default_factory is missing


def _parsed(parse: Callable[[str], Any], text: str, where: Where) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error


def _convert(value: Any, hint: Any, where: Where) -> Any:
    """``value`` as the type that ``hint`` names, without guessing: "20" is no number."""
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        inner = typing.get_args(hint)
        return value if type(value) in inner[1:] else _convert(value, inner[0], where)
    if origin is typing.Literal:
        _check_choice(value, typing.get_args(hint), where)
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise InputError(f"{where}: expected a list in brackets, got {_shown(value)}")
        return tuple(_convert(item, typing.get_args(hint)[0], where) for item in value)
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise InputError(f"{where}: expected a table, got {_shown(value)}")
        return read_table(typing.cast(type, hint), Table(value, where))
    return _scalar(value, hint, where)


def _scalar(value: Any, kind: type, where: Where) -> Any:
    # A whole number is a number, and numpy's numbers are numbers; a bool is none.
    if not isinstance(value, bool):
        if kind is float and isinstance(value, numbers.Real):
            value = float(value)
        if kind is int and isinstance(value, numbers.Integral):
            value = int(value)
    if kind is Path and isinstance(value, str | os.PathLike):
        return Path(value)
    if kind is str and isinstance(value, os.PathLike):
        value = os.fspath(value)
    # bool is a subclass of int, and `steps = true` is a mistake.
    if type(value) is not kind:
        raise InputError(f"{where}: expected {TYPE_WORDS[kind]}, got {_shown(value)}")
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{where}: expected a finite number, got {value}")
    return value


def _check_choice(value: Any, choices: Collection[str], where: Where) -> None:
    if value not in choices:
        raise InputError(f"{where}: expected one of {', '.join(choices)}; got {_shown(value)}")


def _check_rule(value: Any, rule: Rule, where: Where) -> None:
    if isinstance(value, tuple):
        for item in value:
            _check_rule(item, rule, where)
        return
    if value is None:
        return
    if rule.choices:
        _check_choice(value, rule.choices, where)
    if rule.low is not None and value < rule.low:
        raise InputError(f"{where}: at least {rule.low:g}, got {value:g}")
    if rule.high is not None and value > rule.high:
        raise InputError(f"{where}: at most {rule.high:g}, got {value:g}")


def _shown(value: Any) -> str:
    text = repr(value).replace("\n", " ")
    return text if len(text) <= 40 else text[:37] + "..."
