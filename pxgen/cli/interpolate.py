"""``pxgen interpolate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pxgen.cli.completing import complete_labels
from pxgen.cli.options import (
    FILES,
    device_option,
    force_option,
    fps_option,
    model_option,
    setting_option,
    sheet_options,
)
from pxgen.cli.session import Session, pass_session
from pxgen.cli.showing import show_file, show_option
from pxgen.config.settings import SampleSettings

if TYPE_CHECKING:
    from pxgen.render.one_file import SheetOptions


@click.command("interpolate", short_help="Go from one sprite to another.")
@click.option("--from", "start", required=True, metavar="IMAGE|SEED", help="Where to begin.")
@click.option(
    "--through", multiple=True, metavar="IMAGE|SEED", help="A sprite on the way (repeatable)."
)
@click.option("--to", "end", required=True, metavar="IMAGE|SEED", help="Where to end.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_labels,
    help="A label of all of them.",
)
@click.option(
    "--from-label",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_labels,
    help="A label of the first one only.",
)
@click.option(
    "--to-label",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_labels,
    help="A label of the last one only.",
)
@click.option(
    "--frames",
    type=click.IntRange(2, 4096),
    default=16,
    show_default=True,
    metavar="N",
    help="How many.",
)
@click.option("--loop", is_flag=True, help="Go back to the beginning, without a seam.")
@model_option
@fps_option
@setting_option(SampleSettings, "scale", "--scale", metavar="K")
@click.option(
    "-o",
    "--out",
    metavar="OUT",
    help=f"Folder, .png strip, {FILES}, or - (default: frames here).",
)
@sheet_options
@force_option
@device_option
@show_option
@pass_session
def command(
    session: Session,
    start: str,
    through: tuple[str, ...],
    end: str,
    labels: tuple[str, ...],
    from_label: tuple[str, ...],
    to_label: tuple[str, ...],
    frames: int,
    loop: bool,
    model: Path | None,
    fps: float,
    scale: int,
    out: str | None,
    sheet: SheetOptions,
    force: bool,
    device: str,
    show: bool,
) -> None:
    """Go from one sprite to another and print the path of each file.

    A sprite is an image, which the model encodes, or a seed, whose first picture is drawn as
    `sample` draws it. Every frame is of palette colours.

    \b
    Examples:
      pxgen interpolate --from 1 --to 2 --label alien -o morph.gif
      pxgen interpolate --from a.png --through b.png --to c.png --loop --frames 48 -o loop.gif
    """
    from pxgen.commands.interpolate import InterpolateRequest, interpolate, parse_key

    keys = [parse_key(text) for text in (start, *through, end)]
    of_each = [(*labels, *from_label), *[labels] * len(through), (*labels, *to_label)]
    request = InterpolateRequest(
        keys=keys,
        labels=of_each,
        frames=frames,
        loop=loop,
        model=model,
        runs=session.project.runs,
        fps=fps,
        scale=scale,
        out=out,
        sheet=sheet,
        force=force,
        device=device,
    )
    for path in interpolate(request, session.console):
        click.echo(path)
        if show:
            show_file(path)
