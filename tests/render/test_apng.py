"""APNG animations are read back as they were."""

from __future__ import annotations

import io

import numpy as np
from hypothesis import given, settings
from PIL import Image

from pxgen.render.apng import encode_apng
from pxgen.render.png import decode_png
from tests.support.clips import clips


@given(clips)
@settings(max_examples=60)
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
