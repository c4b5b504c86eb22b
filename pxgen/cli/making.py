"""Options of the commands that draw pictures from a model."""

from __future__ import annotations

import functools
import typing
from typing import Any

import click

from pxgen.cli.options import (
    FILES,
    Command,
    device_option,
    force_option,
    label_option,
    model_option,
    setting_option,
    shard_of,
    shard_option,
    sheet_options,
    workers_option,
)
from pxgen.cli.session import Session
from pxgen.config.settings import SampleSettings

OPTIONS = (
    model_option,
    setting_option(SampleSettings, "count", "-n", "--count", metavar="COUNT"),
    label_option,
    setting_option(SampleSettings, "seed", "--seed", metavar="S"),
    click.option(
        "--first",
        type=click.IntRange(0),
        default=0,
        metavar="I",
        help="Number of the first of them in the seed's stream.",
    ),
    shard_option,
    setting_option(SampleSettings, "temperature", "--temperature", metavar="T"),
    setting_option(SampleSettings, "top_k", "--top-k", metavar="K"),
    setting_option(SampleSettings, "top_p", "--top-p", metavar="P"),
    setting_option(SampleSettings, "scale", "--scale", metavar="K"),
    click.option(
        "-o",
        "--out",
        metavar="OUT",
        help=f"Folder, .png sheet, {FILES} frames, or - (default: here).",
    ),
    sheet_options,
    force_option,
    click.option("--skip-existing", is_flag=True, help="Leave out what is in the folder already."),
    click.option("--dry-run", is_flag=True, help="Print what would be written, and write nothing."),
    device_option,
    workers_option,
)
AS_THEY_ARE = (
    *("model", "labels", "seed", "scale", "out", "sheet", "force", "skip_existing", "dry_run"),
    *("device", "workers"),
)
HEAT = ("temperature", "top_k", "top_p")


def making_options(command: Command) -> Command:
    """All of them; the command gets the fields of ``Making`` as ``making``, and ``heat``.

    ``heat`` are temperature, top-k and top-p by name, as ``SamplingParams`` takes them.
    """

    @functools.wraps(command)
    def with_making(session: Session, *args: Any, **given: Any) -> Any:
        making = {name: given.pop(name) for name in AS_THEY_ARE}
        first, count = given.pop("first"), given.pop("count")
        making["count"] = count
        own = shard_of(count, given.pop("shard"))
        making["indices"] = range(first + own.start, first + own.stop)
        making["runs"] = session.project.runs
        heat = {name: given.pop(name) for name in HEAT}
        return command(session, *args, making=making, heat=heat, **given)

    for option in reversed(OPTIONS):
        with_making = option(with_making)
    return typing.cast(Command, with_making)
