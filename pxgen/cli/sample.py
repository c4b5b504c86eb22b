"""``pxgen sample``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pxgen.cli.completing import complete_palettes
from pxgen.cli.options import (
    PATH,
    FiniteRange,
    device_option,
    dry_run_option,
    first_option,
    force_option,
    label_option,
    model_option,
    nearness,
    setting_option,
    shard_option,
    sheet_options,
    skip_existing_option,
    workers_option,
)
from pxgen.cli.session import Session, pass_session
from pxgen.cli.showing import show_file, show_option
from pxgen.settings import SampleSettings

if TYPE_CHECKING:
    from pxgen.render.together import SheetWish


@click.command("sample", short_help="Make new sprites.")
@model_option
@setting_option(SampleSettings, "count", "-n", "--count", metavar="COUNT")
@label_option
@setting_option(SampleSettings, "seed", "--seed", metavar="S")
@first_option
@shard_option
@setting_option(SampleSettings, "steps", "--steps", metavar="K")
@setting_option(SampleSettings, "sampler", "--sampler", metavar="NAME")
@setting_option(SampleSettings, "guidance", "--guidance", metavar="G")
@setting_option(SampleSettings, "temperature", "--temperature", metavar="T")
@setting_option(SampleSettings, "top_k", "--top-k", metavar="K")
@setting_option(SampleSettings, "top_p", "--top-p", metavar="P")
@setting_option(SampleSettings, "eta", "--eta", metavar="E")
@click.option("--init", type=PATH, metavar="IMAGE", help="Start from this sprite.")
@click.option(
    "--strength",
    "strengths",
    type=FiniteRange(0, 1),
    multiple=True,
    metavar="X",
    help="How far from --init to go: 0 not at all, 1 forgets it (repeatable: taken in turn; "
    "default: 0.8, and 1 inside --mask).",
)
@click.option(
    "--mask", type=PATH, metavar="IMAGE", help="Draw only where this is white; keep the rest."
)
@click.option("--tile", type=click.Choice(["x", "y", "xy"]), help="Join borders without a seam.")
@click.option(
    "--canvas",
    metavar="WxH",
    help="Draw on a larger canvas (for textures; figures join); --init stays as it is.",
)
@click.option("--at", metavar="X,Y", help="Where --init lies on --canvas (default: the middle).")
@click.option("--lock", metavar="FILE", help="Use only the colours nearest to a palette's.")
@click.option("--trace", is_flag=True, help="Show each sprite as it forms.")
@setting_option(
    SampleSettings, "palette", "--palette", metavar="FILE", shell_complete=complete_palettes
)
@setting_option(SampleSettings, "scale", "--scale", metavar="K")
@click.option(
    "-o",
    "--out",
    metavar="OUT",
    help="Folder, .png sheet, .gif/.webp/.apng/.aseprite frames, or - (default: here).",
)
@sheet_options
@force_option
@skip_existing_option
@dry_run_option
@click.option("--manifest", type=PATH, metavar="FILE", help="Write how to make each picture again.")
@click.option(
    "--repeat",
    type=PATH,
    metavar="FILE",
    help="Make the pictures of a manifest again (- reads it from a pipe); nothing else is drawn.",
)
@click.option(
    "--novel",
    type=click.IntRange(1),
    metavar="D",
    help="Draw again what differs from a training sprite in fewer than D pixels.",
)
@click.option(
    "--dataset", type=PATH, metavar="PATH", help="Training sprites of --novel (default: project's)."
)
@device_option
@click.option(
    "--batch",
    type=click.IntRange(1),
    default=64,
    show_default=True,
    metavar="N",
    help="Sprites written at once; changes memory, never the pictures.",
)
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
    steps: int | None,
    sampler: str | None,
    guidance: float | None,
    temperature: float | None,
    top_k: int | None,
    top_p: float | None,
    eta: float | None,
    init: Path | None,
    strengths: tuple[float, ...],
    mask: Path | None,
    tile: str | None,
    canvas: str | None,
    at: str | None,
    lock: str | None,
    trace: bool,
    palette: str | None,
    scale: int,
    out: str | None,
    sheet: SheetWish,
    force: bool,
    skip_existing: bool,
    dry_run: bool,
    manifest: Path | None,
    repeat: Path | None,
    novel: int | None,
    dataset: Path | None,
    device: str,
    batch: int,
    workers: int | None,
    show: bool,
) -> None:
    """Make new sprites and print the path of each file.

    Without a model of your own the starter model in the package is used. The same seed gives the
    same pictures, whatever the batch size, thread count or shard.

    \b
    Examples:
      pxgen sample --label alien
      pxgen sample --label alien --label hat-wizard:-1 -n 100 --seed 7 -o aliens/
      pxgen sample -n 64 --palette pico-8 --scale 4 -o sheet.png
      pxgen sample --label robot -o forming.gif
      pxgen sample --init hero.png --strength 0.3 --strength 0.6 --strength 0.9 -n 9 -o variations/
      pxgen sample --init hero.png --mask hat.png --label hat-crown
    """
    if repeat is not None:
        _repeat(session, repeat, model, out, force, device, batch, workers, show=show)
        return
    from pxgen.commands.editing import Edits
    from pxgen.commands.sample import SampleRequest, sample
    from pxgen.models.protocol import Sampling

    request = SampleRequest(
        model=model,
        runs=session.project.runs,
        labels=labels,
        seed=seed,
        indices=range(first + shard[0], first + count, shard[1]),
        stride=count,
        how=Sampling(
            steps=steps,
            sampler=sampler,
            guidance=guidance,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            eta=eta,
        ),
        edits=Edits(
            init=init,
            strengths=strengths,
            mask=mask,
            tile=tile,
            canvas=canvas,
            at=at,
            lock=lock,
        ),
        trace=trace,
        palette=palette,
        scale=scale,
        out=out,
        sheet=sheet,
        force=force,
        skip_existing=skip_existing,
        dry_run=dry_run,
        manifest=manifest,
        novel=novel,
        dataset=dataset or session.project.dataset,
        device=device,
        batch=batch,
        workers=workers,
    )
    for path in sample(request, session.console):
        click.echo(path)
        if show:
            show_file(path)


REPEATED = {"model", "repeat", "out", "force", "device", "batch", "workers", "show"}
"""Options that mean something beside --repeat; a manifest knows the others."""


def _repeat(
    session: Session,
    manifest: Path,
    model: Path | None,
    out: str | None,
    force: bool,
    device: str,
    batch: int,
    workers: int | None,
    *,
    show: bool,
) -> None:
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        if name not in REPEATED and nearness(context, name):
            flag = parameter.opts[-1]
            raise click.UsageError(f"{flag} is settled by the manifest: leave it out of --repeat.")
    from pxgen.commands.repeat import RepeatRequest, repeat

    request = RepeatRequest(
        manifest=manifest,
        model=model,
        runs=session.project.runs,
        out=out,
        force=force,
        device=device,
        batch=batch,
        workers=workers,
    )
    for path in repeat(request, session.console):
        click.echo(path)
        if show:
            show_file(path)
