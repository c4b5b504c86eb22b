"""``init``: a project file in which every setting stands with its default and its purpose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pxgen.config.json_schema import DRAFT, table_schema
from pxgen.config.project import FILE_NAME
from pxgen.config.recipe import DEFAULT, read_recipe, recipe_names, recipe_text
from pxgen.config.schema import file_keys, rules
from pxgen.config.settings import SETTINGS
from pxgen.errors import UsageError
from pxgen.files import write_text

HEADER = """\
#:schema ./pxgen.schema.json
# Editors complete and check this file by that one, once this writes it:
# pxgen init --schema > pxgen.schema.json
# The pxgen project of this folder. Every key is optional and shown with its default.
# A flag beats an environment variable (PXGEN_TRAIN_STEPS), which beats this file.
"""

PURPOSES = {
    "data": "pxgen prepare: sprites become a dataset",
    "train": "pxgen train: the dataset becomes a model",
    "sample": "pxgen sample: the model makes sprites",
}


def write_project(folder: Path, recipe: str, *, force: bool = False) -> Path:
    """Write ``folder/pxgen.toml`` for a recipe and return its path.

    Raises:
        UsageError: no recipe has this name, or the file exists and ``force`` is off.
        PxgenError: the file cannot be written.
    """
    text = project_text(recipe)
    path = folder / FILE_NAME
    if path.exists() and not force:
        raise UsageError(f"{path} exists: replace it with --force")
    return write_text(path, text)


def project_text(recipe: str) -> str:
    """The whole file: ``[model]`` is the recipe's own text, the other tables come from the code.

    Raises:
        UsageError: no recipe has this name.
    """
    tables = {name: _table_text(name, settings) for name, settings in SETTINGS.items()}
    model = recipe_text(recipe)
    return "\n".join((HEADER, tables["data"], model, tables["train"], tables["sample"]))


def _table_text(name: str, settings: type[Any]) -> str:
    known, defaults = rules(settings), settings()
    lines = [f"[{name}]  # {PURPOSES[name]}"]
    for key in file_keys(settings):
        default, rule = getattr(defaults, key), known[key]
        # TOML has no null, so a setting that is unset by default is shown as a comment.
        line = f"# {key} = {rule.example}" if default is None else f"{key} = {_toml(default)}"
        lines.append(f"{line:<24}  # {rule.doc}")
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def project_schema() -> dict[str, Any]:
    """The JSON Schema of project files: their tables are the settings classes."""
    tables = {name: table_schema(settings) for name, settings in SETTINGS.items()}
    for name, table in tables.items():
        table["description"] = PURPOSES[name]
    return {
        "$schema": DRAFT,
        "title": FILE_NAME,
        "type": "object",
        "properties": {**tables, "model": _model_schema()},
        "additionalProperties": False,
    }


def _model_schema() -> dict[str, Any]:
    """``[model]``: the keys of all families, of which a table takes those of its own."""
    # Families load torch, which a project file is written without.
    from pxgen.models.registry import FAMILIES, spec_class

    families = {name: table_schema(spec_class(name)) for name in FAMILIES}
    named = {name: [name] for name in FAMILIES}
    for recipe in recipe_names():
        named[str(read_recipe(recipe)["family"])].append(recipe)
    choices: dict[str, list[dict[str, Any]]] = {}
    for family in families.values():
        for key, value in family["properties"].items():
            if value not in choices.setdefault(key, []):
                choices[key].append(value)
    kinds = sorted({name for names in named.values() for name in names})
    properties = {key: v[0] if len(v) == 1 else {"anyOf": v} for key, v in choices.items()}
    properties |= {
        "recipe": {"description": "what the table changes", "enum": recipe_names()},
        "family": {"description": "kind of a whole table", "enum": kinds},
    }
    return {
        "description": "the model: a recipe, and what is changed of it",
        "type": "object",
        "properties": properties,
        "allOf": [
            _own_keys(names, ["recipe", *families[family]["properties"]])
            for family, names in named.items()
        ],
    }


def _own_keys(names: list[str], keys: list[str]) -> dict[str, Any]:
    """The rule that a table of one of these recipes or families has no keys but these."""
    known = {"enum": names}
    by_family = {"not": {"required": ["recipe"]}, "properties": {"family": known}}
    if DEFAULT not in names:
        by_family["required"] = ["family"]
    return {
        "if": {"anyOf": [{"properties": {"recipe": known}, "required": ["recipe"]}, by_family]},
        "then": {"propertyNames": {"enum": keys}},
    }
