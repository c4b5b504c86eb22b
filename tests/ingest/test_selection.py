"""What of the sources becomes a dataset: no empty sprites, nor too colourful ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import pxgen
from pxgen.cli.app import pxgen as program
from tests.support.preparing import hero, heroes, prepared, run, save

pytestmark = pytest.mark.usefixtures("work")

INK = (20, 20, 20, 255)


def dots(path: str, count: int, color: tuple[int, int, int, int] = INK) -> None:
    """An 8x8 sprite of so many opaque pixels; 2 of 64 are 1/32."""
    rgba = np.zeros((8, 8, 4), np.uint8)
    rgba.reshape(-1, 4)[9 : 9 + count] = color
    save(path, rgba)


def said(stderr: str) -> str:
    return " ".join(stderr.split())


def test_nearly_empty_sprites_are_counted_and_left_out_if_asked() -> None:
    heroes("art")
    for count in range(3):
        dots(f"art/dots{count}.png", count)
    kept = run("art")
    assert "2 sprites are empty or nearly so" in said(kept.stderr)
    assert "such as dots0.png): --skip-empty leaves them out" in said(kept.stderr)
    dataset = pxgen.open_dataset("dataset")
    assert (len(dataset), dataset.info["nearly_empty"], dataset.info["left_out"]) == (15, 2, 0)
    shown = CliRunner().invoke(program, ["inspect", "dataset"]).stdout
    assert "; nearly empty 2; " in shown
    assert "suspicious: 2 sprites are empty or nearly so" in shown
    remarks: list[str] = []
    dataset = pxgen.prepare("art", out="out", skip_empty=True, remark=remarks.append)
    assert [name for name in dataset.names if "dots" in name] == ["dots2.png"]
    assert (len(dataset), dataset.info["nearly_empty"], dataset.info["left_out"]) == (13, 0, 2)
    assert any(line.startswith("2 empty or nearly empty sprites") for line in remarks)
    assert not any("--skip-empty" in line for line in remarks)


def test_what_is_empty_once_its_background_is_cut_is_left_out() -> None:
    heroes("art")
    save("art/wall.png", np.full((8, 8, 4), (60, 70, 80, 255), np.uint8))
    assert "wall.png" in prepared("art", "--skip-empty").names
    cut = prepared("art", "--skip-empty", "--cut-background", "--force")
    assert "wall.png" not in cut.names


def test_faint_sprites_are_empty_only_where_they_become_transparent() -> None:
    heroes("art")
    dots("art/ghost.png", 40, (250, 250, 250, 90))
    assert "ghost.png" in prepared("art", "--skip-empty").names
    for options in (("--alpha", "threshold"), ("--palette", "local")):
        assert "ghost.png" not in prepared("art", "--skip-empty", "--force", *options).names


def test_the_whole_canvas_counts() -> None:
    heroes("art")
    small = hero(7, 4, 4)
    small[..., 3] = 255
    save("art/small.png", small)
    assert "small.png" in prepared("art", "--skip-empty").names
    padded = run("art", "--skip-empty", "--size", "24x24", "--force")
    assert "1 empty or nearly empty sprites" in said(padded.stderr)
    assert "12 smaller sprites padded to 24x24" in said(padded.stderr)


def test_a_collection_of_nothing_is_one_line() -> None:
    dots("art/a.png", 0)
    dots("art/b.png", 1)
    result = run("art", "--skip-empty")
    assert result.exit_code == 3
    assert "every sprite is empty or nearly so" in said(result.stderr)
    assert not Path("dataset").exists()


def test_colours_left_out_count_as_left_out() -> None:
    heroes("art")
    photo(9)
    dataset = prepared("art", "--most-colors", 48)
    assert dataset.info["left_out"] == 1


def photo(seed: int) -> np.ndarray:
    """An 8x16 sprite of 128 colours or a little fewer, saved as ``art/photo{seed}.png``."""
    rgba = np.random.default_rng(seed).integers(0, 256, (8, 16, 4), np.uint8)
    rgba[..., 3] = 255
    save(f"art/photo{seed}.png", rgba)
    return rgba


def test_sprites_too_colourful_for_a_palette_of_their_own_are_named() -> None:
    for seed in range(5):
        save(f"art/{seed}.png", hero(seed, 8, 16))
    many = len(np.unique(photo(9).reshape(-1, 4), axis=0))
    photo(8)
    refused = run("art", "--palette", "local")
    assert refused.exit_code == 3
    assert f"photo9.png: {many} colours, a palette of its own holds 64" in said(refused.stderr)
    assert "photo8.png: " in refused.stderr
    assert "--colors 64 reduces those of more" in said(refused.stderr)
    assert not Path("dataset").exists()
    dataset = prepared("art", "--palette", "local", "--skip-bad")
    assert (len(dataset), dataset.info["left_out"]) == (5, 2)


def bordered(path: str, seed: int, side: int = 40, figure: int = 8) -> np.ndarray:
    """A figure of 8x8 somewhere on a larger clear picture."""
    page = np.zeros((side, side, 4), np.uint8)
    rgba = hero(seed, figure, figure)
    rgba[0], rgba[:, 0] = INK, INK
    rgba[-1], rgba[:, -1] = INK, INK
    page[3 + seed : 3 + seed + figure, 20 - seed : 20 - seed + figure] = rgba
    save(path, page)
    return rgba


def test_clear_borders_are_cut_off_where_that_makes_a_sprite_fit() -> None:
    figures = [bordered(f"art/{seed}.png", seed) for seed in range(6)]
    refused = run("art", "--size", "8x10")
    assert refused.exit_code == 3
    assert "6 of them fit without their clear borders: --trim" in said(refused.stderr)
    result = run("art", "--size", "8x10", "--trim")
    assert "6 sprites trimmed of their clear borders" in said(result.stderr)
    assert "6 smaller sprites padded to 8x10" in said(result.stderr)
    dataset = pxgen.open_dataset("dataset")
    for seed, figure in enumerate(figures):
        drawn = dataset.palette.colors(dataset.pixels[dataset.names.index(f"{seed}.png")])[0]
        np.testing.assert_array_equal(drawn[2:, :, 3] > 0, figure[..., 3] > 0)
        assert not drawn[:2].any()


def test_sprites_that_fit_keep_their_borders_and_larger_ones_are_refused() -> None:
    heroes("art", height=16, width=16)
    dots("art/elf/small.png", 3)
    figure = bordered("art/elf/large.png", 1)
    bordered("art/elf/huge.png", 2, figure=20)
    result = run("art", "--trim")
    assert result.exit_code == 3
    assert "huge.png: 20x20 is larger than the canvas 16x16" in said(result.stderr)
    assert "large.png" not in result.stderr
    dataset = prepared("art", "--trim", "--skip-bad")
    large = dataset.pixels[dataset.names.index("elf/large.png")][0]
    assert not large[:8].any()
    assert (large[8:, 4:12] != 0).tolist() == (figure[..., 3] > 0).tolist()
    small = dataset.pixels[dataset.names.index("elf/small.png")][0]
    assert np.argwhere(small)[:, 0].min() == 9


def test_a_clip_is_trimmed_by_all_its_frames_and_after_its_enlargement_is_undone() -> None:
    frames = []
    for step in range(3):
        page = np.zeros((20, 20, 4), np.uint8)
        page[6:14, 4 + 2 * step : 10 + 2 * step] = np.kron(
            np.array([[1, 2, 3], [2, 1, 1], [1, 1, 2], [3, 2, 1]])[..., None], np.ones((2, 2, 4))
        ).astype(np.uint8) * [60, 60, 60, 0] + [0, 0, 0, 255]
        frames.append(page)
        save(f"art/run_f{step}.png", page)
    dataset = prepared("art", "--trim", "--size", "5x4")
    assert dataset.pixels.shape == (1, 3, 4, 5)
    drawn = dataset.palette.colors(dataset.pixels[0])
    for step, page in enumerate(frames):
        np.testing.assert_array_equal(drawn[step], page[6:14:2, 4:14:2])


def test_trimming_that_changes_nothing_says_what_would() -> None:
    for seed in range(3):
        bordered(f"art/{seed}.png", seed)
    result = run("art", "--trim")
    assert "every sprite fits 40x40 as it is" in said(result.stderr)
    assert "--size 8x8 holds them all" in said(result.stderr)
