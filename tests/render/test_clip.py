"""All animation formats: delays, loops and sizes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxgen.errors import PxgenError
from pxgen.palette import Palette
from pxgen.render.apng import encode_apng
from pxgen.render.clip import round_delays
from pxgen.render.gif import encode_gif
from pxgen.render.webp import encode_webp
from tests.support.clips import random_clip

ENCODERS = [encode_gif, encode_apng, encode_webp]
LONGEST = [655_350, 65_535_000, 2**24 - 1]


def test_rounding_errors_are_carried():
    assert round_delays([41.7] * 5, 10, 2) == [4, 4, 5, 4, 4]
    assert sum(round_delays([1000 / 24] * 24, 10, 2)) == 100


@given(st.lists(st.floats(20, 500), min_size=1, max_size=50))
def test_a_clip_lasts_as_long_as_asked(delays):
    assert abs(sum(round_delays(delays, 10, 2)) - sum(delays) / 10) <= 0.5 + 1e-6


def test_delays_that_browsers_would_stretch_are_lifted_to_two():
    assert round_delays([0, 1, 10, 100, 100], 10, 2) == [2, 2, 2, 10, 10]


@pytest.mark.parametrize("encode", ENCODERS)
@pytest.mark.parametrize(
    ("frames", "delays", "message"),
    [
        (np.zeros((2, 3, 3), np.uint8), [10], "2 frames need as many delays"),
        (np.zeros((0, 3, 3), np.uint8), [], "frames"),
        (np.zeros((3, 3), np.uint8), 50, "frames"),
        (np.zeros((1, 3, 3), np.int64), 50, "not int64"),
        (np.full((1, 3, 3), 7, np.uint8), 50, "index 7 is outside"),
        (np.zeros((1, 3, 3), np.uint8), -5, "milliseconds"),
        (np.zeros((1, 3, 3), np.uint8), float("nan"), "milliseconds"),
    ],
)
def test_what_no_format_can_hold_is_refused(encode, frames, delays, message):
    with pytest.raises(PxgenError, match=message):
        encode(frames, Palette.of([(255, 0, 0)]), delays)


@pytest.mark.parametrize(("encode", "longest"), [*zip(ENCODERS, LONGEST, strict=True)])
def test_a_frame_lasts_as_long_as_the_format_can_say(encode, longest):
    frames, palette = np.zeros((2, 1, 1), np.uint8), Palette.of([(255, 0, 0)])
    encode(frames, palette, [longest, longest])
    with pytest.raises(PxgenError, match=f"0 to {longest} milliseconds"):
        encode(frames, palette, [longest + 1, 1])


@pytest.mark.parametrize("encode", [encode_gif, encode_webp])
def test_sides_beyond_the_format_are_refused(encode):
    with pytest.raises(PxgenError, match="pixels"):
        encode(np.zeros((1, 1, 70_000), np.uint8), Palette.of([(255, 0, 0)]), 50)


@pytest.mark.parametrize("encode", ENCODERS)
def test_same_clip_same_bytes(encode):
    frames, palette = random_clip(4, 9, 3)
    assert encode(frames, palette, 40) == encode(frames.copy(), Palette(palette.rgba), 40)
