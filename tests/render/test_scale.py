"""Enlargement by whole factors."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pxgen.render.scale import enlarge


@given(st.integers(1, 5), st.integers(1, 6), st.integers(1, 6), st.integers(1, 5))
def test_enlarging_makes_squares(frames, height, width, factor):
    pixels = np.random.default_rng(7).integers(0, 256, (frames, height, width), dtype=np.uint8)
    large = enlarge(pixels, factor)
    assert large.shape == (frames, height * factor, width * factor)
    for down in range(factor):
        for right in range(factor):
            assert np.array_equal(large[:, down::factor, right::factor], pixels)
