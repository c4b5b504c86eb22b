"""Sheets for engines, read back by readers that are not ours where there are any."""

from __future__ import annotations

import json
import plistlib
import xml.etree.ElementTree as ET
from pathlib import Path

import godot_parser
import numpy as np
import pytest
import tinycss2
from click.testing import CliRunner

from pxgen.cli.app import pxgen
from pxgen.engines.atlas import lay_out
from pxgen.engines.clips import Clip
from pxgen.engines.describe import DESCRIPTION_BY_SUFFIX, description
from tests.support.sheets import style, write


def test_equal_arguments_give_equal_bytes(tmp_path: Path) -> None:
    for name in map("a".__add__, DESCRIPTION_BY_SUFFIX):
        file = write(tmp_path, name, style("rows", 1))
        before = file.read_bytes()
        assert write(tmp_path, name, style("rows", 1)).read_bytes() == before


@pytest.mark.parametrize("suffix", DESCRIPTION_BY_SUFFIX)
def test_control_characters_never_reach_a_file(suffix: str) -> None:
    made = [Clip("a\x00b\x1b[1m", np.ones((2, 2, 2), np.uint8), [100, 100])]
    text = description(lay_out(made, style("rows")), Path("x.png"), Path("x" + suffix))
    assert "a" in text
    assert not {"\x00", "\x1b"} & {*text}


@pytest.mark.parametrize("suffix", DESCRIPTION_BY_SUFFIX)
def test_hostile_names_stay_names(suffix: str) -> None:
    nasty = 'a"]}\\\n</tile>&<!--'
    made = [Clip(nasty, np.ones((2, 2, 2), np.uint8), [100, 100])]
    text = description(lay_out(made, style("rows")), Path("x.png"), Path("x" + suffix))
    if suffix == ".json":
        assert json.loads(text)["meta"]["frameTags"][0]["name"] == nasty
    elif suffix == ".tsx":
        assert ET.fromstring(text).find("tile").attrib["type"] == nasty  # type: ignore[union-attr]
    elif suffix == ".tres":
        godot_parser.parse(text.replace('&"', '"'))
    elif suffix == ".plist":
        assert list(plistlib.loads(text.encode())["animations"]) == [nasty]
    elif suffix == ".atlas":
        assert len(text.split("\n")) == 7 + 2 * 7
    else:
        rules = tinycss2.parse_stylesheet(text, skip_whitespace=True)
        assert [rule.type for rule in rules] == ["qualified-rule", "qualified-rule", "at-rule"]
        assert [t.value for t in rules[1].prelude if t.type == "ident"] == ["x", nasty]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("-o s.gif --sheet rows", "a sheet for engines is a .png file: name one with -o"),
        ("-o out/ --data s.json", "--data describes one sheet: name a .png file with -o"),
        ("-o s.png --data s.xml", "cannot write s.xml: sheets are described in .json, .tsx"),
        ("-o s.png --array", "--array is for .json: name such a file with --data"),
        ("-o s.png --data s.json --data s.json", "--data names a file twice: once is enough"),
        ("-o s.png --sheet packed --data s.tsx", "Tiled needs --sheet rows or columns"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused_before_drawing(arguments: str, line: str) -> None:
    result = CliRunner().invoke(pxgen, ["sample", "-n", "2", *arguments.split()])
    assert result.exit_code == 2
    assert line in " ".join(result.stderr.split())
