"""``init``: a project file in which every setting stands with its default and its purpose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pxgen.config.json_schema import DRAFT, MODEL_SCHEMA, table_schema
from pxgen.config.project import FILE_NAME
from pxgen.config.recipe import recipe_text
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
        "properties": {**tables, "model": json.loads(MODEL_SCHEMA.read_text("utf-8"))},
        "additionalProperties": False,
    }
