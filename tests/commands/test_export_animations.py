"""``pxgen export``: animations keep their names, directions, times and order."""

from __future__ import annotations

import json
import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from pxgen.cli.app import pxgen
from pxgen.engines.aseprite import encode_aseprite
from pxgen.engines.clips import Clip
from pxgen.engines.tags import Tag
from pxgen.ingest.images import read_image
from pxgen.palette import Palette
from pxgen.render.gif import encode_gif
from pxgen.render.png import decode_png, encode_png

PALETTE = Palette.of([(200, 10, 10), (10, 200, 10), (10, 10, 200), (9, 9, 9, 128)])
NOTE = struct.pack("<IH", 3, 2) + b"hi" + bytes([9, 8, 7, 255])
TAGS = (
    Tag("walk", 1, 3, "pingpong", 3, (9, 8, 7), NOTE),
    Tag("Jump [1]", 4, 4, "reverse", note=bytes(4)),
    Tag("all", 1, 5, "pingpong_reverse", note=bytes(4)),
)


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(pxgen, ["export", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result


def described(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def hero(folder: Path, name: str = "hero", tags: tuple[Tag, ...] = TAGS) -> Path:
    frames = (np.arange(6) % 5).astype(np.uint8).repeat(6).reshape(6, 2, 3)
    path = folder / f"{name}.aseprite"
    clip = Clip(name, frames, [50, 70_000 - 5000, 100, 110, 120, 130], tags)
    path.write_bytes(encode_aseprite([clip], PALETTE))
    return path


def test_aseprite_to_aseprite_changes_nothing(tmp_path: Path) -> None:
    source = hero(tmp_path)
    run(source, "-o", tmp_path / "again.aseprite")
    assert (tmp_path / "again.aseprite").read_bytes() == source.read_bytes()
    untagged = hero(tmp_path, "plain", ())
    run(untagged, "-o", tmp_path / "again.aseprite")
    assert (tmp_path / "again.aseprite").read_bytes() == untagged.read_bytes()


def test_a_sheet_with_json_keeps_tags_too(tmp_path: Path) -> None:
    source = hero(tmp_path)
    run(source, "-o", tmp_path / "h.png", "--sheet", "packed", "--data", tmp_path / "h.json")
    run(tmp_path / "h.json", "-o", tmp_path / "again.aseprite")
    first, second = (read_image(path) for path in (source, tmp_path / "again.aseprite"))
    assert np.array_equal(first.rgba, second.rgba)
    assert [tag._replace(note=b"") for tag in first.tags] == [*second.tags]
    assert first.durations == second.durations


def test_only_names_that_clash_are_prefixed(tmp_path: Path) -> None:
    walk, idle = Tag("walk", 0, 3), Tag("idle", 4, 5)
    sources = [hero(tmp_path, "hero", (walk, idle)), hero(tmp_path, "orc", (walk,))]
    run(*sources, "-o", tmp_path / "o.aseprite")
    tags = read_image(tmp_path / "o.aseprite").tags
    assert [(t.name, t.first, t.last) for t in tags] == [
        *(("hero-walk", 0, 3), ("idle", 4, 5), ("orc-walk", 6, 9)),
    ]


def test_an_animation_file_shows_all_frames_in_their_directions(tmp_path: Path) -> None:
    source = hero(tmp_path, tags=(Tag("walk", 1, 3, "pingpong"), Tag("hit", 2, 2)))
    run(source, "-o", tmp_path / "o.apng")
    shown, frames = read_image(tmp_path / "o.apng"), read_image(source)
    assert np.array_equal(shown.rgba, frames.rgba[[0, 1, 2, 3, 2, 4, 5]])
    assert shown.durations == (50, 65_000, 100, 110, 100, 120, 130)


def test_rows_of_a_sheet_are_views_in_the_order_asked_for(tmp_path: Path) -> None:
    """A sheet of cells whose rows are views, and which lacks a cell, as another engine's sheet."""
    cells = np.zeros((3, 2, 2, 2), np.uint8)
    cells[0], cells[1], cells[2, 0] = 1, 2, 3
    sheet = tmp_path / "hero.png"
    sheet.write_bytes(encode_png(cells.swapaxes(1, 2).reshape(6, 4), PALETTE))
    views = ["--cell", "2x2", "--views", "left,down,up"]
    out = tmp_path / "o.png"
    run(sheet, *views, "-o", out, "--rows", "down,left", "--data", tmp_path / "o.json")
    assert decode_png(out)[0][::2, ::2].tolist() == [[2, 2], [1, 1], [3, 0]]
    assert described(tmp_path / "o.json")["animations"] == {
        "down": ["0", "1"],
        "left": ["2", "3"],
        "up": ["4"],
    }
    told = run(sheet, *views, "-o", tmp_path / "o.aseprite").stderr
    assert [t.name for t in read_image(tmp_path / "o.aseprite").tags] == ["left", "down", "up"]
    assert "clips" not in told
    views[-1] = "left"
    told = run(sheet, *views, "-o", tmp_path / "three.aseprite").stderr
    assert "hero.png: 3 clips of left: its rows or columns are more than these views" in told


def test_a_sheet_of_cells_becomes_frames(tmp_path: Path) -> None:
    sheet = tmp_path / "walk.png"
    sheet.write_bytes(encode_png(np.array([[1, 2], [3, 4]], np.uint8), PALETTE))
    run(sheet, "--cell", "1x1", "-o", tmp_path / "walk.gif", "--fps", 20)
    frames = read_image(tmp_path / "walk.gif")
    assert frames.rgba[:3, 0, 0].tolist() == [list(row) for row in PALETTE.rows[1:4]]
    assert frames.durations == (50,) * 4


def test_a_folder_gets_a_picture_a_frame(tmp_path: Path) -> None:
    source = hero(tmp_path, tags=(Tag("walk", 0, 3), Tag("hit", 4, 4)))
    result = run(source, "-o", f"{tmp_path}/frames/", "--scale", 2)
    paths = [Path(line) for line in result.stdout.split()]
    assert [path.name for path in paths] == [
        *(f"walk-0{k}.png" for k in range(4)),
        *("hit.png", "hero-05.png"),
    ]
    for number, path in enumerate(paths):
        pixels, palette = decode_png(path)
        assert palette == PALETTE
        assert pixels.shape == (4, 6)
        assert (pixels == number % 5).all()
    again = CliRunner().invoke(pxgen, ["export", str(source), "-o", f"{tmp_path}/frames/"])
    assert (again.exit_code, "exists: replace it with --force" in again.stderr) == (2, True)
    run(source, "-o", f"{tmp_path}/frames/", "--force")


def test_standard_output_takes_a_picture_or_an_animation(tmp_path: Path) -> None:
    source = hero(tmp_path)
    (tmp_path / "still.png").write_bytes(encode_png(np.ones((2, 2), np.uint8), PALETTE))
    assert run(source, "-o", "-").stdout_bytes.startswith(b"GIF89a")
    assert run(tmp_path / "still.png", "-o", "-").stdout_bytes.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("suffix", "longest"),
    [(".gif", 655_350), (".apng", 700_000), (".webp", 700_000), (".aseprite", 65_535)],
)
def test_long_frames_stay_as_long_as_the_format_can_and_else_it_is_said(
    tmp_path: Path, suffix: str, longest: int
) -> None:
    frames = np.arange(3, dtype=np.uint8).repeat(4).reshape(3, 2, 2)
    (tmp_path / "slow.gif").write_bytes(encode_gif(frames, PALETTE, [66_000, 100, 50]))
    out = tmp_path / f"out{suffix}"
    result = run(tmp_path / "slow.gif", "-o", out)
    first = min(66_000, longest)
    assert read_image(out).durations == (first, 100, 50)
    assert ("1 frames are cut to 65.535 s" in result.stderr) == (first < 66_000)
    run(out, "-o", tmp_path / "slower.apng")


def test_times_of_a_thousand_seconds_are_kept(tmp_path: Path) -> None:
    with Image.new("P", (1, 1)) as first, Image.new("P", (1, 1), 1) as second:
        for image in (first, second):
            image.putpalette([9, 9, 9, 200, 0, 0])
        first.save(
            tmp_path / "s.webp",
            save_all=True,
            append_images=[second],
            lossless=True,
            duration=[1_000_000, 40],
        )
    result = run(tmp_path / "s.webp", "-o", tmp_path / "o.apng")
    assert result.stderr == ""
    assert read_image(tmp_path / "o.apng").durations == (1_000_000, 40)


def test_frames_outside_all_tags_are_kept(tmp_path: Path) -> None:
    source = hero(tmp_path, tags=(Tag("wak", 1, 2), Tag("hit", 4, 4)))
    sheet, text = tmp_path / "o.png", tmp_path / "o.json"
    run(source, "-o", sheet, "--data", text, "--array", "--data", tmp_path / "o.tres")
    names = [frame["filename"] for frame in described(text)["frames"]]
    assert names == ["hero-00", "wak-00", "wak-01", "hero-03", "hit", "hero-05"]
    animations = (tmp_path / "o.tres").read_text("utf-8")
    places = [animations.index(f'&"{n}"') for n in ("wak", "hit", "frames-1-1", "frames-4-4")]
    assert all(a < b for a, b in pairwise(places))
