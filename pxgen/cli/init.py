"""``pxgen init``."""

from __future__ import annotations

from pathlib import Path

import click

from pxgen.cli.completing import complete_recipes
from pxgen.cli.options import PATH
from pxgen.cli.streams import say


@click.command("init", short_help="Write a commented project file.")
@click.argument("folder", metavar="[DIR]", type=PATH, default=Path())
@click.option(
    "--recipe",
    metavar="NAME",
    default="masked",
    show_default=True,
    shell_complete=complete_recipes,
    help="Kind of model.",
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
def command(folder: Path, recipe: str, force: bool) -> None:
    """Write DIR/pxgen.toml with every setting, its default and what it is for.

    \b
    Examples:
      pxgen init
      pxgen init heads --recipe masked
    """
    from pxgen.commands.init import write_project

    say(write_project(folder, recipe, force=force))
