"""Cells of a grid become pixels again."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pxgen import builtin
from pxgen.ingest.fake_pixels import find_grid
from pxgen.ingest.indexed import MANY_COLORS
from pxgen.ingest.pixel_grid import Axis, PixelGrid, undone, weights_of
from tests.support.enlarged import KINDS


def even(pixels: int, cells: int) -> Axis:
    return Axis((np.arange(pixels) + 0.5) * cells / pixels - 0.5, cells, whole=True)


@pytest.mark.parametrize(("kernel", "way"), [("linear", "BILINEAR"), ("cubic", "BICUBIC")])
def test_kernels_are_those_that_programs_enlarge_by(kernel: str, way: str) -> None:
    impulses = Image.fromarray(np.eye(12, dtype=np.float32))
    wanted = np.asarray(impulses.resize((12, 41), Image.Resampling[way]))
    np.testing.assert_allclose(weights_of(even(41, 12), kernel), wanted, atol=1e-5)


def test_a_pixel_has_of_each_cell_what_it_covers() -> None:
    covered = [[1, 0], [0.5, 0.5], [0, 1]]
    np.testing.assert_allclose(weights_of(even(3, 2), "box"), covered)
    np.testing.assert_allclose(weights_of(even(4, 2), "nearest"), np.eye(2).repeat(2, 0))


def test_the_middle_of_a_cell_is_its_colour() -> None:
    art = np.random.default_rng(0).integers(0, 9, (1, 5, 4, 4), np.uint8) * 28
    large = art.repeat(5, 1).repeat(5, 2)
    large[:, ::5] = 77
    assert np.array_equal(undone(large, PixelGrid(even(25, 5), even(20, 4), "nearest", 0)), art)


def test_transparency_comes_back() -> None:
    maps, _ = next(builtin.generate(1, seed=9))
    art = builtin.PALETTE.rgba[maps.reshape(-1, *maps.shape[-2:])][0]
    for kind in ("nearest", "bilinear"):
        found = _recovered(KINDS[kind](art, 3.4, np.random.default_rng(1)))
        assert found.shape == art.shape
        seen = art[..., 3] > 0
        assert np.array_equal(found[..., 3] >= 128, seen)
        assert (np.abs(found[seen].astype(int) - art[seen]) <= 2).mean() > 0.99


def _recovered(large: np.ndarray) -> np.ndarray:
    grid = find_grid(large[None])
    assert grid is not None
    return undone(large[None], grid)[0]


@pytest.mark.parametrize(("factor", "cut"), [(3.25, 0), (3.5, 0), (2.3, 0), (3.4, 2)])
def test_colours_of_a_clean_enlargement_stay_as_many_as_they_are(factor: float, cut: int) -> None:
    """They are near-copies, of which others make one where cells are not of one colour."""
    maps, _ = next(builtin.generate(1, seed=9))
    art = builtin.PALETTE.rgba[maps.reshape(-1, *maps.shape[-2:])][0].copy()
    noise = np.random.default_rng(3).integers(0, 3, art.shape, np.uint8)
    art[..., :3] = np.maximum(art, 3)[..., :3] - noise[..., :3]
    art[art[..., 3] == 0] = 0
    colors = len(np.unique(art.reshape(-1, 4), axis=0))
    assert colors > MANY_COLORS
    size = round(24 * factor)
    large = np.asarray(Image.fromarray(art).resize((size, size), Image.Resampling.NEAREST))
    found = _recovered(large[cut:, cut:])
    assert np.array_equal(found, art[len(art) - len(found) :, len(art) - len(found[0]) :])
    impure = large.copy()
    impure[4::7, 4::7, :3] ^= 1
    assert len(np.unique(_recovered(impure).reshape(-1, 4), axis=0)) < colors
