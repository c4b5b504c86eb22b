"""Terrain by names: Tiled's corners of each tile."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from pxgen.engines.clips import Clip
from pxgen.engines.wang import wang_sets
from tests.support.outside import needs_tiled, tiled
from tests.support.sheets import clips, style, write


@pytest.mark.parametrize(
    "name", ["grass", "grass-0101", "grass-sand", "grass-sand-01", "grass-sand-0102", "0101", ""]
)
def test_other_names_say_nothing_of_corners(name: str) -> None:
    assert wang_sets({0: name}) is None


def test_each_corner_is_its_terrain_and_each_list_of_terrains_a_set() -> None:
    names = {4: "deep sea-sand-grass-0120", 2: "deep sea-sand-grass-0000", 9: "ice-rock-1000"}
    found = wang_sets(names | {3: "hero"})
    assert found is not None
    assert [each.get("name") for each in found] == ["deep sea-sand-grass", "ice-rock"]
    assert [each.get("name") for each in found[0].iter("wangcolor")] == [
        "deep sea",
        "sand",
        "grass",
    ]
    tiles = {each.get("tileid"): each.get("wangid") for each in found.iter("wangtile")}
    # Clockwise from the top: edges are none of it.
    assert tiles == {"2": "0,1,0,1,0,1,0,1", "4": "0,2,0,1,0,3,0,1", "9": "0,1,0,1,0,1,0,2"}


def corner_tiles() -> Iterator[Clip]:
    for clip, corners in zip(clips(16, 1), product("01", repeat=4), strict=True):
        yield Clip(f"grass-sand-{''.join(corners)}", clip.frames, clip.durations)


@needs_tiled
@pytest.mark.parametrize("arrangement", ["rows", "columns"])
def test_tiled_itself_reads_the_set(tmp_path: Path, arrangement: Any) -> None:
    made = [*clips(1, 1), *corner_tiles()]
    read = tiled(write(tmp_path, "t.tsx", style(arrangement, 1), made), tmp_path / "t.tsj")
    [found] = read["wangsets"]
    assert (found["name"], found["type"]) == ("grass-sand", "corner")
    assert [each["name"] for each in found["colors"]] == ["grass", "sand"]
    names = {each["id"]: each["type"] for each in read["tiles"]}
    assert len(found["wangtiles"]) == 16
    for tile in found["wangtiles"]:
        top_left, top_right, lower_left, lower_right = (
            int(d) + 1 for d in names[tile["tileid"]][-4:]
        )
        assert tile["wangid"] == [0, top_right, 0, lower_right, 0, lower_left, 0, top_left]
