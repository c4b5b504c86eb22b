"""JSON Schema of settings classes, by which editors complete and check project files."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pxgen.config.schema import Rule, file_keys, rules

MODEL_SCHEMA = Path(__file__).with_name("model.schema.json")
"""The part of ``[model]``, by :mod:`pxgen.models.keys`."""
DRAFT = "http://json-schema.org/draft-07/schema#"
"""The version that editors of TOML know."""
TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", Path: "string"}


def table_schema(settings: type, keys: Iterable[str] | None = None) -> dict[str, Any]:
    """The schema of the table of a settings class; ``keys`` are those it takes from a file."""
    hints, known = typing.get_type_hints(settings), rules(settings)
    fields = {entry.name: entry for entry in dataclasses.fields(settings)}
    properties = {}
    for name in file_keys(settings) if keys is None else keys:
        value = _value(hints[name], known[name])
        default = fields[name].default
        if default not in (None, dataclasses.MISSING):
            value["default"] = default
        properties[name] = {"description": known[name].doc, **value}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _value(hint: Any, rule: Rule) -> dict[str, Any]:
    """The schema of one value."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        # TOML has no null: a key that may be None is left out.
        kinds = [_value(part, rule) for part in parts if part is not types.NoneType]
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if origin is typing.Literal:
        return {"enum": list(parts)}
    if origin is tuple:
        return {"type": "array", "items": _value(parts[0], rule)}
    value: dict[str, Any] = {"type": TYPES[hint]}
    if rule.choices:
        value["enum"] = list(rule.choices)
    if hint in (int, float):
        bounds = {"minimum": rule.low, "maximum": rule.high}
        value |= {name: bound for name, bound in bounds.items() if bound is not None}
    return value
