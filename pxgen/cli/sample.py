"""``pxgen sample``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pxgen.cli.completing import complete_palettes
from pxgen.cli.making import making_options
from pxgen.cli.options import PATH, FiniteRange, nearness, setting_option
from pxgen.cli.session import Session, pass_session
from pxgen.cli.showing import show_file, show_option
from pxgen.config.settings import SampleSettings


@click.command("sample", short_help="Make new sprites.")
@setting_option(SampleSettings, "steps", "--steps", metavar="K")
@setting_option(SampleSettings, "sampler", "--sampler", metavar="NAME")
@setting_option(SampleSettings, "guidance", "--guidance", metavar="G")
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
@click.option(
    "--batch",
    type=click.IntRange(1),
    default=64,
    show_default=True,
    metavar="N",
    help="Sprites written at once; changes memory, never the pictures.",
)
@show_option
@pass_session
@making_options
def command(
    session: Session,
    /,
    making: dict[str, Any],
    heat: dict[str, Any],
    steps: int | None,
    sampler: str | None,
    guidance: float | None,
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
    manifest: Path | None,
    repeat: Path | None,
    novel: int | None,
    dataset: Path | None,
    batch: int,
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
        _repeat(session, repeat, making, batch, show=show)
        return
    from pxgen.commands.sample import SampleRequest, sample
    from pxgen.models.protocol import SamplingParams
    from pxgen.sampling.edits import Edits

    request = SampleRequest(
        **making,
        sampling=SamplingParams(steps=steps, sampler=sampler, guidance=guidance, eta=eta, **heat),
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
        manifest=manifest,
        novel=novel,
        dataset=dataset or session.project.dataset,
        batch=batch,
    )
    for path in sample(request, session.console):
        click.echo(path)
        if show and not making["dry_run"]:
            show_file(path)


REPEATED = {"model", "repeat", "out", "force", "device", "batch", "workers", "show"}
"""Options that mean something beside --repeat; a manifest knows the others."""


def _repeat(
    session: Session, manifest: Path, making: dict[str, Any], batch: int, *, show: bool
) -> None:
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        if name not in REPEATED and nearness(context, name):
            flag = parameter.opts[-1]
            raise click.UsageError(f"{flag} is settled by the manifest: leave it out of --repeat.")
    from pxgen.commands.repeat import RepeatRequest, repeat

    kept = ("model", "runs", "out", "force", "device", "workers")
    request = RepeatRequest(manifest=manifest, batch=batch, **{name: making[name] for name in kept})
    for path in repeat(request, session.console):
        click.echo(path)
        if show:
            show_file(path)
