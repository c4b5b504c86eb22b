"""``pxgen animate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from pxgen.cli.options import (
    PATH,
    device_option,
    dry_run_option,
    first_option,
    force_option,
    fps_option,
    label_option,
    model_option,
    setting_option,
    shard_option,
    sheet_options,
    skip_existing_option,
    workers_option,
)
from pxgen.cli.session import Session, pass_session
from pxgen.cli.showing import show_file, show_option
from pxgen.settings import SampleSettings

SHORTEST, LONGEST = 10, 65_535
"""Milliseconds that a frame is shown."""

if TYPE_CHECKING:
    from pxgen.render.together import SheetWish


def parse_durations(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[float, ...] | None:
    """``100,80,250`` as numbers; an option's callback.

    Raises:
        click.BadParameter: one of them is no time that a frame can be shown.
    """
    if value is None:
        return None
    try:
        times = tuple(float(part) for part in value.split(","))
    except ValueError:
        times = ()
    if not times or not all(LONGEST >= time >= SHORTEST for time in times):
        raise click.BadParameter(
            f"{value!r} is no list such as 100,80,250, each {SHORTEST} to {LONGEST}.", ctx, param
        )
    return times


@click.command("animate", short_help="Make sprites move.")
@model_option
@setting_option(SampleSettings, "count", "-n", "--count", metavar="COUNT")
@label_option
@setting_option(SampleSettings, "seed", "--seed", metavar="S")
@first_option
@shard_option
@click.option("--given", type=PATH, metavar="CLIP", help="Go on with this clip.")
@click.option(
    "--keep",
    type=click.IntRange(1),
    metavar="N",
    help="Only with so many of its first frames (default: all).",
)
@click.option(
    "--frames",
    type=click.IntRange(2),
    metavar="N",
    help="Frames of a walk of a model of stills (default: 24).",
)
@click.option(
    "--loop",
    type=click.Choice(["forward", "pingpong"]),
    default="forward",
    show_default=True,
    help="Begin again, or go there and back.",
)
@setting_option(SampleSettings, "temperature", "--temperature", metavar="T")
@setting_option(SampleSettings, "top_k", "--top-k", metavar="K")
@setting_option(SampleSettings, "top_p", "--top-p", metavar="P")
@fps_option
@click.option(
    "--durations",
    callback=parse_durations,
    metavar="MS,MS,...",
    help="Milliseconds of each frame, instead of --fps.",
)
@setting_option(SampleSettings, "scale", "--scale", metavar="K")
@click.option(
    "-o",
    "--out",
    metavar="OUT",
    help="Folder (a GIF each), .gif/.webp/.apng/.aseprite, .png strips, or - (default: here).",
)
@sheet_options
@force_option
@skip_existing_option
@dry_run_option
@device_option
@workers_option
@show_option
@pass_session
def command(
    session: Session,
    model: Path | None,
    count: int,
    labels: tuple[str, ...],
    seed: int,
    first: int,
    shard: tuple[int, int],
    given: Path | None,
    keep: int | None,
    frames: int | None,
    loop: Literal["forward", "pingpong"],
    temperature: float | None,
    top_k: int | None,
    top_p: float | None,
    fps: float,
    durations: tuple[float, ...] | None,
    scale: int,
    out: str | None,
    sheet: SheetWish,
    force: bool,
    skip_existing: bool,
    dry_run: bool,
    device: str,
    workers: int | None,
    show: bool,
) -> None:
    """Make sprites move and print the path of each file.

    A model of clips draws clips, or goes on with given frames, which stay as they are. A model of
    stills walks from sprite to sprite and back to the first, without a seam.

    \b
    Examples:
      pxgen animate --label ghost -o ghost.gif
      pxgen animate --given walk.gif --keep 2 -n 4 -o out/
      pxgen animate --label slime --frames 32 --fps 12 --scale 4 -o slime.gif
    """
    if keep is not None and given is None:
        raise click.UsageError("--keep needs a clip to keep frames of: give it with --given.")
    from pxgen.commands.animate import AnimateRequest, animate
    from pxgen.models.protocol import Sampling

    request = AnimateRequest(
        model=model,
        runs=session.project.runs,
        labels=labels,
        seed=seed,
        indices=range(first + shard[0], first + count, shard[1]),
        given=given,
        keep=keep,
        frames=frames,
        loop=loop,
        how=Sampling(temperature=temperature, top_k=top_k, top_p=top_p),
        fps=fps,
        durations=durations,
        scale=scale,
        out=out,
        sheet=sheet,
        force=force,
        skip_existing=skip_existing,
        dry_run=dry_run,
        device=device,
        workers=workers,
    )
    for path in animate(request, session.console):
        click.echo(path)
        if show:
            show_file(path)
