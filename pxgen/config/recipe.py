"""Recipes: complete, commented ``[model]`` tables of the named families, shipped as TOML."""

from __future__ import annotations

from pathlib import Path

from pxgen.config.project import parse_toml
from pxgen.config.schema import Table, nearest
from pxgen.errors import InputError, UsageError

FOLDER = Path(__file__).parent / "recipes"
DEFAULT = "masked"


def recipe_names() -> list[str]:
    """Every recipe, sorted."""
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


def recipe_text(name: str) -> str:
    """A recipe as it is written, comments and all.

    Raises:
        UsageError: no recipe has this name; names the nearest.
    """
    names = recipe_names()
    if name not in names:
        raise UsageError(f"no recipe is called {name}; {nearest(name, names)}")
    return (FOLDER / f"{name}.toml").read_text("utf-8").strip() + "\n"


def read_recipe(name: str) -> Table:
    """The ``[model]`` table of a recipe.

    Raises:
        UsageError: no recipe has this name; names the nearest.
    """
    return parse_toml(recipe_text(name).encode(), f"recipe {name}").table("model")


def resolve(table: Table, recipe: str | None = None) -> Table:
    """The whole ``[model]`` table: a recipe with what the project changes of it.

    Args:
        table: the project's ``[model]``; its key ``recipe`` names what it starts from.
        recipe: beats the project's recipe; the project's changes then do not apply.

    Raises:
        UsageError: no recipe has the name ``recipe``.
        InputError: no recipe has the name that the table gives; says where it stands.
    """
    if recipe is not None:
        return read_recipe(recipe)
    changes = dict(table)
    key = "recipe" if "recipe" in changes else "family"
    name, known = str(changes.get(key, DEFAULT)), recipe_names()
    if key == "family" and name not in known:
        # Runs keep whole tables, which name their family.
        return table
    if name not in known:
        raise InputError(f"{table.where.key(key)}: no recipe '{name}'; {nearest(name, known)}")
    changes.pop("recipe", None)
    base = read_recipe(name)
    return Table({**base, **changes}, table.where)
