"""Aseprite's JSON, read as its readers do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pxgen.arrays import IndexMaps
from pxgen.engines.clips import frame_names
from pxgen.engines.tags import Tag
from pxgen.ingest.atlas import read_atlas
from pxgen.render.one_file import write_one_file
from tests.support.drawings import THREE
from tests.support.sheets import ARRANGEMENTS, clips, style


def cut(image: Image.Image, entry: dict[str, Any]) -> IndexMaps:
    """A frame of Aseprite's JSON, as its readers take it."""
    box, inside, whole = entry["frame"], entry["spriteSourceSize"], entry["sourceSize"]
    frame = np.zeros((whole["h"], whole["w"]), np.uint8)
    part = image.crop((box["x"], box["y"], box["x"] + box["w"], box["y"] + box["h"]))
    rows = slice(inside["y"], inside["y"] + inside["h"])
    frame[rows, inside["x"] : inside["x"] + inside["w"]] = np.asarray(part)
    return frame


def test_tags_go_as_they_say_and_those_of_one_frame_are_listed(tmp_path: Path) -> None:
    tags = (Tag("walk", 0, 2, "pingpong", 3, (1, 2, 255)), Tag("hit [1]", 3, 3, "reverse"))
    made = [replace(clips(1)[0], tags=tags)]
    file = tmp_path / "hero.json"
    list(write_one_file(tmp_path / "hero.png", made, THREE, replace(style("rows"), data=(file,))))
    document = json.loads(file.read_text("utf-8"))
    assert document["animations"] == {"walk": ["0", "1", "2", "1"], "hit [1]": ["3"]}
    walk = {"name": "walk", "from": 0, "to": 2, "direction": "pingpong"}
    assert document["meta"]["frameTags"] == [
        {**walk, "repeat": "3", "color": "#0102ffff"},
        {"name": "hit [1]", "from": 3, "to": 3, "direction": "reverse"},
    ]
    assert read_atlas(file).tags == tags


def test_stills_keep_their_names(tmp_path: Path) -> None:
    file = tmp_path / "hero.json"
    request = replace(style("packed"), data=(file,))
    list(write_one_file(tmp_path / "hero.png", clips(2, 1), THREE, request))
    assert list(json.loads(file.read_text("utf-8"))["frames"]) == ["clip 0", "clip 1"]


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@pytest.mark.parametrize("array", [False, True])
def test_aseprite_json_names_frames_tags_and_durations(
    tmp_path: Path, arrangement: Any, array: bool
) -> None:
    made, file = clips(), tmp_path / "hero.json"
    request = replace(style(arrangement, 1, 1), data=(file,), array=array)
    list(write_one_file(tmp_path / "hero.png", made, THREE, request))
    document = json.loads(file.read_text("utf-8"))
    frames = document["frames"]
    if not array:
        frames = [{"filename": name, **frame} for name, frame in frames.items()]
    named = [n for clip in made for n in frame_names(clip.name, len(clip.frames))]
    names = named if array else [str(number) for number in range(12)]
    assert [f["filename"] for f in frames] == names
    assert document["animations"] == {f"clip {k}": names[4 * k : 4 * k + 4] for k in range(3)}
    assert [f["duration"] for f in frames] == [50, 100, 150, 200] * 3
    assert document["meta"]["image"] == "hero.png"
    assert [(t["name"], t["from"], t["to"]) for t in document["meta"]["frameTags"]] == [
        ("clip 0", 0, 3),
        ("clip 1", 4, 7),
        ("clip 2", 8, 11),
    ]
    wanted = [frame for clip in made for frame in clip.frames]
    with Image.open(tmp_path / document["meta"]["image"]) as image:
        assert image.size == tuple(document["meta"]["size"].values())
        for entry, frame in zip(frames, wanted, strict=True):
            assert np.array_equal(cut(image, entry), frame)
            assert entry["trimmed"] == (arrangement == "packed")
