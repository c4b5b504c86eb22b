"""``pxgen animate``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from pxgen.cli.options import (
    PATH,
    device_option,
    first_option,
    force_option,
    fps_option,
    label_option,
    model_option,
    setting_option,
    shard_option,
    workers_option,
)
from pxgen.cli.session import Session, pass_session
from pxgen.settings import SampleSettings


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
@setting_option(SampleSettings, "scale", "--scale", metavar="K")
@click.option(
    "-o",
    "--out",
    metavar="OUT",
    help="Folder (a GIF each), .gif/.webp/.apng, .png strips, or - (default: here).",
)
@force_option
@device_option
@workers_option
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
    scale: int,
    out: str | None,
    force: bool,
    device: str,
    workers: int | None,
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
        count=count,
        labels=labels,
        seed=seed,
        first=first,
        shard=shard,
        given=given,
        keep=keep,
        frames=frames,
        loop=loop,
        how=Sampling(temperature=temperature, top_k=top_k, top_p=top_p),
        fps=fps,
        scale=scale,
        out=out,
        force=force,
        device=device,
        workers=workers,
    )
    for path in animate(request, session.console):
        click.echo(path)
