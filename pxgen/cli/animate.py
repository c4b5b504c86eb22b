"""``pxgen animate``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from pxgen.cli.making import making_options
from pxgen.cli.options import PATH, fps_option
from pxgen.cli.session import Session, pass_session
from pxgen.cli.showing import show_file, show_option

SHORTEST, LONGEST = 10, 65_535
"""Milliseconds that a frame is shown."""


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
@click.option("--given", type=PATH, metavar="CLIP", help="Go on with this clip.")
@click.option(
    "--keep",
    type=click.IntRange(1),
    metavar="N",
    help="Only with so many of its first frames (default: all).",
)
@click.option(
    "--frames",
    type=click.IntRange(2, 4096),
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
@fps_option
@click.option(
    "--durations",
    callback=parse_durations,
    metavar="MS,MS,...",
    help="Milliseconds of each frame, instead of --fps.",
)
@show_option
@pass_session
@making_options
def command(
    session: Session,
    /,
    making: dict[str, Any],
    heat: dict[str, Any],
    given: Path | None,
    keep: int | None,
    frames: int | None,
    loop: Literal["forward", "pingpong"],
    fps: float,
    durations: tuple[float, ...] | None,
    show: bool,
) -> None:
    """Make sprites move and print the path of each file.

    A model of clips draws clips, or goes on with given frames, which stay as they are. A model of
    stills walks from sprite to sprite and back to the first, without a seam. Without a model of
    your own the starter of clips is used, or with --frames that of stills.

    \b
    Examples:
      pxgen animate --label ghost -o ghost.gif
      pxgen animate --given walk.gif --keep 2 -n 4 -o out/
      pxgen animate --label slime --frames 32 --fps 12 --scale 4 -o slime.gif
    """
    if keep is not None and given is None:
        raise click.UsageError("--keep needs a clip to keep frames of: give it with --given.")
    from pxgen.commands.animate import AnimateRequest, animate
    from pxgen.models.protocol import SamplingParams

    request = AnimateRequest(
        **making,
        given=given,
        keep=keep,
        frames=frames,
        loop=loop,
        sampling=SamplingParams(**heat),
        fps=fps,
        durations=durations,
    )
    for path in animate(request, session.console):
        click.echo(path)
        if show and not making["dry_run"]:
            show_file(path)
