"""Completions for the shell: labels of the model, recipes, palettes."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from pxgen.errors import PxgenError
from pxgen.names import normal


def complete_labels(
    ctx: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Labels of the model that the command line names so far, else of the newest or the starter."""
    from pxgen.checkpoint.card import checkpoint_file, read_card
    from pxgen.checkpoint.runs import STARTER, run_folders, shipped

    model = ctx.params.get("model")
    if model is None:
        model = [STARTER, *run_folders(_runs(ctx))][-1]
    model = shipped(model)
    try:
        names = read_card(checkpoint_file(model))[0].label_names
    except PxgenError:
        # A shell that completes has nowhere to say what is wrong.
        return []
    return [CompletionItem(name) for name in names if normal(name).startswith(normal(incomplete))]


def _runs(ctx: click.Context) -> Path:
    from pxgen.config.project import load_project

    try:
        return load_project(ctx.find_root().params.get("project")).runs
    except PxgenError:
        return Path("runs")


def complete_recipes(
    ctx: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names of recipes."""
    from pxgen.config.recipe import recipe_names

    return [CompletionItem(name) for name in recipe_names() if name.startswith(incomplete)]


def complete_palettes(
    ctx: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names of shipped palettes, or files where none begins so: bash does not show both."""
    from pxgen.palette import library

    items = [CompletionItem(name) for name in library.names() if name.startswith(incomplete)]
    return items or complete_files(ctx, parameter, incomplete)


def complete_files(
    ctx: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Files, of which the shell knows."""
    return [CompletionItem(incomplete, type="file")]
