"""Lossless WebP animations show the palette's colours."""

from __future__ import annotations

import io

import numpy as np
from hypothesis import given, settings
from PIL import Image

from pxgen.palette import Palette
from pxgen.render.webp import encode_webp
from tests.support.clips import clips


@given(clips)
@settings(max_examples=30)
def test_webp_shows_the_palette_colours(clip):
    frames, palette = clip
    with Image.open(io.BytesIO(encode_webp(frames, palette, 50))) as image:
        assert image.n_frames == len(frames)
        for position, frame in enumerate(frames):
            image.seek(position)
            assert np.array_equal(np.asarray(image.convert("RGBA")), palette.colors(frame))


def test_what_shows_through_is_flagged_although_every_frame_of_the_file_is_opaque():
    frames = np.zeros((3, 12, 12), np.uint8)
    frames[0] = 1
    frames[1, 2:6, 2:6] = 2
    palette = Palette.of([(255, 0, 0), (0, 255, 0)])
    for shown, flag in ((frames, 0x10), (np.maximum(frames, 1), 0)):
        content = encode_webp(shown, palette, 50)
        assert content[12:16] == b"VP8X"
        assert content[20] & 0x10 == flag
        with Image.open(io.BytesIO(content)) as image:
            image.seek(1)
            assert np.array_equal(np.asarray(image.convert("RGBA")), palette.colors(shown[1]))
