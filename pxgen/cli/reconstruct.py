"""``pxgen reconstruct``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from pxgen.cli.completing import complete_labels
from pxgen.cli.options import (
    FILES,
    PATH,
    device_option,
    force_option,
    model_option,
    setting_option,
    shard_of,
    shard_option,
)
from pxgen.cli.session import Session, pass_session
from pxgen.cli.showing import show_file, show_option
from pxgen.config.settings import SampleSettings


@click.command("reconstruct", short_help="Encode and decode images, side by side.")
@click.argument("images", nargs=-1, required=True, type=PATH, metavar="IMAGE...")
@model_option
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_labels,
    help="A label the images bear.",
)
@click.option(
    "--level",
    type=click.Choice(["both", "top", "bottom"]),
    default="both",
    show_default=True,
    help="What to decode of codes that have two levels.",
)
@click.option("--strict", is_flag=True, help="Refuse colours that the model's palette lacks.")
@setting_option(SampleSettings, "seed", "--seed", metavar="S")
@setting_option(SampleSettings, "scale", "--scale", metavar="K")
@click.option(
    "-o",
    "--out",
    metavar="OUT",
    help=f"Folder, .png sheet, {FILES} frames, or - (default: a file an image, here).",
)
@force_option
@shard_option
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON document.")
@device_option
@show_option
@pass_session
def command(
    session: Session,
    images: tuple[Path, ...],
    model: Path | None,
    labels: tuple[str, ...],
    level: Literal["both", "top", "bottom"],
    strict: bool,
    seed: int,
    scale: int,
    out: str | None,
    force: bool,
    shard: tuple[int, int],
    as_json: bool,
    device: str,
    show: bool,
) -> None:
    """Encode and decode images: each beside what the model made of it and what it missed.

    Prints the path of each file; the exact share of the pixels goes to standard error.

    \b
    Examples:
      pxgen reconstruct sprites/knight.png --scale 8
      pxgen reconstruct sprites/*.png -o reconstructed.png
    """
    import json

    from pxgen.commands.reconstruct import ReconstructRequest, lines, reconstruct, totals

    request = ReconstructRequest(
        images=images,
        numbers=shard_of(len(images), shard),
        model=model,
        runs=session.project.runs,
        labels=labels,
        level=level,
        strict=strict,
        seed=seed,
        scale=scale,
        out=out,
        force=force,
        device=device,
    )
    made, written = reconstruct(request, session.console)
    if as_json:
        click.echo(json.dumps(totals(made), indent=2, ensure_ascii=False))
        return
    for path in written:
        click.echo(path)
        if show:
            show_file(path)
    for line in lines(made):
        session.console.print(line)
