"""OKLab, the nearest entry, palette swaps."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pxgen.palette import Palette
from pxgen.palette.oklab import distinct_entries, nearest, swap, to_oklab
from tests.support.colors import GREYS, random_colors, rgba


def test_oklab_agrees_with_its_author():
    # Ottosson's own conversion of white and of the sRGB primaries; of greys the cube root of what
    # sRGB calls linear light, which is straight near black.
    rows = [[255] * 3, [255, 0, 0], [0, 255, 0], [0, 0, 255], [128] * 3, [10] * 3]
    given_rgb = np.array(rows, np.uint8)
    expected = [
        [1.0, 0.0, 0.0],
        [0.627955, 0.224863, 0.125846],
        [0.866440, -0.233888, 0.179498],
        [0.452014, -0.032457, -0.311528],
        [(((128 / 255 + 0.055) / 1.055) ** 2.4) ** (1 / 3), 0.0, 0.0],
        [(10 / 255 / 12.92) ** (1 / 3), 0.0, 0.0],
    ]
    np.testing.assert_allclose(to_oklab(given_rgb), expected, atol=2e-5)


@given(st.lists(st.tuples(*3 * [st.integers(0, 255)]), min_size=1, max_size=255, unique=True))
def test_a_color_of_the_palette_is_its_own_nearest(colors):
    palette = Palette.of(colors)
    assert nearest(palette, palette.rgba).tolist() == list(range(len(palette)))


def test_nearest_is_the_least_oklab_distance():
    colors, _ = random_colors(300)
    palette = Palette.of(colors[:40].tolist())
    gap = to_oklab(colors[:, None, :3]) - to_oklab(palette.rgba[None, 1:, :3])
    assert (nearest(palette, colors) == (gap**2).sum(-1).argmin(1) + 1).all()


def test_nearest_shows_faint_pixels_as_transparent_and_keeps_the_shape():
    picture = rgba((250, 250, 250, 127), (250, 250, 250, 128), (1, 1, 1), (9, 9, 9, 0))
    index = nearest(GREYS, picture.reshape(2, 2, 4))
    assert (index.dtype, index.tolist()) == (np.uint8, [[0, 3], [1, 0]])


def test_nearest_in_a_palette_without_colors_is_transparent():
    assert nearest(Palette.of([]), rgba((1, 2, 3))).tolist() == [0]


def test_swap_goes_by_position_for_an_equal_count_else_by_looks():
    reds = Palette.of([(255, 0, 0), (40, 0, 0)])
    blues = Palette.of([(0, 0, 40), (0, 0, 255)])
    assert swap(reds, blues).tolist() == [0, 1, 2]
    assert swap(reds, GREYS).tolist()[0] == 0
    assert swap(GREYS, blues).shape == (4,)
    assert swap(blues, GREYS).tolist() == [0, 1, 2]


def test_soft_colours_of_a_palette_are_their_own_and_others_vanish():
    palette = Palette.of([(0, 0, 0), (10, 20, 30, 90)], "soft")
    assert nearest(palette, rgba((10, 20, 30, 90), (10, 20, 30, 91))).tolist() == [2, 0]
    assert swap(palette, Palette.of([(10, 20, 30, 90)], "one")).tolist() == [0, 1, 1]


def test_an_opaque_colour_prefers_an_opaque_entry():
    palette = Palette.of([(100, 100, 100, 140), (120, 120, 120)])
    colors = rgba((104, 104, 104), (104, 104, 104, 150))
    assert nearest(palette, colors).tolist() == [2, 1]


def test_no_two_colours_take_one_entry_and_the_nearest_pair_is_first():
    palette = Palette.of([(0, 0, 0), (250, 0, 0), (0, 0, 250)])
    reds = np.concatenate([rgba((240, 10, 10)), rgba((252, 0, 0))]).reshape(2, 4)
    # Both are nearest to the red; the second is nearer.
    first, second = distinct_entries(palette, reds).tolist()
    assert (second, first != 2) == (2, True)
    assert len({first, second}) == 2
    everything = np.concatenate([reds, rgba((1, 1, 1)).reshape(1, 4)])
    assert sorted(distinct_entries(palette, everything).tolist()) == [1, 2, 3]
