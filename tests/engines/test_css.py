"""Style sheets, read by a parser that is not ours."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import tinycss2

from pxgen.engines.clips import Clip
from tests.support.sheets import ARRANGEMENTS, clips, style, write


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_style_sheets_are_without_errors_and_show_every_frame(
    tmp_path: Path, arrangement: Any
) -> None:
    made = [Clip("9 lives: {}", clips()[0].frames, [40, 60, 100, 200]), *clips()[1:]]
    file = write(tmp_path, "hero.css", style(arrangement), made)
    rules = tinycss2.parse_stylesheet(file.read_text("utf-8"), skip_whitespace=True)
    assert {rule.type for rule in rules} == {"qualified-rule", "at-rule"}
    for rule in rules:
        if rule.type == "qualified-rule":
            declared = tinycss2.parse_declaration_list(rule.content, skip_whitespace=True)
            assert {each.type for each in declared} == {"declaration"}
            classes = [t.value for t in rule.prelude if t.type == "ident"]
            assert classes[0] == "hero"
    names = [[t.value for t in r.prelude if t.type == "ident"] for r in rules]
    assert ["hero", "9 lives: {}"] in names
    frames = next(rule for rule in rules if rule.type == "at-rule")
    shares = [t.value for t in frames.content if t.type == "percentage"]
    assert shares == [0, 10, 25, 50]
    assert all(a < b for a, b in pairwise(shares))


@pytest.mark.parametrize("name", ["-1", "-", "--a", "-a", "1"])
def test_any_name_is_a_class(tmp_path: Path, name: str) -> None:
    made = [Clip(name, clips()[0].frames[:1], [40])]
    file = write(tmp_path, "hero.css", style("rows"), made)
    rules = tinycss2.parse_stylesheet(file.read_text("utf-8"), skip_whitespace=True)
    assert [t.value for t in rules[1].prelude if t.type == "ident"] == ["hero", name]
