"""Sheets that JSON describes: hashes and lists, trims and turns, tags, and what is damaged."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from pxgen.cli.app import pxgen
from pxgen.errors import InputError
from pxgen.ingest.atlas import Atlas, frame_stems, read_atlas
from pxgen.ingest.images import read_image
from pxgen.ingest.walk import find_files
from tests.support.preparing import prepared, run, shown

SHEET = np.random.default_rng(0).integers(0, 256, (9, 12, 4), dtype=np.uint8)


def exported(*arguments: object) -> Result:
    return CliRunner().invoke(pxgen, ["export", *map(str, arguments)])


def frame(x: int, y: int, w: int, h: int, **more: Any) -> dict[str, Any]:
    return {"frame": {"x": x, "y": y, "w": w, "h": h}, **more}


def described(folder: Path, frames: Any, **meta: Any) -> Path:
    folder.mkdir(exist_ok=True)
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


WRONG = [
    ({}, {}, "there are no frames"),
    ([], {}, "there are no frames"),
    (4, {}, "its frames are no list and no table"),
    ({"a": frame(0, 0, 0, 0)}, {}, "frame a is 0x0 pixels"),
    ({"a": {}}, {}, "frame a has no frame"),
    ({"a": frame(-1, 0, 2, 2)}, {}, "frame a has -1 for x"),
    ({"a": frame(0, 0, 2, 2, sourceSize={"w": 1, "h": 2})}, {}, "2x2 at 0,0 of 1x2 pixels"),
    ({"a": frame(0, 0, 2, 2, sourceSize={"w": 100000, "h": 2})}, {}, "frame a has 100000 for w"),
    ([3], {}, "frame 0 of the list is damaged"),
    ([frame(0, 0, 2, 2)], {}, "frame 0 of the list has no filename"),
    ({"a": frame(0, 0, 2, 2, duration=10**400)}, {}, "frame a is damaged"),
    ({"a": frame(0, 0, 2, 2, duration=10**18)}, {}, r"frame a is shown for 1e\+18 ms"),
    ({"a": frame(0, 0, 2, 2, duration=-4)}, {}, "frame a is shown for -4.0 ms"),
    ({"a": frame(11, 0, 2, 2)}, {}, "frame a lies outside sheet.png"),
    ({"a": frame(0, 0, 2, 2)}, {"to": 7}, "tag t goes from 0 to 7 of 1 frames"),
    ({"a": frame(0, 0, 2, 2)}, {"from": 3}, "tag t goes from 3 to 0 of 1 frames"),
    ({"a": frame(0, 0, 2, 2)}, {"repeat": float("inf")}, "tag t is damaged"),
]


@pytest.mark.parametrize(("frames", "tag", "message"), WRONG)
def test_what_is_damaged_is_one_clear_line_and_no_still(
    tmp_path: Path, frames: Any, tag: dict[str, Any], message: str
) -> None:
    tags = [{"name": "t", "from": 0, "to": 0, **tag}] if tag else []
    path = described(tmp_path, frames, frameTags=tags)
    with pytest.raises(InputError, match=rf"hero\.json: .*{message}.*: export .* again") as raised:
        cut(read_atlas(path))
    assert "\n" not in str(raised.value)
    # Its sheet is no picture beside it.
    assert [file.name for file in find_files([tmp_path], described=True).files] == ["hero.json"]


def test_a_picture_whose_json_is_damaged_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = described(Path("in"), [{"filename": "a", **frame(0, 0, 2, 2)}], frameTags=[{"name": 1}])
    Path("in/sheet.png").rename("in/hero.png")
    whole = path.read_text()
    for damaged, message in ((whole, "tag 1 has no from"), (whole[:-9], "no JSON from line 1")):
        path.write_text(damaged)
        for source in ("in/hero.png", "in/hero.json", "in"):
            for result in (run(source, "--force"), exported(source, "-o", "x.gif")):
                assert (result.exit_code, message in result.stderr) == (3, True)
        # A picture of another name is not its own.
        Image.fromarray(SHEET).save("in/b.png")
        assert "in/hero.json: " in run("in", "--force").stderr
        assert len(prepared("in", "--skip-bad", "--force")) == 1
        Path("in/b.png").unlink()


@pytest.mark.parametrize(
    "content", ["{", "[3]", '{"prompt": "a frame"}', '{"frames": 4}', '"frames']
)
def test_any_other_json_is_no_description(tmp_path: Path, content: str) -> None:
    Image.fromarray(SHEET).save(tmp_path / "hero.png")
    (tmp_path / "hero.json").write_text(content)
    assert [file.name for file in find_files([tmp_path], described=True).files] == ["hero.png"]
    if content.startswith("["):
        with pytest.raises(InputError, match="neither frames nor textures"):
            read_atlas(tmp_path / "hero.json")


def test_animations_show_frames_that_are_there_once(tmp_path: Path) -> None:
    frames = [{"filename": name, **frame(0, 0, 2, 2)} for name in "abb"]
    for names, message in (
        ("aq", "frame q, which is not there"),
        ("ab", "b, which is there twice"),
    ):
        path = described(tmp_path, frames)
        content = json.loads(path.read_text()) | {"animations": {"walk": [*names]}}
        path.write_text(json.dumps(content))
        with pytest.raises(InputError, match=f"animation walk shows .*{message}"):
            read_atlas(path)


def test_a_description_needs_its_image(tmp_path: Path) -> None:
    path = described(tmp_path, {"a": frame(0, 0, 2, 2)})
    (tmp_path / "sheet.png").rename(tmp_path / "hero.png")
    assert [image.name for image in read_atlas(path).images] == ["hero.png"]
    (tmp_path / "hero.png").unlink()
    with pytest.raises(InputError, match=r"there is no image sheet\.png beside it"):
        read_atlas(path)


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


def test_only_a_lone_image_may_have_another_name_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = described(Path("in"), {"a": frame(0, 0, 2, 2)})
    Path("in/sheet.png").rename("in/hero.png")
    for result in (run("in"), exported("in", "-o", "x.gif")):
        assert "hero.json names sheet.png, which is not there" in result.stderr
        assert result.exit_code == 0
    textures = [
        {"image": f"{name}.png", "frames": [{"filename": name, **frame(0, 0, 2, 2)}]}
        for name in ("hero", "second")
    ]
    path.write_text(json.dumps({"textures": textures}))
    for source in ("in", "in/hero.json", "in/hero.png"):
        result = run(source, "--force")
        assert (result.exit_code, "no image second.png beside it" in result.stderr) == (3, True)
    Image.fromarray(SHEET[::-1]).save("in/second.png")
    assert len(prepared("in", "--force")) == 2


def test_frames_of_one_name_are_all_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    places = ((1, 1), (5, 5))
    path = described(Path("in"), [{"filename": "a", **frame(*at, 5, 3)} for at in places])
    solid = SHEET | np.array([0, 0, 0, 255], np.uint8)
    Image.fromarray(solid).save("in/sheet.png")
    dataset = prepared("in")
    assert [*dataset.names] == ["hero.json#a", "hero.json#a-2"]
    for name, (x, y) in zip(dataset.names, places, strict=True):
        np.testing.assert_array_equal(shown(dataset, name)[0], solid[y : y + 3, x : x + 5])
    same = '{"frames": {"a": %s, "a": %s}}' % ((json.dumps(frame(0, 0, 2, 2)),) * 2)
    path.write_text(same)
    with pytest.raises(InputError, match="two frames are called a"):
        read_atlas(path)
