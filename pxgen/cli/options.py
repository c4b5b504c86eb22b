"""Options shared by commands: built from the settings, so that defaults and help agree."""

from __future__ import annotations

import functools
import math
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from pxgen.cli.completing import complete_labels
from pxgen.config.schema import Rule, rules
from pxgen.engines.describe import KINDS as DESCRIPTIONS
from pxgen.render.kinds import CLIP_SUFFIXES

if typing.TYPE_CHECKING:
    from pxgen.engines.atlas import Arrangement

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)

device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where to compute.",
)

model_option = click.option(
    "-m",
    "--model",
    type=PATH,
    metavar="MODEL",
    help="Run, checkpoint, or starter or starter-clips of the package (default: the newest run).",
)


def setting_option(
    settings: type, name: str, *flags: str, **extra: Any
) -> Callable[[Command], Command]:
    """An option that sets the field ``name``: its type, range, default and help are the field's.

    Args:
        settings: a settings class of :mod:`pxgen.config.settings`.
        name: the field, and the parameter of the command.
        flags: the option's spellings, ``-n``, ``--count``.
        extra: what to pass on to :func:`click.option`, such as ``metavar``.
    """
    rule = rules(settings)[name]
    hint = typing.get_type_hints(settings)[name]
    if typing.get_origin(hint) is types.UnionType:
        hint = typing.get_args(hint)[0]
    default = settings.__dataclass_fields__[name].default  # type: ignore[attr-defined]
    if hint is bool:
        extra.setdefault("is_flag", True)
    else:
        extra.setdefault("type", _click_type(hint, rule))
    extra.setdefault("help", rule.doc[0].upper() + rule.doc[1:] + ".")
    extra.setdefault("show_default", default is not None and hint is not bool)
    return click.option(*flags, name, default=default, **extra)


def nearness(ctx: click.Context, name: str) -> int:
    """How near to this call a parameter was set: flags beat the environment, which beats a file."""
    order = (ParameterSource.ENVIRONMENT, ParameterSource.COMMANDLINE)
    source = ctx.get_parameter_source(name)
    return order.index(source) + 1 if source in order else 0


class FiniteRange(click.FloatRange):
    """A range of floats without `nan` and `inf`, which are in no range that is meant."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse a number; fail as click does."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number.", param, ctx)
        return number


def _click_type(hint: Any, rule: Rule) -> click.ParamType[Any]:
    if typing.get_origin(hint) is typing.Literal:
        return click.Choice(typing.get_args(hint))
    if hint is int:
        return click.IntRange(_whole(rule.low), _whole(rule.high))
    if hint is float:
        return FiniteRange(rule.low, rule.high)
    return click.STRING


def _whole(bound: float | None) -> int | None:
    return None if bound is None else int(bound)


def parse_shard(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int]:
    """``I/N``, part I of N counted from 1, as ``(I - 1, N)``; an option's callback.

    Raises:
        click.BadParameter: the text names no part.
    """
    part, slash, parts = (value or "1/1").partition("/")
    if not (slash and part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise click.BadParameter(f"{value!r} is no part such as 1/4, 2/4, 3/4 or 4/4.", ctx, param)
    return int(part) - 1, int(parts)


def shard_of(count: int, shard: tuple[int, int]) -> range:
    """The numbers below ``count`` that fall to a part: neighbours, which are computed at once."""
    part, parts = shard
    return range(count * part // parts, count * (part + 1) // parts)


FILES = "/".join(CLIP_SUFFIXES)
"""Suffixes of files that hold several pictures, one after another."""

shard_option = click.option(
    "--shard", callback=parse_shard, metavar="I/N", help="Make part I of N, from 1."
)

label_option = click.option(
    "--label",
    "labels",
    multiple=True,
    shell_complete=complete_labels,
    metavar="NAME",
    help="A label to show (repeatable); NAME:-1 forbids it, NAME:0.5 asks for it weakly.",
)

fps_option = click.option(
    "--fps",
    type=FiniteRange(0.02, 50),
    default=10.0,
    show_default=True,
    metavar="F",
    help="Frames a second.",
)

force_option = click.option(
    "--force", is_flag=True, help="Replace files of the same names in the folder."
)


def sheet_options(command: Command) -> Command:
    """Options of a sheet for engines; the command gets them as ``sheet``."""

    @click.option(
        "--sheet",
        "arrangement",
        type=click.Choice(["rows", "columns", "packed"]),
        help="Lay a .png out for engines: a clip a row or column, or trimmed and packed.",
    )
    @click.option(
        "--padding", type=click.IntRange(0, 256), default=0, metavar="P", help="Pixels between."
    )
    @click.option(
        "--extrude",
        type=click.IntRange(0, 256),
        default=0,
        metavar="P",
        help="Repeat borders around frames so often, so that filtering does not bleed.",
    )
    @click.option("--power-of-two", is_flag=True, help="Make the sheet's sides powers of two.")
    @click.option(
        "--data",
        type=PATH,
        multiple=True,
        metavar="FILE",
        help="Describe the sheet: "
        + ", ".join(f"{kind.suffix} ({kind.readers})" for kind in DESCRIPTIONS)
        + " (repeatable).",
    )
    @click.option("--array", is_flag=True, help="Name frames in a list in JSON.")
    @functools.wraps(command)
    def with_sheet(
        *args: Any,
        arrangement: Arrangement | None,
        padding: int,
        extrude: int,
        power_of_two: bool,
        data: tuple[Path, ...],
        array: bool,
        **others: Any,
    ) -> Any:
        from pxgen.engines.atlas import Style
        from pxgen.render.one_file import SheetOptions

        spaced = bool(padding or extrude or power_of_two)
        style = None
        if arrangement or spaced or data:
            style = Style(arrangement or "rows", padding, extrude, power_of_two)
        return command(*args, sheet=SheetOptions(style, data, array), **others)

    return typing.cast(Command, with_sheet)


workers_option = click.option(
    "--workers", type=click.IntRange(1), metavar="N", help="Threads (default: all)."
)
