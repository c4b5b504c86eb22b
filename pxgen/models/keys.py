"""The JSON Schema of ``[model]``, which is stored: families load torch, and a schema needs none.

``python -m pxgen.models.keys`` writes it anew, as ``make docs`` does.
"""

from __future__ import annotations

import json
from typing import Any

from pxgen.config.json_schema import MODEL_SCHEMA, table_schema
from pxgen.config.recipe import DEFAULT, read_recipe, recipe_names
from pxgen.models.registry import FAMILIES, spec_class


def model_schema() -> dict[str, Any]:
    """``[model]``: the keys of all families, of which a table takes those of its own."""
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


if __name__ == "__main__":
    MODEL_SCHEMA.write_text(
        json.dumps(model_schema(), indent=1, ensure_ascii=False) + "\n", "utf-8"
    )
