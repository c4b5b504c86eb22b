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
    assert "prepared: nearly empty: 2" in shown
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
