"""Backgrounds, smoothed images and overflowed JPEGs: what `prepare` takes off or refuses."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pxgen.cli.app import pxgen
from pxgen.data.dataset import open_dataset
from pxgen.ingest.cleaning import Jpegs, cut_background, undo_overflow
from pxgen.ingest.describe import describe_lopsided

WHITE, INK, GOLD = (255, 255, 255, 255), (0, 0, 0, 255), (230, 180, 60, 255)


def knight() -> np.ndarray:
    """An inked ring on white, white inside, gold in the middle."""
    rgba = np.full((1, 16, 16, 4), 255, np.uint8)
    rgba[0, 3:13, 3:13] = INK
    rgba[0, 5:11, 5:11] = WHITE
    rgba[0, 7:9, 7:9] = GOLD
    return rgba


def prepare(folder: Path, *options: str) -> tuple[int, str]:
    out = ["-o", f"{folder}/out", "--force", "--keep-scale"]
    result = CliRunner().invoke(pxgen, ["prepare", f"{folder}/in", *out, *options])
    return result.exit_code, " ".join(result.stderr.split())


def test_a_background_is_cut_as_far_as_it_reaches() -> None:
    cut = cut_background(knight(), smoothed=False)
    assert (cut[0, 0, 0] == 0).all()
    assert (cut[0, 3, 3] == INK).all()
    assert (cut[0, 5, 5] == WHITE).all()
    assert int((cut[..., 3] > 0).sum()) == 100


def test_what_nearly_is_background_stays_unless_it_is_smoothed() -> None:
    noisy = knight()
    noisy[0, 1, 1:4, :3] = 250
    assert int((cut_background(noisy, smoothed=False)[..., 3] > 0).sum()) == 103
    assert int((cut_background(noisy, smoothed=True)[..., 3] > 0).sum()) == 100


@pytest.mark.parametrize("border", ["mixed", "transparent"])
def test_a_border_without_one_colour_is_left_alone(border: str) -> None:
    rgba = knight()
    if border == "mixed":
        rgba[0, :, :, :3] = np.random.default_rng(0).integers(0, 256, (16, 16, 3))
    else:
        rgba[0, [0, -1]] = rgba[0, :, [0, -1]] = 0
    assert np.array_equal(cut_background(rgba, smoothed=False), rgba)


def test_every_frame_loses_its_own_background() -> None:
    clip = np.concatenate([knight(), knight()])
    clip[1, clip[1, ..., 0] == 255] = (9, 9, 99, 255)
    cut = cut_background(clip, smoothed=False)
    assert (cut[:, 0, 0] == 0).all()


def test_the_command_cuts_and_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(3):
        Image.fromarray(np.roll(knight()[0], number, 0)).save(tmp_path / f"in/{number}.png")
    smooth = np.random.default_rng(0).integers(0, 256, (16, 16, 4), np.uint8)
    smooth[..., 3] = 255
    Image.fromarray(smooth).save(tmp_path / "in/smooth.png")
    code, said = prepare(tmp_path, "--cut-background", "--most-colors", "48")
    assert code == 0
    assert "1 sprites of more than 48 colours left out" in said
    dataset = open_dataset(tmp_path / "out")
    assert len(dataset.pixels) == 3
    assert not dataset.pixels[:, 0, 0].any()


def test_a_look_that_is_held_out_is_told_of() -> None:
    labels = [(0,), (0,), (0, 1), (0,), (1,), (1,), (1,), (2,), (2,)]
    split = np.array([1, 1, 1, 0, 0, 0, 0, 1, 1], np.uint8)
    line = describe_lopsided(split, labels, ("potion", "sword", "rare"))
    assert line is not None
    assert "potion (3 of 4)" in line
    assert "sword" not in line
    assert "rare" not in line
    assert describe_lopsided(1 - split, [()] * 9, ()) is None


def overflowed(rgba: np.ndarray) -> np.ndarray:
    return (-rgba[..., :3].astype(np.int16) % 256).astype(np.uint8)


def jpegs(folder: Path, *, damaged: bool, count: int = 12) -> None:
    (folder / "in").mkdir()
    for number in range(count):
        rgba = knight()[0]
        rgba[7:9, 7:9, 1] = 100 + 10 * number
        rgb = overflowed(rgba) if damaged else rgba[..., :3]
        Image.fromarray(rgb).save(folder / f"in/{number}.jpeg", quality=75)


def test_overflowed_jpegs_are_refused_unless_told_otherwise(tmp_path: Path) -> None:
    jpegs(tmp_path, damaged=True)
    code, said = prepare(tmp_path)
    assert code == 3
    assert "12 JPEGs are dark at the border and cold inside" in said
    assert "--overflow undo" in said
    assert not (tmp_path / "out").exists()
    assert prepare(tmp_path, "--overflow", "keep")[0] == 0
    dark = open_dataset(tmp_path / "out")
    assert prepare(tmp_path, "--overflow", "undo")[0] == 0
    mended = open_dataset(tmp_path / "out")

    def brightness(dataset) -> float:  # type: ignore[no-untyped-def]
        return float(np.array(dataset.palette.rows)[dataset.pixels[0], 0].mean())

    assert brightness(mended) > brightness(dark) + 90


@pytest.mark.parametrize("count", [3, 12])
def test_sound_jpegs_are_taken(tmp_path: Path, count: int) -> None:
    jpegs(tmp_path, damaged=False, count=count)
    assert prepare(tmp_path)[0] == 0


def test_warm_art_on_black_is_sound() -> None:
    seen = Jpegs()
    for _ in range(20):
        rgba = knight()
        rgba[0, rgba[0, ..., 2] == 255] = INK
        seen.look(rgba)
    assert seen.dark == 20
    assert not seen.overflowed


def test_undoing_an_overflow_gives_back_all_but_black() -> None:
    rgba = np.zeros((1, 1, 256, 4), np.uint8)
    rgba[0, 0, :, :3] = np.arange(256)[:, None]
    damaged = rgba.copy()
    damaged[..., :3] = overflowed(rgba)
    mended = undo_overflow(damaged)
    assert np.array_equal(mended[0, 0, 1:], rgba[0, 0, 1:])
    assert (mended[0, 0, 0, :3] == 255).all()


@pytest.mark.parametrize("seed", range(20))
def test_a_background_is_what_the_border_reaches_pixel_by_pixel(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rgba = np.full((1, *rng.integers(1, 14, 2), 4), 255, np.uint8)
    rgba[0, rng.random(rgba.shape[1:3]) < 0.4] = INK
    white = (rgba[0] == 255).all(-1)
    border = np.ones(white.shape, bool)
    border[1:-1, 1:-1] = False
    reached = white & border
    for _ in range(white.size):
        wide = np.pad(reached, 1)
        near = wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]
        reached = white & (reached | near)
    cut = cut_background(rgba, smoothed=False)[0]
    if white[border].mean() > 0.5:
        assert np.array_equal(cut[..., 3] == 0, reached)


def test_a_large_background_is_cut_in_a_moment() -> None:
    rgba = np.full((1, 1500, 1500, 4), 255, np.uint8)
    rgba[0, 700:800, 700:800] = INK
    begun = time.process_time()
    assert (cut_background(rgba, smoothed=False)[..., 3] > 0).sum() == 100 * 100
    assert time.process_time() - begun < 3
