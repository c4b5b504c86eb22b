"""Fake pixels are found, and never where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from pxgen import builtin
from pxgen.ingest.fake_pixels import fake_grid, find_grid
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.pixel_grid import undone
from tests.support.enlarged import KINDS, heads, scene


def recovered(large: np.ndarray, pixel: float | None = None) -> np.ndarray:
    grid = find_grid(large[None], pixel)
    assert grid is not None
    return undone(large[None], grid)[0]


@pytest.mark.parametrize(
    ("kind", "exact"),
    [
        ("nearest", 1),
        ("drifting", 1),
        ("antialiased", 1),
        ("bilinear", 0.99),
        ("bilinear_shifted", 0.99),
        ("bicubic", 0.9),
    ],
)
@pytest.mark.parametrize("factor", [3.4, 4.7])
def test_art_comes_back_from_uneven_enlargements(kind: str, exact: float, factor: float) -> None:
    for art in (heads(1)[0], scene(heads(4), 2)):
        found = recovered(KINDS[kind](art, factor, np.random.default_rng(1)))
        assert found.shape == art.shape
        assert (found == art).all(-1).mean() >= exact


@pytest.mark.parametrize("factor", [1.6, 1.7, 1.9])
def test_pixels_of_less_than_two_are_found(factor: float) -> None:
    """A spectrum does not reach there: they are seen by which screen pixels are of one cell."""
    for art in (heads(1)[0], scene(heads(4), 2)):
        large = KINDS["nearest"](art, factor, np.random.default_rng(1))
        assert np.array_equal(recovered(large), art)


@pytest.mark.parametrize(("kind", "factor"), [("loose", 4), ("stretched", 3.0), ("stretched", 2.5)])
def test_cells_of_any_widths_are_found_in_clean_art(kind: str, factor: float) -> None:
    art = scene(heads(4), 2)
    found = recovered(KINDS[kind](art, factor, np.random.default_rng(1)))
    # How many cells a bare border has is a guess where they are of many widths.
    assert np.abs(np.subtract(found.shape, art.shape)).max() <= (kind == "loose")
    if kind == "stretched":
        assert np.array_equal(found, art)


@pytest.mark.parametrize("kind", ["blurred", "jpeg"])
def test_noise_does_not_hide_the_grid(kind: str) -> None:
    art = scene(heads(4), 2)
    found = recovered(KINDS[kind](art, 6.5, np.random.default_rng(1)))
    assert found.shape == art.shape
    off = np.abs(found.astype(int) - art).max(-1)
    assert (off <= 24).mean() > 0.97


def test_cells_that_a_cut_leaves_in_part_are_kept_while_enough_is_seen() -> None:
    art = heads(1)[0]
    large = KINDS["nearest"](art, 6.5, np.random.default_rng(0))
    assert np.array_equal(recovered(large[2:, 1:]), art)
    assert np.array_equal(recovered(large[5:, 5:-5]), art[1:, 1:-1])


def test_all_frames_of_a_clip_lie_on_one_grid() -> None:
    maps, _ = next(builtin.generate(1, seed=3, frames=8))
    clip = builtin.PALETTE.rgba[maps[0]]
    random = np.random.default_rng(2)
    joined = clip.transpose(1, 2, 0, 3).reshape(*clip.shape[1:3], -1)
    lines = np.rint(np.arange(25) * 3.4 + random.uniform(-0.2, 0.2, 25)).astype(int)
    large = joined.repeat(np.diff(lines), 0).repeat(np.diff(lines), 1)
    large = large.reshape(*large.shape[:2], len(clip), 4).transpose(2, 0, 1, 3)
    grid = find_grid(large)
    assert grid is not None
    assert np.array_equal(undone(large, grid), clip)


def test_the_width_of_a_pixel_may_be_said() -> None:
    """Where nothing tells it: twelve pixels are too few, and one colour has no lines."""
    art = heads(1)[0][6:18, 6:18]
    large = KINDS["nearest"](art, 3.5, np.random.default_rng(1))
    assert find_grid(large[None]) is None
    assert np.array_equal(recovered(large, 3.5), art)
    flat = np.full((34, 51, 4), 255, np.uint8)
    assert recovered(flat, 3.4).shape == (10, 15, 4)


def test_true_pixel_art_has_no_fake_pixels() -> None:
    random = np.random.default_rng(4)
    drawn = [scene(heads(16, seed=seed), 4) for seed in range(3)]
    for cast in builtin.CASTS.values():
        maps, _ = next(builtin.generate(9, seed=1, cast=cast))
        rgba = builtin.PALETTE.rgba[maps.reshape(-1, *maps.shape[-2:])][:9]
        drawn.append(scene(list(rgba), 3))
    for side in (48, 64, 128):
        for count in (1, 3, 8, 16):
            boxes = np.zeros((side, side, 4), np.uint8)
            for _ in range(count):
                (top, left), (high, wide) = (
                    random.integers(0, side - 8, 2),
                    random.integers(2, 40, 2),
                )
                boxes[top : top + high, left : left + wide] = [*random.integers(0, 256, 3), 255]
            drawn.append(boxes)
    drawn.append(random.integers(0, 255, (64, 64, 4), np.uint8))
    gradient = np.linspace(0, 255, 64).astype(np.uint8)
    drawn.append(np.broadcast_to(gradient[:, None], (64, 64, 4)).copy())
    for art in drawn:
        assert find_grid(art[None]) is None


def test_whole_squares_are_no_fake_pixels() -> None:
    large = heads(1)[0].repeat(3, 0).repeat(3, 1)[None]
    assert fake_grid(large, IndexedSprite.of(large)) is None


def test_finer_details_on_whole_squares_are_no_fake_pixels() -> None:
    large = scene(heads(4), 2).repeat(2, 0).repeat(2, 1)
    large[[9, 31, 50], [9, 20, 71]] = (10, 10, 200, 255)
    assert fake_grid(large[None], IndexedSprite.of(large[None])) is None
    # All of it, but cut off between pixels.
    cut = scene(heads(4), 2).repeat(3, 0).repeat(3, 1)[1:, 2:]
    assert fake_grid(cut[None], IndexedSprite.of(cut[None])) is not None
