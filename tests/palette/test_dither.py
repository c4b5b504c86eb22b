"""Ordered dithering."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pxgen.errors import UsageError
from pxgen.palette import Palette
from pxgen.palette.dither import bayer, dither
from pxgen.palette.oklab import to_oklab
from tests.support.colors import GREYS, rgba


def test_bayer_matrices_are_even_and_well_spread():
    assert (bayer(2) * 4 - 0.5).tolist() == [[0, 2], [3, 1]]
    for side in (2, 4, 8):
        assert sorted((bayer(side) * side**2 - 0.5).ravel().tolist()) == list(range(side**2))


@pytest.mark.parametrize("method", ["none", "bayer2", "bayer4", "bayer8"])
@given(picture=arrays.arrays(np.uint8, (5, 7), elements=st.integers(0, 3)))
def test_art_on_the_palette_is_never_dithered(method, picture):
    assert (dither(GREYS.colors(picture), GREYS, method) == picture).all()


@pytest.mark.parametrize("method", ["bayer2", "bayer4", "bayer8"])
def test_a_color_between_two_becomes_a_pattern_of_both(method):
    between = np.broadcast_to(rgba((64, 64, 64)), (16, 16, 4)).copy()
    index = dither(between, GREYS, method)
    assert set(np.unique(index).tolist()) == {1, 2}
    assert 0.25 <= (index == 2).mean() <= 0.75
    lightness = to_oklab(GREYS.rgba[:, :3])[index][..., 0].mean()
    assert lightness == pytest.approx(float(to_oklab(between[0, 0, :3])[0]), abs=0.13)


def test_dithering_follows_a_gradient_and_treats_equal_frames_equally():
    ramp = np.full((2, 8, 64, 4), 255, np.uint8)
    ramp[..., :3] = np.linspace(0, 255, 64).astype(np.uint8)[:, None]
    index = dither(ramp, GREYS, "bayer4")
    assert (index[0] == index[1]).all()
    shown = GREYS.colors(index)[0, :, :, 0].mean(0).reshape(8, 8).mean(1)
    assert (np.diff(shown) >= 0).all()


def test_dithering_keeps_transparency_and_refuses_unknown_methods():
    faint = rgba((64, 64, 64, 10)).reshape(1, 1, 4)
    assert dither(faint, GREYS, "bayer4").tolist() == [[0]]
    with pytest.raises(UsageError, match="choose one of none, bayer2"):
        dither(faint, GREYS, "floyd")


def test_what_is_opaque_is_never_mixed_with_what_is_not():
    """A see-through entry of just the colour that would make up the mean."""
    palette = Palette.of([(0, 0, 0), (128, 128, 128, 128), (255, 255, 255)])
    between = np.broadcast_to(rgba((60, 60, 60)), (8, 8, 4)).copy()
    assert 2 not in dither(between, palette, "bayer4")
