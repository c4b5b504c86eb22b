"""``pxgen evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pxgen.cli.options import PATH, device_option, model_option, setting_option
from pxgen.cli.session import Session, pass_session
from pxgen.settings import SampleSettings

if TYPE_CHECKING:
    from pxgen.commands.evaluate import Evaluation


@click.command("evaluate", short_help="Measure how good a model is.")
@model_option
@click.option(
    "--dataset",
    type=PATH,
    metavar="PATH",
    help="What to judge by (default: the project's, if the model was trained on it).",
)
@click.option(
    "-n",
    "--count",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    metavar="COUNT",
    help="How many sprites to draw.",
)
@click.option(
    "--steps",
    type=click.IntRange(1),
    multiple=True,
    metavar="K",
    help="Drawing steps; repeat it for a row of figures each (default: the model's own).",
)
@setting_option(SampleSettings, "sampler", "--sampler", metavar="NAME")
@setting_option(SampleSettings, "guidance", "--guidance", metavar="G")
@setting_option(SampleSettings, "temperature", "--temperature", metavar="T")
@setting_option(SampleSettings, "seed", "--seed", metavar="S")
@device_option
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Threads (default: all).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "-o",
    "--out",
    "outs",
    type=PATH,
    multiple=True,
    metavar="FILE",
    help="Write a .png sheet of what was drawn, or the .json report; may be repeated.",
)
@pass_session
def command(
    session: Session,
    model: Path | None,
    dataset: Path | None,
    count: int,
    steps: tuple[int, ...],
    sampler: str | None,
    guidance: float | None,
    temperature: float | None,
    seed: int,
    device: str,
    workers: int | None,
    as_json: bool,
    outs: tuple[Path, ...],
) -> None:
    """Measure how good a model is and print a table.

    Draws sprites that are asked for each label equally often and measures: whether they show it,
    by a classifier trained on real sprites whose own accuracy is printed beside; copies of
    training sprites, and the distance to the nearest; bits a sprite on held-out ones. Models of
    the built-in characters are judged exactly, even without a dataset.

    \b
    Examples:
      pxgen evaluate -m runs/0001-masked --dataset dataset
      pxgen evaluate --steps 8 --steps 32 -n 200 -o sheet.png
      pxgen evaluate --json > report.json
    """
    for out in outs:
        if out.suffix.lower() not in (".png", ".json"):
            raise click.BadParameter(f"cannot write {out}: name a .png or a .json file.")
    from pxgen.commands.evaluate import EvaluateRequest, evaluate

    request = EvaluateRequest(
        model=model,
        runs=session.project.runs,
        dataset=dataset,
        project_dataset=session.project.dataset,
        count=count,
        steps=steps,
        sampler=sampler,
        guidance=guidance,
        temperature=temperature,
        seed=seed,
        device=device,
        workers=workers,
    )
    _show(evaluate(request, session.console), as_json, outs)


def _show(evaluation: Evaluation, as_json: bool, outs: tuple[Path, ...]) -> None:
    import json

    from pxgen.cli.evaluate_tables import print_tables
    from pxgen.files import write_bytes

    report = json.dumps(evaluation.facts, indent=2, ensure_ascii=False)
    content: dict[str, Any] = {".json": (report + "\n").encode(), ".png": evaluation.sheet}
    for out in outs:
        write_bytes(out, content[out.suffix.lower()])
    if as_json:
        click.echo(report)
        return
    print_tables(evaluation)
    for out in outs:
        click.echo(out)
