"""Clips of named frames, from sheets, files, folders, tags and JSON, and what they lack."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pxgen.data.dataset import Dataset
from pxgen.engines.aseprite import encode_aseprite
from pxgen.engines.clips import Clip
from pxgen.palette import Palette
from tests.support.preparing import hero, prepared, run, save, shown, visible

VIEWS = ("down", "left", "up")
SIZE = 8


def drawings(sprite: int) -> dict[str, np.ndarray]:
    """Frames of one sprite by name: three views of two steps."""
    return {
        f"{view}/{step}": hero(10 * sprite + 2 * k + step)
        for k, view in enumerate(VIEWS)
        for step in range(2)
    }


def sheet(frames: dict[str, np.ndarray], *, turned: bool = False) -> np.ndarray:
    """Views in rows, steps in columns; frames that are not there are transparent."""
    empty = np.zeros((SIZE, SIZE, 4), np.uint8)
    rows = [[frames.get(f"{view}/{step}", empty) for step in range(2)] for view in VIEWS]
    if turned:
        rows = [list(column) for column in zip(*rows, strict=True)]
    return np.concatenate([np.concatenate(row, 1) for row in rows])


def check(dataset: Dataset, sprites: dict[str, dict[str, np.ndarray]]) -> None:
    """The dataset holds these frames, and knows which it lacks."""
    wanted = list(drawings(0))
    assert dataset.frame_names == tuple(wanted)
    assert set(dataset.names) == set(sprites)
    for name, frames in sprites.items():
        own = shown(dataset, name)
        there = [frame in frames for frame in wanted]
        if dataset.present is not None:
            assert dataset.present[dataset.names.index(name)].tolist() == there
        for k, frame in enumerate(wanted):
            drawn = frames.get(frame, np.zeros_like(own[k]))
            np.testing.assert_array_equal(visible(own[k]), visible(drawn))


@pytest.mark.parametrize("by", ["rows", "columns"])
def test_a_sheet_of_views_is_a_clip_and_its_empty_cells_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    monkeypatch.chdir(tmp_path)
    sprites = {f"{k}.png": drawings(k) for k in range(4)}
    del sprites["2.png"]["up/1"], sprites["2.png"]["left/0"]
    for name, frames in sprites.items():
        save(f"in/{name}", sheet(frames, turned=by == "columns"))
    cells = ("--cell", f"{SIZE}x{SIZE}", "--views", ",".join(VIEWS), "--by", by)
    result = run("in", *cells)
    assert "4 clips of 6 frames (down/0-1, left/0-1, up/0-1)" in result.stderr
    assert "1 of 4 clips lack frames" in result.stderr
    assert "2.png lacks left/0, up/1" in result.stderr
    check(prepared("in", *cells, "--force"), sprites)
    taken = prepared("in", *cells, "--take", "down,up/0", "-o", "few")
    assert taken.frame_names == ("down/0", "down/1", "up")
    assert taken.present is None


def test_frames_that_no_sprite_has_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for k in range(2):
        frames = drawings(k)
        del frames["up/1"]
        save(f"in/{k}.png", sheet(frames))
    dataset = prepared("in", "--cell", "8x8", "--views", ",".join(VIEWS))
    assert dataset.frame_names == ("down/0", "down/1", "left/0", "left/1", "up")
    assert dataset.present is None


@pytest.mark.parametrize("form", ["{}_{}_{}.png", "{1}/{0}_f{2}.png", "{}/{}-{}.png"])
def test_files_are_gathered_by_the_views_in_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.chdir(tmp_path)
    sprites = {name: drawings(k) for k, name in enumerate(("elf", "orc", "imp"))}
    del sprites["orc"]["left/1"]
    for name, frames in sprites.items():
        for frame, rgba in frames.items():
            save("in/" + form.format(name, *frame.split("/")), rgba)
    result = run("in")
    assert "3 clips by the views in names: down, left, up" in result.stderr
    assert "no labels" in result.stderr or "labels from" not in result.stderr
    check(prepared("in", "--force"), sprites)
    for options in (("--views", "none"), ("--frames", "1")):
        plain = prepared("in", *options, "-o", "plain", "--force")
        assert (plain.frame_names, plain.present) == ((), None)


def test_views_of_other_sizes_stand_on_one_ground(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("elf", "orc"):
        save(f"in/{name}_front.png", hero(1, 8, 8))
        save(f"in/{name}_left.png", hero(2, 6, 4))
    dataset = prepared("in")
    front, left = shown(dataset, "elf")
    np.testing.assert_array_equal(visible(front), visible(hero(1, 8, 8)))
    np.testing.assert_array_equal(visible(left[2:, 2:6]), visible(hero(2, 6, 4)))
    assert not left[:2, :, 3].any()


def test_strips_are_views_by_their_names_and_their_cells_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sprites = {name: drawings(k) for k, name in enumerate(("elf", "orc"))}
    del sprites["orc"]["up/1"]
    empty = np.zeros((SIZE, SIZE, 4), np.uint8)
    for name, frames in sprites.items():
        for view in VIEWS:
            strip = [frames.get(f"{view}/{step}", empty) for step in range(2)]
            save(f"in/{name}-{view}.png", np.concatenate(strip, 1))
    check(prepared("in", "--cell", "8x8", "--views", ",".join(VIEWS)), sprites)
    assert len(prepared("in", "--cell", "8x8", "-o", "cells")) == 11


def test_strips_and_whole_sheets_may_lie_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sheet whose name has a view's word is a sheet still."""
    monkeypatch.chdir(tmp_path)
    names = ("elf", "orc.png", "get-up.png", "get-left.png", "imp")
    sprites = {name: drawings(k) for k, name in enumerate(names)}
    sprites["imp"] = {name: rgba for name, rgba in sprites["imp"].items() if "left" in name}
    save("in/imp-left.png", np.concatenate(list(sprites["imp"].values()), 1))
    for view in VIEWS:
        strip = np.concatenate([sprites["elf"][f"{view}/{step}"] for step in range(2)], 1)
        save(f"in/elf-{view}.png", strip)
    for name in names[1:4]:
        save(f"in/{name}", sheet(sprites[name]))
    check(prepared("in", "--cell", "8x8", "--views", ",".join(VIEWS)), sprites)


