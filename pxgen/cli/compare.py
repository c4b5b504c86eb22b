"""``pxgen compare``."""

from __future__ import annotations

from typing import Any

import click

from pxgen.cli.options import settings_options
from pxgen.cli.session import Session, pass_session
from pxgen.config.requests import CompareSettings

COLUMNS = {
    "exact pixels": "exact",
    "of foreground": "foreground_exact",
    "whole sprites": "whole_sprites",
    "in palette unsnapped": "foreground_in_palette_unsnapped",
    "CPU-s to 95 %": "cpu_seconds_to_0.95",
    "to 99 %": "cpu_seconds_to_0.99",
    "to 99.5 %": "cpu_seconds_to_0.995",
    "bits": "bits",
    "of code": "code_bits",
    "active": "active_units",
    "changed copies": "augment",
    "parameters": "parameters",
    "CPU-s": "cpu_seconds",
    "seconds": "seconds",
}


@click.command("compare", short_help="Train recipes at one budget, side by side.")
@settings_options(CompareSettings)
@pass_session
def command(session: Session, /, settings: CompareSettings) -> None:
    """Train recipes at one budget on one dataset, and print a table of what came of them.

    A RECIPE is a name, or a project file whose [model] is taken and nothing else.

    The folder gets a run for each recipe, compare.json, and compare.png: held-out sprites, then
    for each recipe their reconstructions, the way from the first to the second, and new sprites.

    \b
    Examples:
      pxgen compare ae ae-onehot ae-rgba --minutes 5 -o comparison/
      pxgen compare vae wider.toml --steps 5000 -o comparison/
    """
    import json

    from pxgen.commands.compare import compare

    rows = compare(settings, session.project, session.console)
    if settings.json:
        click.echo(json.dumps(rows, indent=2))
        return
    _print(rows)


def _print(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("recipe")
    for title in COLUMNS:
        table.add_column(title, justify="right")
    for row in rows:
        table.add_row(row["recipe"], *(_cell(key, row[key]) for key in COLUMNS.values()))
    # A fixed width, because a table in a pipe must not be cut to that of a terminal.
    console = Console(width=200, highlight=False)
    console.print(table)


def _cell(key: str, value: float | str | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if key.startswith(("exact", "foreground", "whole")):
        return f"{value:.2%}"
    return f"{value:,}" if isinstance(value, int) else f"{value:.1f}"
