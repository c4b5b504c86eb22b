"""``pxgen lint``: what each rule finds, what it leaves alone, and what a repair changes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pxgen import builtin
from pxgen.cli.app import pxgen
from pxgen.ingest.images import read_image
from pxgen.lint.checks import check, uneven_steps
from pxgen.lint.repair import repair
from pxgen.palette import Palette
from pxgen.render.gif import encode_gif
from pxgen.render.png import decode_png

PALETTE = Palette.of([(200, 10, 10), (10, 200, 10), (10, 10, 200)])
TASTE = {"orphan-pixels", "jaggies"}


def drawing(frames: int = 1, side: int = 16, seed: int = 0) -> np.ndarray:
    """Blotches of 2x3 pixels on a transparent ground, in palette colours."""
    generator = np.random.default_rng(seed)
    maps = np.zeros((frames, side, side), np.uint8)
    for frame in maps:
        for _ in range(24):
            top, left = generator.integers(1, side - 4, 2)
            frame[top : top + 2, left : left + 3] = generator.integers(1, 4)
    return PALETTE.rgba[maps].copy()


def rules(rgba: np.ndarray, palette: Palette | None = PALETTE) -> dict[str, int]:
    return {f.rule: f.count for f in check(rgba, palette) if f.rule not in TASTE}


def test_a_clean_drawing_passes() -> None:
    assert rules(drawing()) == {}


@given(st.integers(0, 50))
def test_each_fault_is_found_alone(seed: int) -> None:
    clean = drawing(seed=seed)
    off = clean.copy()
    off[0, 5, 5] = (1, 2, 3, 255)
    assert rules(off) == {"off-palette": 1}
    assert rules(off, None) == {}
    soft = clean.copy()
    soft[0, 2:4, 2] = (200, 10, 10, 90)
    assert rules(soft, None) == {"semi-transparent": 2}
    hidden = clean.copy()
    hidden[0, 0, :3] = (9, 9, 9, 0)
    assert rules(hidden) == {"hidden-colours": 3}
    large = clean.repeat(3, 1).repeat(3, 2)
    assert rules(large) == {"enlarged": 3}
    twice = np.concatenate([clean, clean, drawing(seed=seed + 100), drawing(seed=seed + 100)])
    assert rules(twice) == {"duplicate-frames": 2}


def test_mixed_pixel_sizes_are_found() -> None:
    large = drawing(side=16).repeat(2, 1).repeat(2, 2)
    large[0, 9, 9] = (10, 10, 200, 255)
    large[0, 21:23, 13] = (10, 200, 10, 255)
    assert set(rules(large)) == {"mixed-sizes"}


def test_built_in_characters_are_clean() -> None:
    for maps, _ in builtin.draw(40, seed=3):
        for indices in maps:
            rgba = builtin.PALETTE.rgba[indices]
            assert rules(rgba if rgba.ndim == 4 else rgba[None], builtin.PALETTE) == {}


def test_orphans_and_jaggies_are_found_where_they_are() -> None:
    flat = np.zeros((1, 16, 16, 4), np.uint8)
    flat[0, 2:13, 3:13] = (200, 10, 10, 255)
    assert [f.rule for f in check(flat)] == []
    flat[0, 7, 9] = (0, 0, 0, 255)
    (orphan,) = check(flat)
    assert (orphan.rule, orphan.count, orphan.where) == ("orphan-pixels", 1, (0, 9, 7))


def test_steps_of_an_outline_are_even_or_not() -> None:
    def slope(*runs: int) -> list[int]:
        first = np.repeat(np.arange(len(runs)), runs)
        return uneven_steps(np.arange(20)[None] >= first[:, None])

    assert slope(3, 3, 3, 3) == []
    assert slope(1, 2, 3, 4) == []
    assert slope(2, 1, 2, 1) == []
    assert slope(3, 1, 3) == [3]
    assert slope(4, 4, 1, 4, 4) == [8]


@given(st.integers(0, 50), st.integers(1, 3), st.booleans())
def test_a_repair_leaves_nothing_fixable_and_nothing_else_changed(
    seed: int, factor: int, soft: bool
) -> None:
    rgba = np.concatenate([drawing(seed=seed), drawing(seed=seed), drawing(seed=seed + 200)])
    rgba = rgba.repeat(factor, 1).repeat(factor, 2)
    rgba[0, 0, 0] = (5, 5, 5, 0)
    if soft:
        colors = np.arange(20, dtype=np.uint8)
        rgba[2, -1, :12, 0] = colors[:12]
        rgba[2, -1, :12, 3] = 60 + 8 * colors[:12]
    mended = repair(rgba, PALETTE, (50.0, 60.0, 70.0))
    assert not [f for f in check(mended.rgba, PALETTE) if f.fixable]
    again = repair(mended.rgba, PALETTE, mended.durations)
    assert np.array_equal(again.rgba, mended.rgba)
    if not soft:
        assert mended.durations == (110.0, 70.0)
        wanted = np.concatenate([drawing(seed=seed), drawing(seed=seed + 200)])
        assert np.array_equal(mended.rgba, wanted)


def test_a_few_semi_transparent_colours_are_kept() -> None:
    shadow = drawing()
    shadow[0, -1, :4] = (0, 0, 0, 100)
    assert np.array_equal(repair(shadow).rgba, shadow)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(pxgen, ["lint", *map(str, arguments)])


def test_the_command_tells_repairs_and_exits(tmp_path: Path) -> None:
    folder, mended = tmp_path / "in", tmp_path / "out"
    (folder / "deep").mkdir(parents=True)
    Image.fromarray(drawing()[0]).save(folder / "clean.png")
    assert run(folder).exit_code == 0
    off = drawing()
    off[0, 5, 5] = (1, 2, 3, 255)
    Image.fromarray(off[0]).save(folder / "deep" / "off.png")
    maps = np.zeros((3, 8, 8), np.uint8)
    maps[:, 1:4, 1:5], maps[2, 5:7, 2:7] = 1, 2
    (folder / "walk.gif").write_bytes(encode_gif(maps, PALETTE, [50, 60, 70]))
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}

    result = run(folder, "--palette", _hex(tmp_path))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        ["deep/off.png", "off-palette"],
        ["walk.gif", "duplicate-frames"],
    ]
    assert "(first at 5,5); --fix repairs it" in lines[0]

    result = run(folder, "--palette", _hex(tmp_path), "--fix", "-o", mended)
    assert result.exit_code == 0
    assert result.stdout.split() == [str(mended / "deep/off.png"), str(mended / "walk.gif")]
    assert decode_png(mended / "deep/off.png")[1] == PALETTE
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
    file.write_text("".join(f"{entry[:6]}\n" for entry in PALETTE.hex[1:]))
    return file


def test_an_ignored_rule_repairs_nothing(tmp_path: Path) -> None:
    rgba = drawing()
    rgba[0, 0, :3] = (9, 9, 9, 0)
    soft = np.arange(20, dtype=np.uint8)
    rgba[0, 1, :16, 0], rgba[0, 1, :16, 3] = soft[:16], 60 + soft[:16]
    rgba[0, 2, :8, 0], rgba[0, 2, :8, 3] = soft[:8], 90 + soft[:8]
    mended = repair(rgba, ignored=["semi-transparent"]).rgba
    assert not mended[0, 0, :3].any()
    assert np.array_equal(mended[0, 1:], rgba[0, 1:])
    assert np.array_equal(repair(rgba, ignored=["hidden-colours", "semi-transparent"]).rgba, rgba)


def test_two_files_never_share_a_copy(tmp_path: Path) -> None:
    hidden = drawing()
    hidden[0, 0, 0] = (9, 9, 9, 0)
    for suffix in ("png", "tga"):
        Image.fromarray(hidden[0]).save(tmp_path / f"a.{suffix}")
    result = run(tmp_path, "--fix", "-o", tmp_path / "out", "--json")
    assert result.exit_code == 3
    first, second = json.loads(result.stdout)
    assert first["written"].endswith("a.png")
    assert second["written"] is None
    assert "is another file's copy" in second["error"]


def test_unreadable_files_are_told_and_the_others_checked(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    soft = drawing()
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
    dotted = drawing()
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
    Image.fromarray(drawing()[0]).save(tmp_path / "a.png")
    result = run(tmp_path, *arguments.split())
    assert result.exit_code == 2
    assert line in " ".join(result.stderr.split())
