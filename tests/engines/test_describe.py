"""Sheets for engines, read back by readers that are not ours where there are any."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import godot_parser
import numpy as np
import pytest
import pytiled_parser
import tinycss2
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pxgen.arrays import Rgba
from pxgen.cli.app import pxgen
from pxgen.config.options import SheetSettings
from pxgen.engines.atlas import Atlas, Clip, frame_names, lay_out
from pxgen.engines.describe import description
from pxgen.errors import UsageError
from pxgen.palette import Palette
from pxgen.render.one_file import write_one_file
from pxgen.render.png import decode_png

PALETTE = Palette.of([(200, 10, 10), (10, 200, 10), (10, 10, 200)])
ARRANGEMENTS = ("rows", "columns", "packed")


def clips(count: int = 3, frames: int = 4, height: int = 6, width: int = 5) -> list[Clip]:
    """Frames that differ in all, with transparent borders of all widths and an empty one."""
    generator = np.random.default_rng(3)
    made = []
    for number in range(count):
        pixels = np.zeros((frames, height, width), np.uint8)
        for frame in pixels[: 3 if number == 1 else frames]:
            top, left = generator.integers(0, [height, width])
            inside = frame[top : top + 3, left : left + 3]
            inside[...] = generator.integers(1, 4, inside.shape)
        durations = [50.0 * (1 + k) for k in range(frames)]
        made.append(Clip(f"clip {number}", pixels, durations))
    return made


def style(
    sheet: Any, padding: int = 0, extrude: int = 0, power_of_two: bool = False
) -> SheetSettings:
    return SheetSettings(sheet=sheet, padding=padding, extrude=extrude, power_of_two=power_of_two)


def restored(atlas: Atlas, number: int) -> Rgba:
    """A frame from the sheet by what is said of it."""
    cel = atlas.cels[number]
    width, height = atlas.source
    frame = np.zeros((height, width), np.uint8)
    part = atlas.pixels[cel.y : cel.y + cel.height, cel.x : cel.x + cel.width]
    frame[cel.top : cel.top + cel.height, cel.left : cel.left + cel.width] = part
    return frame


@given(
    count=st.integers(1, 5),
    frames=st.integers(1, 4),
    arrangement=st.sampled_from(ARRANGEMENTS),
    padding=st.integers(0, 3),
    extrude=st.integers(0, 2),
    power_of_two=st.booleans(),
)
def test_every_frame_is_where_it_is_said_to_be(
    count: int, frames: int, arrangement: Any, padding: int, extrude: int, power_of_two: bool
) -> None:
    made = clips(count, frames)
    atlas = lay_out(made, style(arrangement, padding, extrude, power_of_two))
    wanted = [frame for clip in made for frame in clip.frames]
    for number, frame in enumerate(wanted):
        assert np.array_equal(restored(atlas, number), frame)
    assert [tag.name for tag in atlas.tags] == [clip.name for clip in made]
    if power_of_two:
        assert all(side & (side - 1) == 0 for side in atlas.pixels.shape)


@given(
    arrangement=st.sampled_from(ARRANGEMENTS), padding=st.integers(0, 3), extrude=st.integers(0, 2)
)
def test_frames_keep_their_distance(arrangement: Any, padding: int, extrude: int) -> None:
    atlas = lay_out(clips(), style(arrangement, padding, extrude))
    apart = padding + 2 * extrude
    places = sorted({(c.x, c.y, c.width, c.height) for c in atlas.cels})
    for k, (x, y, w, h) in enumerate(places):
        for u, v, s, t in places[k + 1 :]:
            gap_x = max(u - (x + w), x - (u + s))
            gap_y = max(v - (y + h), y - (v + t))
            assert max(gap_x, gap_y) >= apart


def test_extruded_borders_are_repeated() -> None:
    frame = np.array([[[1, 2], [3, 1]]], np.uint8)
    atlas = lay_out([Clip("a", frame, [100])], style("rows", extrude=1))
    expected = [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 1, 1], [3, 3, 1, 1]]
    assert atlas.pixels.tolist() == expected


def test_packed_sheets_are_smaller_and_keep_equal_frames_once() -> None:
    made = clips(4)
    twice = [*made, *(Clip(f"again {clip.name}", clip.frames, clip.durations) for clip in made)]
    packed, rows = lay_out(twice, style("packed")), lay_out(twice, style("rows"))
    assert packed.pixels.size < rows.pixels.size / 2
    half = len(packed.cels) // 2
    assert [c[1:5] for c in packed.cels[:half]] == [c[1:5] for c in packed.cels[half:]]


def test_rows_hold_a_clip_each_and_columns_too() -> None:
    rows, columns = (lay_out(clips(3, 4), style(kind)) for kind in ("rows", "columns"))
    assert rows.pixels.shape == (3 * 6, 4 * 5)
    assert columns.pixels.shape == (4 * 6, 3 * 5)
    stills = lay_out(clips(9, 1, 6, 6), style("rows"))
    assert stills.pixels.shape == (18, 18)


def test_a_sheet_that_no_engine_loads_is_refused() -> None:
    wide = Clip("wide", np.zeros((20, 1, 4000), np.uint8), [100] * 20)
    with pytest.raises(UsageError, match="more than engines load"):
        lay_out([wide], style("rows"))


def write(folder: Path, name: str, sheet: SheetSettings, made: list[Clip] | None = None) -> Path:
    file = folder / "data" / name
    request = replace(sheet, data=(file,))
    paths = list(write_one_file(folder / "hero.png", made or clips(), PALETTE, request))
    assert paths == [folder / "hero.png", file]
    return file


def cut(image: Image.Image, entry: dict[str, Any]) -> Rgba:
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
    list(write_one_file(tmp_path / "hero.png", made, PALETTE, request))
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


@pytest.mark.parametrize(
    "sheet", [style("rows"), style("columns", 2, 1), style("rows", 1, 0, True)]
)
def test_tiled_plays_every_clip(tmp_path: Path, sheet: SheetSettings) -> None:
    made = clips()
    file = write(tmp_path, "hero.tsx", sheet, made)
    tiles = pytiled_parser.parse_tileset(file)
    assert (tiles.tile_width, tiles.tile_height) == (5, 6)
    assert Path(file.parent / ET.parse(file).getroot()[0].attrib["source"]).resolve() == (
        tmp_path / "hero.png"
    )
    pixels, _ = decode_png(tmp_path / "hero.png")

    def tile(number: int) -> Rgba:
        row, column = divmod(number, tiles.columns)
        y = tiles.margin + row * (tiles.tile_height + tiles.spacing)
        x = tiles.margin + column * (tiles.tile_width + tiles.spacing)
        return pixels[y : y + tiles.tile_height, x : x + tiles.tile_width]

    # As Tiled finds out for itself, whatever the file says.
    across = (pixels.shape[1] - tiles.margin + tiles.spacing) // (5 + tiles.spacing)
    assert tiles.columns == across
    by_class = {each.class_: each for each in tiles.tiles.values()}
    for clip in made:
        animation = by_class[clip.name].animation
        assert [frame.duration for frame in animation] == clip.durations
        assert animation[0].tile_id == by_class[clip.name].id
        for frame, wanted in zip(animation, clip.frames, strict=True):
            assert np.array_equal(tile(frame.tile_id), wanted)
    assert max(frame.tile_id for c in by_class.values() for frame in c.animation) < tiles.tile_count


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_godot_plays_every_clip(tmp_path: Path, arrangement: Any) -> None:
    made = clips()
    file = write(tmp_path, "hero.tres", style(arrangement, 1), made)
    text = file.read_text("utf-8")
    assert '"name": &"clip 1"' in text
    # The parser is of Godot 3, which wrote names of animations as plain strings.
    resource = godot_parser.parse(text.replace('&"', '"'))
    sections = resource.get_sections()
    # Every resource in the file, and the file itself.
    assert sections[0].header.attributes["load_steps"] == len(sections) - 1
    assert sections[1].header.attributes["path"] == "../hero.png"
    textures = {s.header.attributes["id"]: s for s in resource.find_all("sub_resource")}
    animations = next(iter(resource.find_all("resource")))["animations"]
    pixels, _ = decode_png(tmp_path / "hero.png")
    for clip, animation in zip(made, animations, strict=True):
        assert animation["name"] == clip.name
        assert animation["loop"] is True
        for shown, frame, ms in zip(animation["frames"], clip.frames, clip.durations, strict=True):
            assert 1000 / animation["speed"] * shown["duration"] == pytest.approx(ms)
            texture = textures[shown["texture"].id]
            x, y, w, h = (int(v) for v in texture["region"].args)
            margin = texture["margin"].args if texture.get("margin") else (0, 0, 0, 0)
            left, top, across, down = map(int, margin)
            whole = np.zeros((h + down, w + across), np.uint8)
            whole[top : top + h, left : left + w] = pixels[y : y + h, x : x + w]
            assert np.array_equal(whole, frame)


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_style_sheets_are_without_errors_and_show_every_frame(
    tmp_path: Path, arrangement: Any
) -> None:
    made = [Clip("9 lives: {}", clips()[0].frames, [40, 60, 100, 200]), *clips()[1:]]
    file = write(tmp_path, "hero.css", style(arrangement), made)
    rules = tinycss2.parse_stylesheet(file.read_text("utf-8"), skip_whitespace=True)
    assert {rule.type for rule in rules} == {"qualified-rule", "at-rule"}
    for rule in rules:
        if rule.type == "qualified-rule":
            declared = tinycss2.parse_declaration_list(rule.content, skip_whitespace=True)
            assert {each.type for each in declared} == {"declaration"}
            classes = [t.value for t in rule.prelude if t.type == "ident"]
            assert classes[0] == "hero"
    names = [[t.value for t in r.prelude if t.type == "ident"] for r in rules]
    assert ["hero", "9 lives: {}"] in names
    frames = next(rule for rule in rules if rule.type == "at-rule")
    shares = [t.value for t in frames.content if t.type == "percentage"]
    assert shares == [0, 10, 25, 50]
    assert all(a < b for a, b in pairwise(shares))


def test_equal_arguments_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.json", "a.tsx", "a.tres", "a.css"):
        file = write(tmp_path, name, style("rows", 1))
        before = file.read_bytes()
        assert write(tmp_path, name, style("rows", 1)).read_bytes() == before


@pytest.mark.parametrize("suffix", [".json", ".tsx", ".tres", ".css"])
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
    else:
        rules = tinycss2.parse_stylesheet(text, skip_whitespace=True)
        assert [rule.type for rule in rules] == ["qualified-rule", "qualified-rule", "at-rule"]
        assert [t.value for t in rules[1].prelude if t.type == "ident"] == ["x", nasty]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("-o s.gif --sheet rows", "a sheet for engines is a .png file: name one with -o"),
        ("-o out/ --data s.json", "a sheet for engines is a .png file: name one with -o"),
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
