"""Options of commands, made from the fields of settings classes."""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from pxgen.cli import completing
from pxgen.cli.session import Session
from pxgen.config.schema import Rule, Table, option_name, rules
from pxgen.engines.describe import DESCRIPTIONS
from pxgen.render.kinds import CLIP_SUFFIXES

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)
METAVARS = {int: "N", float: "X", Path: "PATH", str: "TEXT"}


def settings_options(settings: type, into: str = "settings") -> Callable[[Command], Command]:
    """An option or argument for every field of a settings class, in the order of the fields.

    Args:
        settings: a dataclass whose fields are made by :func:`pxgen.config.schema.setting`.
        into: the parameter under which the command gets them, as one object.
    """
    hints = typing.get_type_hints(settings)
    known = rules(settings)
    entries = dataclasses.fields(settings)

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def with_settings(*args: Any, **given: Any) -> Any:
            values = {entry.name: given.pop(option_name(entry.name)) for entry in entries}
            return command(*args, **given, **{into: settings(**values)})

        decorated: Callable[..., Any] = with_settings
        for entry in reversed(entries):
            decorated = _option(entry, hints[entry.name], known[entry.name])(decorated)
        return typing.cast(Command, decorated)

    return decorate


EXCUSED = "pxgen.excused"
"""In a context's ``meta`` once an option is given that excuses the lack of others."""


class _Parameter(click.Parameter):
    """A parameter that may lack, needed or not, once an option excuses it.

    A session learns which texts the project file or the environment say.
    """

    def consume_value(
        self, ctx: click.Context, opts: Mapping[str, Any]
    ) -> tuple[Any, ParameterSource]:
        """The value, not parsed yet, and its source."""
        value, source = super().consume_value(ctx, opts)
        session = ctx.find_object(Session)
        textual = self.type in (PATH, click.STRING) and source is not ParameterSource.DEFAULT
        if session is not None and textual and value is not None:
            origin = _origin(ctx, self.name or "", source)
            for text in map(str, value if isinstance(value, list | tuple) else [value]):
                said_twice = session.origins.get(text, origin) != origin
                session.origins[text] = "" if said_twice else origin
        return value, source

    def value_is_missing(self, value: Any) -> bool:
        """Whether to complain."""
        excused = EXCUSED in click.get_current_context().meta
        return not excused and super().value_is_missing(value)


def _origin(ctx: click.Context, name: str, source: ParameterSource) -> str:
    """The variable of the environment or the key of the project file; else empty."""
    if source is ParameterSource.ENVIRONMENT:
        return f"{ctx.auto_envvar_prefix}_{name.upper()}"
    table: object = ctx.default_map
    if source is ParameterSource.DEFAULT_MAP and isinstance(table, Table):
        return str(table.where.key(name))
    return ""


class _Option(_Parameter, click.Option):
    """An option of a settings class."""


class _Argument(_Parameter, click.Argument):
    """An argument of a settings class."""


def _excuse(ctx: click.Context, _: click.Parameter, value: Any) -> Any:
    """Note that an option is given."""
    if value is not None:
        ctx.meta[EXCUSED] = True
    return value


def _option(
    entry: dataclasses.Field[Any], hint: Any, rule: Rule
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The click option of one field: type, range, default, help and completion are the field's."""
    name, required = option_name(entry.name), entry.default is dataclasses.MISSING
    default = None if required else entry.default
    bare = _is_union(hint) and bool in typing.get_args(hint)
    if _is_union(hint):
        hint = typing.get_args(hint)[0]
    several = typing.get_origin(hint) is tuple and rule.parse is None
    while several and typing.get_args(hint) and typing.get_origin(hint) is not typing.Literal:
        hint = typing.get_args(hint)[0]
    shared: dict[str, Any] = {"type": _click_type(hint, rule)}
    shared["metavar"] = rule.metavar or METAVARS.get(hint)
    complete = rule.complete or ("files" if rule.is_path or name == "out" else "")
    if complete:
        shared["shell_complete"] = getattr(completing, f"complete_{complete}")
    if rule.argument:
        return click.argument(name, nargs=-1, required=required, cls=_Argument, **shared)
    flags = rule.flags or ("--" + name.replace("_", "-"),)
    shared |= {"help": _sentence(rule.doc), "required": required, "cls": _Option}
    if rule.excuses:
        # Before all others, whatever the order.
        shared |= {"is_eager": True, "callback": _excuse}
    if not required:
        shared["default"] = default
    if hint is bool:
        del shared["type"]
        return click.option(*flags, name, is_flag=True, **shared)
    if several:
        return click.option(*flags, name, multiple=True, **shared)
    if bare:
        shared["type"] = _ChoiceOrFlag(typing.get_args(hint))
        return click.option(*flags, name, is_flag=False, flag_value=True, **shared)
    shown = default is not None and rule.parse is None
    return click.option(*flags, name, show_default=shown, **shared)


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (types.UnionType, typing.Union)


SUFFIXES = {
    "{files}": "/".join(CLIP_SUFFIXES),
    "{descriptions}": ", ".join(f"{kind.suffix} ({kind.readers})" for kind in DESCRIPTIONS),
}
"""Texts of help for the kinds of files that are written."""


def _sentence(doc: str) -> str:
    for name, suffixes in SUFFIXES.items():
        doc = doc.replace(name, suffixes)
    return doc[:1].upper() + doc[1:] + "."


def nearness(ctx: click.Context, name: str) -> int:
    """Rank of a parameter's source: flags beat the environment, which beats a file."""
    order = (ParameterSource.ENVIRONMENT, ParameterSource.COMMANDLINE)
    source = ctx.get_parameter_source(name)
    return order.index(source) + 1 if source in order else 0


class WholeRange(click.IntRange):
    """A range of whole numbers, called as people call them."""

    name = "whole number"


class FiniteRange(click.FloatRange):
    """A range of floats without `nan` and `inf`, which are in no range that is meant."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse a number; fail as click does."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number.", param, ctx)
        return number


class _ChoiceOrFlag(click.Choice[str]):
    """A choice for an option that also stands alone, as a flag."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse a choice, or true and false as an environment variable spells them."""
        try:
            return click.BOOL.convert(value, param, ctx)
        except click.BadParameter:
            return super().convert(value, param, ctx)


class _Parsed(click.ParamType[Any]):
    """Text that a rule's own parser reads."""

    name = "text"

    def __init__(self, parse: Callable[[str], Any]) -> None:
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse text; a default is a value already."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _click_type(hint: Any, rule: Rule) -> click.ParamType[Any]:
    if rule.parse is not None:
        return _Parsed(rule.parse)
    if typing.get_origin(hint) is typing.Literal:
        return click.Choice(typing.get_args(hint))
    if hint is int:
        return WholeRange(_whole(rule.low), _whole(rule.high))
    if hint is float:
        return FiniteRange(rule.low, rule.high)
    return PATH if hint is Path else click.STRING


def _whole(bound: float | None) -> int | None:
    return None if bound is None else int(bound)
