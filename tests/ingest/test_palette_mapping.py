"""Sprites reduced to a palette of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pxgen.data.dataset import Dataset, open_dataset
from tests.support.preparing import hero, prepared, run, save

pytestmark = pytest.mark.usefixtures("work")


def gradient() -> np.ndarray:
    """A 16x16 sprite of 240 colours under a transparent row, of which one is frequent."""
    rgba = np.zeros((16, 16, 4), np.uint8)
    rgba[..., 0] = np.arange(16)[:, None] * 16
    rgba[..., 1] = np.arange(16) * 16
    rgba[..., 3] = 255
    rgba[0] = 0
    return rgba


def drawn(dataset: Dataset, name: str) -> np.ndarray:
    """``(H, W, 4)`` of a sprite in the palette of its own."""
    assert dataset.palettes is not None
    number = dataset.names.index(name)
    return dataset.palettes[number][dataset.pixels[number, 0]]


def colors_of(rgba: np.ndarray) -> set[tuple[int, ...]]:
    return {tuple(row) for row in rgba.reshape(-1, 4).tolist() if row[3]}


def test_only_sprites_of_more_colours_are_reduced_and_to_colours_of_their_own() -> None:
    plain = hero(3, 16, 16)
    plain[plain[..., 3] == 0] = 0
    save("art/plain.png", plain)
    save("art/rich.png", gradient())
    result = run("art", "--palette", "local", "--colors", 64)
    assert result.exit_code == 0, result.stderr
    told = " ".join(result.stderr.split())
    assert "1 of 2 sprites reduced to 64 colours: 26.7% of their visible pixels" in told
    dataset = open_dataset(Path("dataset"))
    assert np.array_equal(drawn(dataset, "plain.png"), plain)
    rich = drawn(dataset, "rich.png")
    assert len(colors_of(rich)) == 64
    assert colors_of(rich) <= colors_of(gradient())
    assert np.array_equal(rich[..., 3], gradient()[..., 3])
    assert dataset.info["reduced"] == 1


def test_the_loss_is_told_over_the_pixels_of_all() -> None:
    plain = hero(3, 16, 16)
    plain[plain[..., 3] == 0] = 0
    save("art/plain.png", plain)
    save("art/rich.png", gradient())
    dataset = prepared("art", "--palette", "local", "--colors", 20)
    pairs = [(plain, drawn(dataset, "plain.png")), (gradient(), drawn(dataset, "rich.png"))]
    wanted, got = (np.concatenate([p[i].reshape(-1, 4) for p in pairs]) for i in (0, 1))
    seen = wanted[:, 3] > 0
    error = (wanted[seen, :3].astype(float) - got[seen, :3]) ** 2
    assert dataset.info["psnr"] == pytest.approx(10 * np.log10(255**2 / error.mean()), abs=1e-3)
    exact = (wanted[seen] == got[seen]).all(1).mean()
    assert dataset.info["exact_share"] == pytest.approx(exact, abs=1e-6)


def test_colours_that_are_left_out_are_dithered_if_asked() -> None:
    save("art/rich.png", gradient())
    options = ("art", "--palette", "local", "--colors", 4)
    flat = drawn(prepared(*options), "rich.png")
    mixed = drawn(prepared(*options, "--dither", "bayer2", "--force"), "rich.png")
    assert colors_of(flat) == colors_of(mixed)
    assert not np.array_equal(flat, mixed)

    def blurred(rgba: np.ndarray) -> np.ndarray:
        return rgba[2:, :, :3].astype(float).reshape(7, 2, 8, 2, 3).mean((1, 3))

    true = blurred(gradient())
    assert ((blurred(mixed) - true) ** 2).mean() < ((blurred(flat) - true) ** 2).mean()


def test_sprites_that_the_reduction_makes_alike_stay_on_one_side() -> None:
    """Shades that differ in the sources fall together, and with them the sprites."""
    for seed in range(30):
        rgba = hero(seed)
        rgba[rgba[..., 3] == 0] = (20, 20, 20, 255)
        other = rgba.copy()
        other[0, 0, :3] += 1
        save(f"art/{seed}.png", rgba)
        save(f"art/{seed}b.png", other)
    dataset = prepared("art", "--palette", "local", "--colors", 3, "--holdout", 0.3)
    assert len(dataset.held_out) > 2
    for seed in range(30):
        rows = [dataset.names.index(name) for name in (f"{seed}.png", f"{seed}b.png")]
        assert np.array_equal(*dataset.pixels[rows])
        assert len(set(dataset.split[rows].tolist())) == 1
