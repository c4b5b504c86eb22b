"""Sizes as they are typed."""

from __future__ import annotations

import numpy as np
import pytest

from pxgen.canvas import NEARLY_EMPTY, Canvas, nearly_empty, parse_size
from pxgen.errors import UsageError


def test_width_comes_first_as_everywhere_in_the_trade() -> None:
    assert parse_size("16x24") == (24, 16)
    assert parse_size(" 1X4096 ") == (4096, 1)
    assert parse_size("3×5") == (5, 3)


@pytest.mark.parametrize(
    "text", ["", "16", "16x", "0x8", "8x0", "4097x1", "-1x8", "8x8x8", "8 x 8"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write width x height"):
        parse_size(text)


def test_pixels_are_counted_over_all_frames() -> None:
    assert Canvas(3, 4, 5).pixels == 60


def test_nearly_empty_is_what_has_too_few_opaque_pixels_over_all_frames() -> None:
    pixels = np.zeros((4, 2, 8, 8), np.uint8)
    least = round(NEARLY_EMPTY * 2 * 8 * 8)
    for number, opaque in enumerate((0, least - 1, least, 128)):
        pixels[number].reshape(-1)[:opaque] = 1 + number
    assert nearly_empty(pixels).tolist() == [True, True, False, False]
    assert not nearly_empty(pixels[2])
