"""``pxgen evaluate``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pxgen.cli.completing import complete_labels
from pxgen.cli.options import PATH, device_option, model_option, setting_option, workers_option
from pxgen.cli.session import Session, pass_session
from pxgen.config.settings import SampleSettings

if TYPE_CHECKING:
    from pxgen.evaluate.evaluation import Evaluation

_FORMS = (".png", ".json", ".html")
_WIDE = 400
"""Columns of the page where the output is no terminal: nothing is cut."""


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
    "--label",
    "labels",
    multiple=True,
    shell_complete=complete_labels,
    metavar="NAME",
    help="Ask for this label; repeat it for several in turn (default: all of them in turn).",
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
@workers_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "-o",
    "--out",
    "outs",
    type=PATH,
    multiple=True,
    metavar="FILE",
    help="Write a .png sheet of what was drawn, a .json or a .html report; may be repeated.",
)
@pass_session
def command(
    session: Session,
    model: Path | None,
    dataset: Path | None,
    count: int,
    labels: tuple[str, ...],
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
    by a classifier trained on real sprites whose own accuracy is printed beside; how they compare
    with held-out sprites as a whole (KID, precision, recall, density, coverage); copies of
    training sprites, and the distance to the nearest; bits a sprite on held-out ones. Models of
    the built-in characters are judged exactly, even without a dataset. With --label, sprites are
    not compared with held-out ones as a whole.

    \b
    Examples:
      pxgen evaluate -m runs/0001-masked --dataset dataset
      pxgen evaluate --steps 8 --steps 32 -n 200 -o sheet.png
      pxgen evaluate --label alien --label ape -n 200
      pxgen evaluate --json > report.json
      pxgen evaluate -o report.html
    """
    for out in outs:
        if out.suffix.lower() not in _FORMS:
            raise click.BadParameter(f"cannot write {out}: name a .png, .json or .html file.")
    from pxgen.commands.evaluate import EvaluateRequest, evaluate

    request = EvaluateRequest(
        model=model,
        runs=session.project.runs,
        dataset=dataset,
        project_dataset=session.project.dataset,
        count=count,
        labels=labels,
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

    from pxgen.evaluate.report_html import html_report
    from pxgen.files import write_bytes

    report = json.dumps(evaluation.facts, indent=2, ensure_ascii=False)
    content: dict[str, Callable[[], bytes]] = {
        ".json": (report + "\n").encode,
        ".png": lambda: evaluation.sheet,
        ".html": lambda: html_report(evaluation),
    }
    for out in outs:
        write_bytes(out, content[out.suffix.lower()]())
    if as_json:
        click.echo(report)
        return
    _print(evaluation)
    for out in outs:
        click.echo(out)


def _print(evaluation: Evaluation) -> None:
    """Print what was measured, in frames on a terminal and as aligned text elsewhere."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from pxgen.evaluate.report_text import remarks, tables

    terminal = sys.stdout.isatty()
    width = None if terminal else _WIDE
    console = Console(file=sys.stdout, width=width, markup=False, highlight=False)
    for line in remarks(evaluation.facts):
        console.print(line)
    for figures in tables(evaluation):
        table = Table(box=box.SIMPLE_HEAD if terminal else None, pad_edge=terminal)
        for number, heading in enumerate(figures.headings):
            table.add_column(heading, justify="right" if number else "left")
        for row in figures.rows:
            table.add_row(*row)
        console.print()
        console.print(table)
