"""Sprites of several sizes on one canvas."""

from __future__ import annotations

import numpy as np
import pytest

from pxgen.canvas import Canvas
from pxgen.errors import InputError
from pxgen.ingest.layout import choose_canvas, misfit, pad_to_canvas


def test_the_canvas_is_the_commonest_size_of_equals_the_largest() -> None:
    sizes = {Canvas(1, 16, 16): 3, Canvas(4, 8, 8): 2, Canvas(1, 8, 8): 1}
    assert choose_canvas(sizes, None, None) == (1, 16, 16)
    assert choose_canvas(sizes, (20, 24), 2) == (2, 20, 24)
    with pytest.raises(InputError, match="--cell"):
        choose_canvas({Canvas(1, 5000, 10): 1}, None, None)


def test_small_sprites_stand_on_the_lower_edge_in_the_middle() -> None:
    sprite = np.ones((1, 2, 3), np.uint8)
    placed = pad_to_canvas(sprite, Canvas(2, 5, 6), "bottom")
    assert placed.shape == (2, 5, 6)
    np.testing.assert_array_equal(placed[0], placed[1])
    assert np.argwhere(placed[0]).min(0).tolist() == [3, 1]
    assert placed.sum() == 12
    centred = pad_to_canvas(sprite, Canvas(1, 5, 6), "center")
    assert np.argwhere(centred[0]).min(0).tolist() == [1, 1]


def test_what_does_not_fit_says_why() -> None:
    canvas = Canvas(4, 16, 16)
    assert misfit(Canvas(2, 16, 8), canvas) is None
    assert "17x16 is larger" in str(misfit(Canvas(4, 16, 17), canvas))
    assert "5 frames" in str(misfit(Canvas(5, 16, 16), canvas))
    assert "loop" in str(misfit(Canvas(3, 16, 16), canvas))
