"""Lossless WebP animations show the palette's colours."""

from __future__ import annotations

import io

import numpy as np
from hypothesis import given, settings
from PIL import Image

from pxgen.render.webp import encode_webp
from tests.support.clips import clips


@given(clips)
@settings(max_examples=30)
def test_webp_shows_the_palette_colours(clip):
    frames, palette = clip
    with Image.open(io.BytesIO(encode_webp(frames, palette, 50))) as image:
        for position, frame in enumerate(frames[: image.n_frames]):
            image.seek(position)
            assert np.array_equal(np.asarray(image.convert("RGBA")), palette.colors(frame))
            assert image.n_frames == len(frames)
