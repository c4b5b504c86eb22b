"""Pixels of a canvas, and which sprites are nearly empty."""

from __future__ import annotations

import numpy as np

from pxgen.canvas import NEARLY_EMPTY, Canvas, nearly_empty


def test_pixels_are_counted_over_all_frames() -> None:
    assert Canvas(3, 4, 5).pixels == 60


def test_nearly_empty_is_what_has_too_few_opaque_pixels_over_all_frames() -> None:
    pixels = np.zeros((4, 2, 8, 8), np.uint8)
    least = round(NEARLY_EMPTY * 2 * 8 * 8)
    for number, opaque in enumerate((0, least - 1, least, 128)):
        pixels[number].reshape(-1)[:opaque] = 1 + number
    assert nearly_empty(pixels).tolist() == [True, True, False, False]
    assert not nearly_empty(pixels[2])
