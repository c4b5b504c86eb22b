"""Sprites of several sizes on one canvas."""

from __future__ import annotations

import numpy as np
import pytest

from pxgen.canvas import Canvas
from pxgen.errors import InputError
from pxgen.ingest.layout import (
    Fit,
    check_canvas,
    choose_canvas,
    misfit,
    pad_to_canvas,
    shown_frames,
)


def test_the_canvas_is_the_commonest_size_of_equals_the_largest() -> None:
    sizes = {Canvas(1, 16, 16): 3, Canvas(4, 8, 8): 2, Canvas(1, 8, 8): 1}
    assert choose_canvas(sizes, None, None) == (1, 16, 16)
    assert choose_canvas(sizes, (20, 24), 2) == (2, 20, 24)
    long = Canvas(1, 5000, 10)
    check_canvas(Canvas(9, 4096, 4096), [("a.png", long)])
    with pytest.raises(InputError, match=r"^b\.png: 10x5000 is larger than 4096.*--cell"):
        check_canvas(long, [("a.png", Canvas(1, 9, 9)), ("b.png", long)])


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
    for fit in ("hold", "loop"):
        assert misfit(Canvas(3, 16, 16), canvas, fit) is None
        assert "5 frames" in str(misfit(Canvas(5, 16, 16), canvas, fit))
    assert misfit(Canvas(5, 16, 16), canvas, "resample") is None


@pytest.mark.parametrize(
    ("count", "fit", "shown"),
    [
        (3, "hold", [0, 1, 2, 2, 2, 2, 2, 2]),
        (3, "loop", [0, 1, 2, 0, 1, 2, 0, 1]),
        (3, "resample", [0, 0, 0, 1, 1, 1, 2, 2]),
        (12, "resample", [0, 1, 3, 4, 6, 7, 9, 10]),
        (4, None, [0, 1, 2, 3, 0, 1, 2, 3]),
        (1, "hold", [0] * 8),
    ],
)
def test_clips_of_other_lengths_fill_the_canvas(count: int, fit: Fit | None, shown: list) -> None:
    assert shown_frames(count, 8, fit).tolist() == shown
