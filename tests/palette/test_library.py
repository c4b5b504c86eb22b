"""The shipped palettes: found by name, documented, exact."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pxgen.errors import UsageError
from pxgen.palette import Palette
from pxgen.palette.formats import write_palette
from pxgen.palette.library import find_palette, names

FOLDER = Path(__file__).parents[2] / "palettes"

# Count, first and last colour, as their authors or the hardware's documents give them.
KNOWN = {
    "pico-8": (16, "000000", "ffccaa"),
    "pico-8-secret": (16, "291814", "ff9d81"),
    "game-boy": (4, "9bbc0f", "0f380f"),
    "nes": (54, "545454", "a0a2a0"),
    "cga": (16, "000000", "ffffff"),
    "commodore-64": (16, "000000", "b2b2b2"),
    "zx-spectrum": (15, "000000", "ffffff"),
    "amstrad-cpc": (27, "000000", "ffffff"),
    "dawnbringer-16": (16, "140c1c", "deeed6"),
    "dawnbringer-32": (32, "000000", "8a6f30"),
    "endesga-32": (32, "be4a2f", "c28569"),
    "sweetie-16": (16, "1a1c2c", "333c57"),
    "aap-64": (64, "060608", "423934"),
    "resurrect-64": (64, "2e222f", "fdcbb0"),
}


def test_there_are_many_and_the_well_known_ones_are_exact():
    assert len(names()) >= 24
    for name, (count, first, last) in KNOWN.items():
        entries = find_palette(name).hex[1:]
        assert (len(entries), entries[0], entries[-1]) == (count, f"{first}ff", f"{last}ff")


@pytest.mark.parametrize("name", names())
def test_every_palette_has_a_plain_name_its_origin_and_distinct_opaque_colors(name):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    comment = re.findall(r"^# \w.{15,}", (FOLDER / f"{name}.gpl").read_text(), re.MULTILINE)
    assert comment, "the file carries its origin in a comment"
    palette = find_palette(name)
    assert palette.name == name
    assert len(set(palette.hex)) == len(palette) > 2 or name == "1-bit"
    assert (palette.rgba[1:, 3] == 255).all()


def test_hardware_palettes_follow_their_rules():
    cga = find_palette("cga").rgba[1:, :3].tolist()
    assert cga[6] == [170, 85, 0]
    assert all({*color} <= {0, 85, 170, 255} for color in find_palette("ega-64").rgba[1:].tolist())
    assert {*find_palette("amstrad-cpc").rgba[1:, :3].ravel().tolist()} == {0, 128, 255}


@pytest.mark.parametrize("spelling", ["pico-8", "PICO-8", "pico8", "Pico 8", "pico_8"])
def test_spelling_does_not_matter(spelling):
    assert find_palette(spelling).name == "pico-8"


def test_a_path_is_read_and_a_shipped_name_wins_over_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = Palette.of([(1, 2, 3)])
    write_palette(own, tmp_path / "own.hex")
    (tmp_path / "own.hex").rename(tmp_path / "pico-8")
    assert find_palette("pico-8") != own
    assert find_palette("./pico-8") == own
    assert find_palette(tmp_path / "pico-8") == own


def test_an_unknown_name_lists_the_nearest():
    with pytest.raises(UsageError, match=r"'endesga-23'.*did you mean .*endesga-32"):
        find_palette("endesga-23")
    with pytest.raises(UsageError, match=r"no palette '\?': .*palette list|no palette '\?'"):
        find_palette("?")
