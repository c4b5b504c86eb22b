"""``pxgen lint``: what each rule finds, what it leaves alone, and what a repair changes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from pxgen.cli.app import pxgen
from pxgen.engines.clips import Clip
from pxgen.engines.tags import Tag
from pxgen.ingest.images import read_image
from pxgen.ingest.timing import timing_of
from pxgen.palette import Palette
from pxgen.render.apng import encode_rgba_apng
from pxgen.render.gif import encode_gif
from pxgen.render.kinds import BY_SUFFIX, encode_clips
from pxgen.render.png import decode_png
from pxgen.render.webp import encode_rgba_webp
from tests.support.drawings import THREE, blotches
from tests.support.enlarged import KINDS, heads


def run(*arguments: object) -> Result:
    return CliRunner().invoke(pxgen, ["lint", *map(str, arguments)])


def test_the_command_tells_repairs_and_exits(tmp_path: Path) -> None:
    folder, mended = tmp_path / "in", tmp_path / "out"
    (folder / "deep").mkdir(parents=True)
    Image.fromarray(blotches()[0]).save(folder / "clean.png")
    assert run(folder).exit_code == 0
    off = blotches()
    off[0, 5, 5] = (1, 2, 3, 255)
    Image.fromarray(off[0]).save(folder / "deep" / "off.png")
    maps = np.zeros((3, 8, 8), np.uint8)
    maps[:, 1:4, 1:5], maps[2, 5:7, 2:7] = 1, 2
    (folder / "walk.gif").write_bytes(encode_gif(maps, THREE, [50, 60, 70]))
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}

    result = run(folder, "--palette", _hex(tmp_path))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        [str(folder / "deep" / "off.png"), "off-palette"],
        [str(folder / "walk.gif"), "duplicate-frames"],
    ]
    assert "(first at 5,5); --fix repairs it" in lines[0]

    result = run(folder, "--palette", _hex(tmp_path), "--fix", "-o", mended)
    assert result.exit_code == 0
    assert result.stdout.split() == [str(mended / "deep/off.png"), str(mended / "walk.gif")]
    assert decode_png(mended / "deep/off.png")[1] == THREE
    assert read_image(mended / "walk.gif").durations == (110, 70)
    assert {path: path.read_bytes() for path in folder.rglob("*.*")} == before
    result = run(folder, "--palette", _hex(tmp_path), "--fix", "-o", mended)
    assert result.exit_code == 2
    assert "exists: replace it with --force" in result.stderr
    # Not even then is a source replaced by its own repair.
    result = run(folder, "--palette", _hex(tmp_path), "--fix", "-o", folder, "--force")
    assert result.exit_code == 2


def _hex(folder: Path) -> Path:
    file = folder / "own.hex"
    file.write_text("".join(f"{entry[:6]}\n" for entry in THREE.hex[1:]))
    return file


def test_two_files_never_share_a_copy(tmp_path: Path) -> None:
    hidden = blotches()
    hidden[0, 0, 0] = (9, 9, 9, 0)
    for suffix in ("png", "tga"):
        Image.fromarray(hidden[0]).save(tmp_path / f"a.{suffix}")
    result = run(tmp_path, "--fix", "-o", tmp_path / "out", "--json")
    assert result.exit_code == 0
    first, second = json.loads(result.stdout)
    assert set(first) == {"file", "findings", "taste", "written", "error"}
    assert first["written"].endswith("a.png")
    assert second["written"].endswith("a-2.png")


def test_unreadable_files_are_told_and_the_others_checked(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    soft = blotches()
    soft[0, 0, 0] = (1, 1, 1, 40)
    Image.fromarray(soft[0]).save(tmp_path / "b.png")
    result = run(tmp_path, "--json")
    assert result.exit_code == 3
    first, second = json.loads(result.stdout)
    assert "not an image" in first["error"]
    assert second["findings"][0] == {
        "rule": "semi-transparent",
        "count": 1,
        "what": "pixels, in colours: 1",
        "where": [0, 0, 0],
        "fixable": False,
    }


def test_matters_of_taste_count_only_when_asked(tmp_path: Path) -> None:
    dotted = blotches()
    dotted[0, 0, 0] = (1, 2, 3, 255)
    Image.fromarray(dotted[0]).save(tmp_path / "dotted.png")
    plain = run(tmp_path)
    assert (plain.exit_code, plain.stdout) == (0, "")
    assert "files with orphan-pixels: 1; these may be meant" in plain.stderr
    strict = run(tmp_path, "--strict")
    assert strict.exit_code == 1
    assert "orphan-pixels: 1 pixels" in strict.stdout
    assert run(tmp_path, "--strict", "--ignore", "orphan-pixels").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("--fix", "--fix writes repaired copies: name a folder for them with -o"),
        ("--ignore orphans", "no rule 'orphans'"),
        ("-o out", "-o is where --fix writes: give both or neither"),
    ],
)
def test_wrong_use_is_a_line(tmp_path: Path, arguments: str, line: str) -> None:
    Image.fromarray(blotches()[0]).save(tmp_path / "a.png")
    result = run(tmp_path, *arguments.split())
    assert result.exit_code == 2
    assert line in " ".join(result.stderr.split())


def test_copies_never_replace_one_another_or_a_source(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    off = blotches()[0]
    off[5, 5] = (1, 2, 3, 90)
    for name in ("a.png", "A.tga", "fi.png", "\N{LATIN SMALL LIGATURE FI}.png"):
        Image.fromarray(off).save(folder / name)
    fix = ("--fix", "--palette", _hex(tmp_path), "--force")
    assert run(folder, *fix, "-o", out).exit_code == 0
    copies = {path.stem for path in out.iterdir()}
    assert copies == {"A", "a-2", "fi", "\N{LATIN SMALL LIGATURE FI}-2"}
    before = (folder / "a.png").read_bytes()
    Image.fromarray(off).save(folder / "a.tga")
    (folder / "A.tga").unlink()
    result = run(folder / "a.tga", folder / "a.png", *fix, "-o", folder)
    assert (result.exit_code, "a.png is one of the sources" in result.stderr) == (2, True)
    assert (folder / "a.png").read_bytes() == before


@pytest.mark.parametrize("suffix", [".png", ".gif", ".apng", ".aseprite"])
def test_a_copy_is_of_the_kind_of_its_file(tmp_path: Path, suffix: str) -> None:
    """Its palette, half-transparency, times, tags and number of plays are the file's, too."""
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    palette = Palette.of([(9, 9, 9), (200, 10, 10), (10, 200, 10, 200)])
    frames = np.zeros((4, 8, 8), np.uint8)
    frames[:, 2:6, 2:6], frames[2:, 6, 2:5] = 2, 3
    clip = Clip("", frames, [50, 60, 70, 80], (Tag("in", 0, 1), Tag("out", 2, 3, "reverse")))
    kind = BY_SUFFIX[".apng" if suffix == ".png" else suffix]
    (folder / f"x{suffix}").write_bytes(encode_clips(kind, [clip], palette, 2))
    result = run(folder, "--fix", "-o", out, "--ignore", "semi-transparent")
    assert result.exit_code == 0, result.output
    [path] = out.iterdir()
    assert path.name == f"x{suffix}"
    before, after = read_image(folder / path.name), read_image(path)
    assert np.array_equal(after.rgba, before.rgba[::2])
    assert after.table == before.table
    assert sum(after.durations) == 260
    assert timing_of(path)[0] == (None if suffix == ".aseprite" else 2)
    if suffix == ".aseprite":
        assert after.tags == (Tag("in", 0, 0), Tag("out", 1, 1, "reverse"))


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_clips_of_many_colours_stay_what_they_are(tmp_path: Path, suffix: str) -> None:
    rgba = np.zeros((3, 20, 20, 4), np.uint8)
    rgba[0, ..., :2] = np.stack(np.mgrid[:20, :20], -1)
    rgba[..., 3] = 255
    encode = encode_rgba_webp if suffix == ".webp" else encode_rgba_apng
    (tmp_path / f"x{suffix}").write_bytes(encode(rgba, [40, 70, 20], 3))
    assert run(tmp_path / f"x{suffix}", "--fix", "-o", tmp_path / "out").exit_code == 0
    made = read_image(tmp_path / "out" / f"x{suffix}")
    assert np.array_equal(made.rgba, rgba[:2])
    assert made.durations == (40, 90)
    assert timing_of(tmp_path / "out" / f"x{suffix}")[0] == 3


def test_fake_pixels_are_told_and_undone(tmp_path: Path) -> None:
    art = heads(1)[0]
    large = KINDS["nearest"](art, 3.4, np.random.default_rng(1))
    Image.fromarray(large).save(tmp_path / "fake.png")
    said = run(tmp_path / "fake.png").stdout
    assert "fake-pixels: 24 x 24 pixels, each about 3.42 screen pixels wide; --fix" in said
    fixed = run(tmp_path / "fake.png", "--fix", "-o", tmp_path / "out")
    assert fixed.exit_code == 0, fixed.output
    assert np.array_equal(read_image(tmp_path / "out" / "fake.png").rgba[0], art)
    assert run(tmp_path / "fake.png", "--ignore", "fake-pixels").exit_code == 0
    # Too little for anybody to tell.
    Image.fromarray(large[:34, :34]).save(tmp_path / "part.png")
    assert run(tmp_path / "part.png").exit_code == 0
    said = run(tmp_path / "part.png", "--pixel", 3.4, "--fix", "-o", tmp_path / "out")
    assert said.exit_code == 0
    assert np.array_equal(read_image(tmp_path / "out" / "part.png").rgba[0], art[:10, :10])
