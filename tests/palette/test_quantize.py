"""Perceptual look-up, palettes made from colours, dithering."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pxgen.errors import InputError, UsageError
from pxgen.palette import Palette
from pxgen.palette.dither import bayer, dither
from pxgen.palette.oklab import nearest, swap, to_oklab
from pxgen.palette.quantize import (
    build_palette,
    exact_palette,
    loss_report,
    suggest_count,
)

GREYS = Palette.of([(0, 0, 0), (128, 128, 128), (255, 255, 255)])


def rgba(*colors: tuple[int, ...]) -> np.ndarray:
    rows = [(*color, 255) if len(color) == 3 else color for color in colors]
    return np.array(rows, np.uint8)


def random_colors(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    packed = random.choice(1 << 24, count, replace=False)
    colors = np.stack([packed >> 16, packed >> 8 & 255, packed & 255, 0 * packed + 255], 1)
    return colors.astype(np.uint8), random.integers(1, 50, count)


def test_oklab_agrees_with_its_author():
    # Ottosson's own conversion of white and of the sRGB primaries.
    given_rgb = np.array([[255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
    expected = [
        [1.0, 0.0, 0.0],
        [0.627955, 0.224863, 0.125846],
        [0.866440, -0.233888, 0.179498],
        [0.452014, -0.032457, -0.311528],
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


def test_exact_palettes_hold_every_visible_color_once_in_an_order_of_their_own():
    colors = rgba((9, 9, 9), (255, 0, 0), (200, 200, 200), (9, 9, 9), (0, 0, 255), (7, 7, 7, 0))
    palette = exact_palette(colors)
    assert palette.hex[1:] == ("090909ff", "c8c8c8ff", "ff0000ff", "0000ffff")
    assert exact_palette(colors[::-1]) == palette


def test_exact_palettes_refuse_more_than_fits():
    with pytest.raises(InputError, match="256 colours"):
        exact_palette(random_colors(256)[0])


def test_few_colors_are_kept_exactly():
    colors, counts = random_colors(20)
    assert build_palette(colors, counts, 20) == exact_palette(colors)
    assert suggest_count(colors, counts) == 20
    assert loss_report(colors, counts, exact_palette(colors)) == (math.inf, 1.0)


@pytest.mark.parametrize("size", [1, 2, 7, 64, 255])
def test_reduced_palettes_have_the_size_asked_for_and_only_given_colors(size):
    colors, counts = random_colors(400)
    palette = build_palette(colors, counts, size)
    assert len(palette) - 1 == size
    given_rows = {tuple(row) for row in colors.tolist()}
    assert {tuple(row) for row in palette.rgba[1:].tolist()} <= given_rows


def test_reduced_palettes_pin_the_most_frequent_colors():
    colors, counts = random_colors(400)
    counts[[3, 30, 300]] = 10_000
    palette = build_palette(colors, counts, 8)
    assert palette.lookup(colors[[3, 30, 300]])[1].all()


def test_equal_arguments_make_equal_palettes_whatever_the_order_of_the_colors():
    colors, counts = random_colors(500)
    shuffle = np.random.default_rng(1).permutation(500)
    palette = build_palette(colors, counts, 16, seed=3)
    assert build_palette(colors[shuffle], counts[shuffle], 16, seed=3) == palette


def test_clusters_are_found():
    random = np.random.default_rng(0)
    middles = np.array([[20, 20, 20], [220, 30, 30], [30, 200, 40], [40, 60, 220]])
    spread = middles[:, None] + random.integers(-8, 9, (4, 60, 3))
    colors = np.full((240, 4), 255, np.uint8)
    colors[:, :3] = spread.reshape(-1, 3)
    found = build_palette(colors, np.ones(240, np.int64), 8).rgba[1:, :3].astype(int)
    reach = np.abs(found[:, None] - middles).max(-1)
    assert (reach.min(0) <= 8).all()


def test_reduction_beats_taking_the_frequent_colors_alone():
    colors, counts = random_colors(2000)
    palette = build_palette(colors, counts, 32)
    frequent = exact_palette(colors[np.argsort(-counts)[:32]])
    assert loss_report(colors, counts, palette)[0] > loss_report(colors, counts, frequent)[0] + 0.5


def test_many_colors_are_binned_and_still_reduced_to_real_ones():
    colors, counts = random_colors(20_000)
    palette = build_palette(colors, counts, 32)
    assert len(palette) == 33
    assert loss_report(colors, counts, palette)[0] > 16


def test_faint_colors_are_left_out_and_others_made_opaque():
    colors = rgba((1, 2, 3, 127), (4, 5, 6, 128), (4, 5, 6, 255))
    assert build_palette(colors, np.array([9, 1, 1]), 8).hex == ("00000000", "040506ff")


@pytest.mark.parametrize("size", [0, 256])
def test_sizes_that_no_palette_has_are_refused(size):
    with pytest.raises(UsageError, match="1 to 255"):
        build_palette(rgba((1, 2, 3)), np.array([1]), size)


def test_loss_counts_pixels_not_colors():
    colors = rgba((0, 0, 0), (255, 255, 255), (10, 0, 0))
    black_white = Palette.of([(0, 0, 0), (255, 255, 255)])
    decibels, exact = loss_report(colors, np.array([60, 39, 1]), black_white)
    assert exact == pytest.approx(0.99)
    assert decibels == pytest.approx(10 * math.log10(255**2 / (100 / 3 / 100)))


def test_the_suggested_count_is_the_smallest_that_is_good_enough():
    colors, counts = random_colors(300)
    counts[:50] = 100_000
    count = suggest_count(colors, counts)
    assert count == 64
    assert loss_report(colors, counts, build_palette(colors, counts, 64))[1] >= 0.99
    assert loss_report(colors, counts, build_palette(colors, counts, 32))[1] < 0.99


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


def test_soft_colours_of_a_palette_are_their_own_and_others_vanish():
    palette = Palette.of([(0, 0, 0), (10, 20, 30, 90)], "soft")
    assert nearest(palette, rgba((10, 20, 30, 90), (10, 20, 30, 91))).tolist() == [2, 0]
    assert swap(palette, Palette.of([(10, 20, 30, 90)], "one")).tolist() == [0, 1, 1]
