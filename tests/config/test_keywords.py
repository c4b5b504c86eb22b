"""The types of the library's keywords are those of the settings, field by field."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pxgen.config import keywords
from pxgen.config.keywords import Image, Parts, StrPath
from pxgen.config.options import BatchSettings, ImageArray
from pxgen.config.requests import AnimateSettings, EvaluateSettings
from pxgen.config.sample_settings import SampleSettings, SeriesSettings
from pxgen.config.schema import Rule, rules
from pxgen.config.settings import DataSettings, TrainSettings

WRITES = {*rules(BatchSettings)} - {"batch", "workers"} | {"scale"}
OWN = {*rules(SeriesSettings)} - {"first", "label"}
"""What a model is, or what the function has a parameter of its own for."""


def as_written(hint: Any, rule: Rule) -> Any:
    """The type of a keyword for a field: what :func:`settings_from` makes the field's of."""
    if rule.parse is not None and hint != str | None:
        several, *others = typing.get_args(hint)
        return typing.Union[Parts, Sequence[typing.get_args(several)[0]], *others]
    if rule.separator:
        return Parts | None
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        loose = [as_written(each, rule) for each in typing.get_args(hint)]
        return typing.Union[tuple(loose)]  # noqa: UP007
    if typing.get_origin(hint) is tuple:
        item = as_written(typing.get_args(hint)[0], rule)
        by_name = Mapping[str | int, item] if item == Image else item
        return item | Sequence[item] | by_name
    if hint is str and rule.is_path:
        return StrPath
    return {Path: StrPath, ImageArray: Image}.get(hint, hint)


@pytest.mark.parametrize(
    ("options", "settings", "left_out"),
    [
        (keywords.SampleOptions, SampleSettings, WRITES | OWN | {"manifest", "repeat"}),
        (keywords.AnimateOptions, AnimateSettings, WRITES | OWN | {"manifest", "dataset"}),
        (keywords.EvaluateOptions, EvaluateSettings, {"model", "dataset", "device", "json", "out"}),
        (keywords.PrepareOptions, DataSettings, {"source", "out"}),
        (keywords.TrainOptions, TrainSettings, {"track"}),
    ],
)
def test_every_option_is_a_keyword_of_its_type(
    options: type, settings: type, left_out: set[str]
) -> None:
    hints, known = typing.get_type_hints(settings), rules(settings)
    assert left_out <= known.keys()
    wanted = {
        name: as_written(hints[name], rule) for name, rule in known.items() if name not in left_out
    }
    assert typing.get_type_hints(options) == wanted
