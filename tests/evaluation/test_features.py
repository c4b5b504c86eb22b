"""Features of sprites: colours and shapes, and form."""

from __future__ import annotations

import numpy as np
import pytest

from pxgen.arrays import IndexMaps
from pxgen.evaluation.features import colors_and_shapes, form
from pxgen.evaluation.set_metrics import kid, standardised
from tests.support.tiny import PALETTE


def test_features_see_where_and_in_which_colours_sprites_are_drawn() -> None:
    sprites = np.zeros((4, 1, 16, 16), np.uint8)
    sprites[0, :, :8] = 1
    sprites[1, :, 8:] = 1
    sprites[2, :, :8] = 2
    sprites[3] = sprites[0]
    features = colors_and_shapes(sprites, PALETTE)
    assert np.array_equal(features[0], features[3])
    gaps = [float(np.abs(features[0] - features[k]).max()) for k in (1, 2)]
    assert min(gaps) > 0.1
    assert features.shape == (4, 64 + 48 + len(PALETTE))


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (6, 8), (24, 24), (17, 40)])
def test_features_of_any_canvas_are_finite(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 5, (3, 2, *size)).astype(np.uint8)
    assert np.isfinite(colors_and_shapes(pixels, PALETTE)).all()
    assert np.isfinite(form(pixels, PALETTE)).all()


def figures(count: int, generator: np.random.Generator) -> IndexMaps:
    """Bodies with a head and an outline, somewhere on the canvas."""
    sprites = np.zeros((count, 1, 16, 16), np.uint8)
    for sprite in sprites[:, 0]:
        body, skin = generator.integers(1, 4, 2)
        top, left = generator.integers(1, 4), generator.integers(2, 6)
        sprite[top : top + 12, left : left + 8] = 4
        sprite[top + 1 : top + 5, left + 2 : left + 6] = skin
        sprite[top + 6 : top + 11, left + 1 : left + 7] = body
    return sprites


def test_form_ranks_corrupted_sprites_blobs_and_blanks_behind_real_ones() -> None:
    generator = np.random.default_rng(0)
    real, held_out = figures(300, generator), figures(300, generator)
    noisy = np.where(generator.random(real.shape) < 0.05, generator.permuted(real), real)
    blobs = np.zeros_like(real)
    for blob, sprite in zip(blobs, real, strict=True):
        blob[:, 5:11, 5:11] = sprite.max()
    blank = np.where(generator.random(real.shape) < 0.01, real, 0)
    scale = form(real, PALETTE)
    gaps = []
    for sprites in (real, noisy, blobs, blank):
        drawn, kept = standardised(scale, *(form(s, PALETTE) for s in (sprites, held_out)))
        gaps.append(kid(drawn, kept, (np.arange(300), np.arange(300)))["value"])
    assert gaps == sorted(gaps)
    assert gaps[0] < 0.1 < gaps[1]
