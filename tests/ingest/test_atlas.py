"""Sheets that JSON describes: hashes and lists, trims and turns, tags, and what is damaged."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pxgen.errors import InputError
from pxgen.ingest.atlas import Atlas, frame_stems, read_atlas
from pxgen.ingest.images import read_image

SHEET = np.random.default_rng(0).integers(0, 256, (9, 12, 4), dtype=np.uint8)


def frame(x: int, y: int, w: int, h: int, **more: Any) -> dict[str, Any]:
    return {"frame": {"x": x, "y": y, "w": w, "h": h}, **more}


def described(folder: Path, frames: Any, **meta: Any) -> Path:
    Image.fromarray(SHEET).save(folder / "sheet.png")
    path = folder / "hero.json"
    path.write_text(json.dumps({"frames": frames, "meta": {"image": "sheet.png", **meta}}))
    return path


def cut(atlas: Atlas) -> list[np.ndarray]:
    return atlas.cut(lambda path: read_image(path).rgba[0])


def test_frames_are_cut_out_whole(tmp_path: Path) -> None:
    """Trimmed ones stand where they were; turned ones, a quarter clockwise, are turned back."""
    trim = {"spriteSourceSize": {"x": 1, "y": 2, "w": 3, "h": 4}, "sourceSize": {"w": 5, "h": 7}}
    frames = {
        "plain.png": frame(2, 1, 3, 4),
        "trimmed.png": frame(2, 1, 3, 4, **trim),
        "turned.png": frame(2, 1, 3, 4, rotated=True, **trim),
    }
    atlas = read_atlas(described(tmp_path, frames))
    plain, trimmed, turned = cut(atlas)
    np.testing.assert_array_equal(plain, SHEET[1:5, 2:5])
    whole = np.zeros((7, 5, 4), np.uint8)
    whole[2:6, 1:4] = SHEET[1:5, 2:5]
    np.testing.assert_array_equal(trimmed, whole)
    # On the sheet it lies 4 wide and 3 high: its left column is the upper row there, from right.
    np.testing.assert_array_equal(turned[2:6, 1], SHEET[1, 2:6][::-1])
    assert frame_stems(atlas) == ["plain", "trimmed", "turned"]


def test_lists_and_tags_are_read(tmp_path: Path) -> None:
    frames = [
        {"filename": f"hero {k}.aseprite", **frame(k, 0, 2, 2, duration=90)} for k in range(4)
    ]
    tags = [
        {"name": "walk", "from": 1, "to": 3, "direction": "pingpong"},
        {"name": "back", "from": 0, "to": 1, "direction": "reverse"},
    ]
    atlas = read_atlas(described(tmp_path, frames, frameTags=tags))
    assert [(tag.name, tag.order) for tag in atlas.tags] == [
        ("walk", (1, 2, 3, 2)),
        ("back", (1, 0)),
    ]
    assert frame_stems(atlas)[3] == "hero 3"
    assert atlas.frames[0].duration == 90


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ({}, "no frames"),
        ({"a": frame(0, 0, 0, 2)}, "describes no sheet"),
        ({"a": {}}, "describes no sheet"),
        ({"a": frame(-1, 0, 2, 2)}, "describes no sheet"),
        ({"a": frame(0, 0, 2, 2, sourceSize={"w": 1, "h": 2})}, "describes no sheet"),
        ([3], "describes no sheet"),
        ({"a": frame(0, 0, 2, 2, duration=10**400)}, "describes no sheet"),
        ({"a": frame(11, 0, 2, 2)}, "frame a lies outside sheet.png"),
    ],
)
def test_what_is_damaged_is_one_clear_line(tmp_path: Path, frames: Any, message: str) -> None:
    path = described(tmp_path, frames)
    with pytest.raises(InputError, match=message):
        cut(read_atlas(path))


def test_a_description_needs_its_image(tmp_path: Path) -> None:
    path = described(tmp_path, {"a": frame(0, 0, 2, 2)})
    (tmp_path / "sheet.png").rename(tmp_path / "hero.png")
    assert [image.name for image in read_atlas(path).images] == ["hero.png"]
    (tmp_path / "hero.png").unlink()
    with pytest.raises(InputError, match=r"there is no image sheet\.png beside it"):
        read_atlas(path)


def test_numbers_without_end_are_damage(tmp_path: Path) -> None:
    tags = [{"name": "a", "from": 0, "to": 0, "repeat": float("inf")}]
    with pytest.raises(InputError, match="describes no sheet"):
        read_atlas(described(tmp_path, {"a": frame(0, 0, 2, 2)}, frameTags=tags))


@pytest.mark.parametrize("kind", ["frameTags", "animations"])
def test_a_small_file_shows_its_frames_no_more_often_than_memory_holds(
    tmp_path: Path, kind: str
) -> None:
    frames = {f"{k}": frame(k, 0, 2, 2) for k in range(3)}
    for times, fits in ((16, True), (17, False)):
        path = described(tmp_path, frames)
        content = json.loads(path.read_text())
        if kind == "animations":
            content["animations"] = {"a": [*frames] * times}
        else:
            content["meta"][kind] = [{"name": f"t{n}", "from": 0, "to": 2} for n in range(times)]
        path.write_text(json.dumps(content))
        with nullcontext() if fits else pytest.raises(InputError, match="more than 16 times over"):
            assert sum(len(shown) for _, shown in read_atlas(path).animations) == 48