def test_one_name_without_a_view_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for k, name in enumerate(("elf_left", "elf_right", "orc_left", "orc_right", "logo")):
        save(f"in/{name}.png", hero(k))
    told = "names tell views, all but logo.png: so files are taken one by one"
    assert told in " ".join(run("in").stderr.split())
    assert told not in " ".join(run("in", "--views", "none", "--force").stderr.split())
    save("in/tree.png", hero(7))
    for k in range(4):
        save(f"in/rock{k}.png", hero(8 + k))
    assert "names tell views" not in run("in", "--force").stderr


def test_views_that_no_sheet_shows_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for k in range(3):
        save(f"in/{k}.png", np.concatenate([hero(3 * k + view) for view in range(3)], 1))
    options = ("in", "--cell", "8x8", "--views", "down,left,up")
    told = "no sprite shows left, up: if the columns of sheets are views, add --by columns"
    assert told in " ".join(run(*options).stderr.split())
    assert "no sprite shows" not in run(*options, "--by", "columns", "--force").stderr
    assert "no sprite shows" not in run(*options[:3], "--views", "A b", "--force").stderr
    assert (
        "no sprite shows"
        not in run(*options[:3], "--views", "0,90,180", "--by", "columns", "--force").stderr
    )
    assert "no sprite shows" not in run(*options, "--take", "down", "--force").stderr


