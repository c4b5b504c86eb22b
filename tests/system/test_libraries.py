"""Sheets and Aseprite files as the libraries read them that games load them with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pxgen.arrays import IndexMaps
from pxgen.engines.aseprite import encode_aseprite
from pxgen.engines.clips import Clip
from pxgen.engines.tags import Tag
from pxgen.render.png import decode_png
from tests.support.drawings import THREE
from tests.support.outside import needs_node, needs_tiled, node, tiled
from tests.support.sheets import ARRANGEMENTS, clips, style, write

TAGS = (Tag("walk", 0, 2, "pingpong"), Tag("hit [1]", 3, 3))


def made() -> list[Clip]:
    """A clip with tags, and one without."""
    first, second, _ = clips()
    return [replace(first, tags=TAGS), second]


def frame(pixels: IndexMaps, shown: dict[str, Any]) -> IndexMaps:
    """A whole frame from the sheet, by what a library says of it."""
    (x, y, w, h), (left, top) = (map(int, box) for box in (shown["cut"], shown["at"]))
    whole = np.zeros((6, 5), np.uint8)
    whole[top : top + h, left : left + w] = pixels[y : y + h, x : x + w]
    return whole


@needs_node
@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@pytest.mark.parametrize("library", ["phaser.cjs", "pixi.mjs"])
def test_phaser_and_pixi_play_every_animation(
    tmp_path: Path, arrangement: Any, library: str
) -> None:
    hero, other = made()
    shown = node(library, write(tmp_path, "hero.json", style(arrangement, 1, 1), [hero, other]))
    pixels, _ = decode_png(tmp_path / "hero.png")
    wanted = {
        "walk": hero.frames[[0, 1, 2, 1]],
        "hit [1]": hero.frames[3:],
        "clip 1": other.frames,
    }
    assert shown.keys() == wanted.keys()
    for name, frames in wanted.items():
        own = shown[name]
        if library == "phaser.cjs":
            times = [each["duration"] for each in own["frames"]]
            assert times == {"walk": [50, 100, 150], "hit [1]": [200]}.get(name, other.durations)
            # Phaser goes back by itself.
            own = own["frames"] + (own["frames"][-2:0:-1] if own["yoyo"] else [])
        assert np.array_equal([frame(pixels, each) for each in own], frames)


@needs_node
def test_stills_are_found_by_their_names(tmp_path: Path) -> None:
    shown = node("pixi.mjs", write(tmp_path, "hero.json", style("packed"), clips(2, 1)))
    assert shown.keys() == {"clip 0", "clip 1"}


@needs_node
def test_another_reader_finds_frames_palette_times_and_tags(tmp_path: Path) -> None:
    hero, other = made()
    file = tmp_path / "hero.aseprite"
    file.write_bytes(encode_aseprite([hero, other], THREE))
    read = node("aseprite.cjs", file)
    assert read["size"] == [5, 6]
    assert read["colors"] == [list(row) for row in THREE.rows]
    assert [each["duration"] for each in read["frames"]] == [50, 100, 150, 200] * 2
    pixels = [each["cels"][0]["pixels"] for each in read["frames"]]
    assert pixels == [f.ravel().tolist() for clip in (hero, other) for f in clip.frames]
    assert read["tags"] == [
        *(["walk", 0, 2, "Ping-pong"], ["hit [1]", 3, 3, "Forward"], ["clip 1", 4, 7, "Forward"]),
    ]


@needs_tiled
@pytest.mark.parametrize("arrangement", ["rows", "columns"])
def test_tiled_itself_reads_tiles_and_animations(tmp_path: Path, arrangement: Any) -> None:
    hero, other = made()
    sheet = style(arrangement, 1, 2, True)
    read = tiled(write(tmp_path, "hero.tsx", sheet, [hero, other]), tmp_path / "hero.tsj")
    pixels, _ = decode_png(tmp_path / "hero.png")
    assert (read["tilewidth"], read["tileheight"], read["margin"]) == (5, 6, 2)
    assert (read["imagewidth"], read["imageheight"]) == pixels.shape[::-1]

    def tile(number: int) -> IndexMaps:
        row, column = divmod(number, read["columns"])
        y = read["margin"] + row * (read["tileheight"] + read["spacing"])
        x = read["margin"] + column * (read["tilewidth"] + read["spacing"])
        return pixels[y : y + 6, x : x + 5]

    tiles = {each["type"]: each for each in read["tiles"]}
    assert tiles.keys() == {"walk", "hit [1]", "clip 1"}
    assert np.array_equal(tile(tiles["hit [1]"]["id"]), hero.frames[3])
    for name, frames in {"walk": hero.frames[[0, 1, 2, 1]], "clip 1": other.frames}.items():
        assert np.array_equal([tile(f["tileid"]) for f in tiles[name]["animation"]], frames)
        assert tiles[name]["animation"][1]["duration"] == 100
