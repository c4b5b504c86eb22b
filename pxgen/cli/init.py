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
@click.option("--schema", is_flag=True, help="Print the JSON Schema of project files instead.")
def command(folder: Path, recipe: str, force: bool, schema: bool) -> None:
    """Write DIR/pxgen.toml with every setting, its default and what it is for.

    \b
    Examples:
      pxgen init
      pxgen init heads --recipe masked
      pxgen init --schema > pxgen.schema.json
    """
    import json

    from pxgen.commands.init import project_schema, write_project

    if schema:
        say(json.dumps(project_schema(), indent=2, ensure_ascii=False))
        return
    say(write_project(folder, recipe, force=force))