def test_aseprite_tags_are_views_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A view shown twice is refused, and tags that tell no view are clips as ever."""
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    maps = np.random.default_rng(0).integers(0, 3, (4, 6, 6), dtype=np.uint8)
    palette = Palette.of([(20, 20, 20), (200, 30, 30)])

    def written(*tags: str) -> None:
        clips = [Clip(tag, maps[2 * k : 2 * k + 2], [100, 100]) for k, tag in enumerate(tags)]
        Path("in/hero.aseprite").write_bytes(encode_aseprite(clips, palette))

    written("left", "down")
    dataset = prepared("in")
    assert dataset.frame_names == ("down/0", "down/1", "left/0", "left/1")
    drawn = dataset.palette.colors(dataset.pixels[0])
    np.testing.assert_array_equal(drawn, palette.colors(maps[[2, 3, 0, 1]]))
    written("idle", "down")
    assert prepared("in", "--force").names == ("hero.aseprite#idle", "hero.aseprite#down")
    written("left", "Left")
    result = run("in", "--views", "left", "--force")
    assert result.exit_code == 3
    assert "frame left/0 is there twice" in result.stderr


def test_frames_of_sprites_that_are_left_out_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for k, name in enumerate(("elf", "orc", "imp")):
        save(f"in/{name}_front.png", hero(k))
        save(f"in/{name}_left.png", hero(k + 5))
    for view in ("front", "left", "back"):
        save(f"in/giant_{view}.png", hero(9, 20, 20))
    dataset = prepared("in", "--skip-bad", "--size", "8x8")
    assert set(dataset.names) == {"elf", "imp", "orc"}
    assert (dataset.frame_names, dataset.present) == (("front", "left"), None)


def test_tags_that_are_views_make_one_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sprites = {}
    for k in range(2):
        frames = sprites[f"{k}.json#walk"] = drawings(k)
        save(f"in/{k}.png", sheet(frames))
        cells = [(row, column) for row in range(3) for column in range(2)]
        rects = [{"x": 8 * c, "y": 8 * r, "w": 8, "h": 8} for r, c in cells]
        described = {f"f {n}": {"frame": rect} for n, rect in enumerate(rects)}
        tags = [{"name": f"walk-{v}", "from": 2 * n, "to": 2 * n + 1} for n, v in enumerate(VIEWS)]
        meta = {"image": f"{k}.png", "frameTags": tags}
        Path(f"in/{k}.json").write_text(json.dumps({"frames": described, "meta": meta}))
    check(prepared("in"), sprites)
    one = prepared("in/0.png", "-o", "one")
    assert one.names == ("0.json#walk",)
    assert one.frame_names == tuple(drawings(0))
    apart = prepared("in", "--views", "none", "-o", "apart")
    assert (apart.canvas.frames, len(apart)) == (2, 6)
    cells = prepared("in", "--cell", "8x8", "-o", "cells")
    assert len(cells) == 12


def test_a_described_sheet_without_tags_is_read_by_the_names_of_its_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["elf_down.png", "elf_left.png", "orc_down.png", "orc_left.png"]
    tiles = {name: hero(k) for k, name in enumerate(names)}
    save("in/all.png", np.concatenate([*tiles.values()]))
    rects = {name: {"frame": {"x": 0, "y": 8 * k, "w": 8, "h": 8}} for k, name in enumerate(names)}
    Path("in/all.json").write_text(json.dumps({"frames": rects, "meta": {}}))
    dataset = prepared("in")
    assert dataset.names == ("all.json#elf", "all.json#orc")
    assert dataset.frame_names == ("down", "left")
    np.testing.assert_array_equal(
        visible(shown(dataset, "all.json#orc")[1]), visible(tiles["orc_left.png"])
    )
    steps = {f"run_{k}": rect for k, rect in enumerate(rects.values())}
    Path("in/all.json").write_text(json.dumps({"frames": steps, "meta": {}}))
    clip = prepared("in/all.json", "-o", "clip")
    assert (clip.names, clip.canvas.frames, clip.frame_names) == (("all.json",), 4, ())


def test_options_of_views_that_change_nothing_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for k in range(3):
        save(f"in/{k}.png", hero(k))
    for options, message in {
        ("--by", "columns"): "add --cell and --views",
        ("--take", "walk-*"): "have no names",
        ("--views", "a,b", "--frames", "1"): "leave out --views",
        ("--views", "front,left"): "no file, folder or tag",
        ("--layout", "ninja", "--views", "a,b"): "no --views",
    }.items():
        result = run("in", *options)
        assert result.exit_code == 2, options
        assert message in result.stderr


def test_a_numbered_clip_lacks_the_frame_whose_number_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, steps in {"elf": (0, 1, 2), "orc": (0, 1, 2), "imp": (0, 2)}.items():
        for step in steps:
            save(f"in/{name}/run_f{step}.png", hero(len(name) * 7 + ord(name[0]) + step))
    result = run("in")
    assert "3 clips of numbered files" in result.stderr
    assert "imp/run lacks 1" in result.stderr
    dataset = prepared("in", "--force")
    assert dataset.label_names == ("elf", "imp", "orc")
    assert dataset.present is not None
    assert dataset.present.tolist() == [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
