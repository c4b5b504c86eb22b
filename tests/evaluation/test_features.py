"""Features of sprites: colours and shapes."""

from __future__ import annotations

import numpy as np
import pytest

from pxgen.evaluation.features import colors_and_shapes
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
