"""``pxgen evaluate``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pxgen.cli.options import settings_options
from pxgen.cli.session import Session, pass_session
from pxgen.cli.streams import printable, say
from pxgen.config.requests import EvaluateSettings

if TYPE_CHECKING:
    from pxgen.evaluation.evaluate import Evaluation

_FORMS = (".png", ".json", ".html")
_WIDE = 400
"""Columns of the page where the output is no terminal: nothing is cut."""


@click.command("evaluate", short_help="Measure how good a model is.")
@settings_options(EvaluateSettings)
@pass_session
def command(session: Session, /, settings: EvaluateSettings) -> None:
    """Measure how good a model is: print figures, and what is unlike real sprites.

    Draws sprites that are asked for a label each and measures: whether they show it,
    by a classifier trained on real sprites whose own accuracy is printed beside; how they compare
    with held-out sprites as a whole (KID, precision, recall, density, coverage); copies of
    training sprites, and the distance to the nearest; bits a sprite on held-out ones. Models of
    the built-in characters are judged exactly, even without a dataset. The sentences at the end
    tell what is unlike real sprites beyond chance. With --label, sprites are not compared with
    held-out ones as a whole; with --ask evenly, no sentence compares them.

    \b
    Examples:
      pxgen evaluate -m runs/0001-masked --dataset dataset
      pxgen evaluate --steps 8 --steps 32 -n 200 -o sheet.png
      pxgen evaluate --label alien --label ape -n 200
      pxgen evaluate --json > report.json
      pxgen evaluate -o report.html
    """
    for out in settings.out:
        if out.suffix.lower() not in _FORMS:
            raise click.BadParameter(f"cannot write {out}: name a .png, .json or .html file.")
    from pxgen.commands.evaluate import evaluate

    evaluation = evaluate(settings, session.project, session.console)
    _show(evaluation, settings.json, settings.out)


def _show(evaluation: Evaluation, as_json: bool, outs: tuple[Path, ...]) -> None:
    import json

    from pxgen.evaluation.report_html import html_report
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
        say(report)
        return
    _print(evaluation)
    for out in outs:
        say(out)


def _print(evaluation: Evaluation) -> None:
    """Print what was measured, in frames on a terminal and as aligned text elsewhere."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from pxgen.evaluation.report_text import aligned_widths, remarks, tables
    from pxgen.evaluation.verdict import verdict

    terminal = sys.stdout.isatty()
    width = None if terminal else _WIDE
    console = Console(file=sys.stdout, width=width, markup=False, highlight=False)
    for line in remarks(evaluation.facts):
        console.print(printable(line))
    shown = list(tables(evaluation))
    widths = aligned_widths(shown)
    for figures in shown:
        table = Table(box=box.SIMPLE_HEAD if terminal else None, pad_edge=terminal)
        for number, heading in enumerate(figures.headings):
            table.add_column(
                heading,
                justify="right" if number else "left",
                min_width=widths[number] if figures.aligned else None,
            )
        for row in figures.rows:
            table.add_row(*map(printable, row))
        console.print()
        console.print(table)
    console.print()
    for line in verdict(evaluation):
        console.print(printable(line))
