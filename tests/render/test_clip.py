"""What all animation formats share, and the lossless ones beside GIF."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pxgen.errors import PxgenError
from pxgen.palette import Palette
from pxgen.render.apng import encode_apng
from pxgen.render.clip import round_delays
from pxgen.render.gif import encode_gif
from pxgen.render.png import decode_png
from pxgen.render.webp import encode_webp

ENCODERS = [encode_gif, encode_apng, encode_webp]


def random_clip(seed: int, entries: int, frames: int):
    """Frames that differ, on a palette with translucent colours."""
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 256, (entries, 4), dtype=np.uint8)
    table[0] = 0
    height, width = rng.integers(2, 14, 2)
    clip = rng.integers(0, entries, (frames, height, width), dtype=np.uint8)
    clip[:, 0, 0] = np.arange(frames) % entries
    table[1:, 3] |= 1
    return clip, Palette(table)


clips = st.builds(random_clip, st.integers(0, 2**32 - 1), st.integers(2, 256), st.integers(1, 5))


@given(clips)
@settings(max_examples=60, deadline=None)
def test_apng_frames_colours_and_delays_are_read_back(clip):
    frames, palette = clip
    delays = [30 + 7 * position for position in range(len(frames))]
    content = encode_apng(frames, palette, delays)
    with Image.open(io.BytesIO(content)) as image:
        assert image.n_frames == len(frames)
        for position, frame in enumerate(frames):
            image.seek(position)
            assert np.array_equal(np.asarray(image.convert("RGBA")), palette.colors(frame))
            if len(frames) > 1:
                assert (image.info["duration"], image.info["loop"]) == (delays[position], 0)
    first, table = decode_png(content)
    assert np.array_equal(first, frames[0])
    assert table == palette


@given(clips)
@settings(max_examples=30, deadline=None)
def test_webp_shows_the_palette_colours(clip):
    frames, palette = clip
    with Image.open(io.BytesIO(encode_webp(frames, palette, 50))) as image:
        for position, frame in enumerate(frames[: image.n_frames]):
            image.seek(position)
            assert np.array_equal(np.asarray(image.convert("RGBA")), palette.colors(frame))
            assert image.n_frames == len(frames)


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


@pytest.mark.parametrize("encode", [encode_gif, encode_webp])
def test_sides_beyond_the_format_are_refused(encode):
    with pytest.raises(PxgenError, match="pixels"):
        encode(np.zeros((1, 1, 70_000), np.uint8), Palette.of([(255, 0, 0)]), 50)


@pytest.mark.parametrize("encode", ENCODERS)
def test_same_clip_same_bytes(encode):
    frames, palette = random_clip(4, 9, 3)
    assert encode(frames, palette, 40) == encode(frames.copy(), Palette(palette.rgba), 40)
