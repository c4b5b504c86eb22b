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
from pxgen.engines.atlas import frame_names
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
    assert [f["filename"] for f in frames] == [
        n for clip in made for n in frame_names(clip.name, len(clip.frames))
    ]
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
