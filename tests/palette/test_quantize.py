"""Palette reduction: weighted k-means in OKLab."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pxgen.errors import InputError, UsageError
from pxgen.palette import Palette
from pxgen.palette.oklab import to_oklab
from pxgen.palette.quantize import (
    Loss,
    build_palette,
    error_text,
    exact_palette,
    loss_report,
    one_of_copies,
    suggest_count,
)
from tests.support.colors import random_colors, rgba
from tests.support.enlarged import compressed


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
    loss = loss_report(colors, counts, exact_palette(colors))
    assert (loss.psnr, loss.exact_share) == (math.inf, 1.0)


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


@pytest.mark.parametrize(("kind", "quality"), [("JPEG", 80), ("JPEG", 92), ("WEBP", 75)])
def test_near_copies_of_compressed_art_are_one_color(kind: str, quality: int) -> None:
    """Flat art of six colours on white: each has an entry near to it, and few are near to white."""
    drawn = np.array(
        [[255] * 3, [30, 25, 20], [190, 60, 65], [80, 160, 185], [240, 210, 60], [60, 150, 70]]
    )
    random = np.random.default_rng(3)
    maps = np.zeros((160, 160), np.int64)
    for _ in range(60):
        top, left = random.integers(4, 140, 2)
        maps[top : top + 12, left : left + 12] = random.integers(1, 6)
    art = np.concatenate([drawn[maps], np.full((160, 160, 1), 255)], -1).astype(np.uint8)
    noisy = compressed(art, quality, kind)
    colors, counts = np.unique(noisy.reshape(-1, 4), axis=0, return_counts=True)
    table = to_oklab(build_palette(colors, counts, 12).rgba[1:, :3])
    gaps = np.sqrt(((to_oklab(drawn.astype(np.uint8))[:, None] - table) ** 2).sum(-1))
    assert gaps.min(1).max() < 0.05
    assert (gaps[0] < 0.05).sum() <= 4


def test_copies_are_what_most_pixels_show_and_others_stay():
    colors = rgba((200, 10, 10), (201, 11, 10), (10, 10, 200), (202, 10, 12), (10, 10, 200, 90))
    found = one_of_copies(colors, np.array([5, 9, 1, 2, 1]))
    assert found.tolist() == colors[[1, 1, 2, 1, 4]].tolist()


def test_an_outline_is_not_averaged_with_its_shadows():
    """A middle of dark greys would be one of the many, not the black that outlines are drawn in."""
    shadows = [(28 + 2 * k,) * 3 for k in range(6)]
    reds = [(200, 40, 40), (210, 60, 60), (220, 90, 90)]
    colors = rgba((20, 20, 20), *shadows, *reds)
    palette = build_palette(colors, np.array([60, *[20] * 6, *[30] * 3]), 2)
    assert palette.lookup(colors[:1])[1].all()


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
    baseline = loss_report(colors, counts, frequent)
    assert loss_report(colors, counts, palette).psnr > baseline.psnr + 0.5


def test_many_colors_are_binned_and_still_reduced_to_real_ones():
    colors, counts = random_colors(20_000)
    palette = build_palette(colors, counts, 32)
    assert len(palette) == 33
    assert loss_report(colors, counts, palette).psnr > 16


def test_faint_colors_are_left_out_and_others_made_opaque():
    colors = rgba((1, 2, 3, 127), (4, 5, 6, 128), (4, 5, 6, 255))
    assert build_palette(colors, np.array([9, 1, 1]), 8).hex == ("00000000", "040506ff")


def test_pixels_of_one_colour_add_up_however_often_it_is_listed():
    colors = rgba((0, 0, 0), (255, 0, 0), (0, 0, 0, 200), (0, 0, 255))
    palette = Palette.of([(0, 0, 0)])
    assert loss_report(colors, np.array([2, 1, 3, 4]), palette).exact_share == pytest.approx(0.5)


@pytest.mark.parametrize("size", [0, 256])
def test_sizes_that_no_palette_has_are_refused(size):
    with pytest.raises(UsageError, match="1 to 255"):
        build_palette(rgba((1, 2, 3)), np.array([1]), size)


def test_loss_counts_pixels_not_colors():
    colors = rgba((0, 0, 0), (255, 255, 255), (10, 0, 0))
    black_white = Palette.of([(0, 0, 0), (255, 255, 255)])
    loss = loss_report(colors, np.array([60, 39, 1]), black_white)
    assert loss.exact_share == pytest.approx(0.99)
    assert loss.psnr == pytest.approx(10 * math.log10(255**2 / (100 / 3 / 100)))


def test_the_suggested_count_is_the_smallest_that_is_good_enough():
    colors, counts = random_colors(300)
    counts[:50] = 100_000
    count = suggest_count(colors, counts)
    assert count == 64
    assert loss_report(colors, counts, build_palette(colors, counts, 64)).exact_share >= 0.99
    assert loss_report(colors, counts, build_palette(colors, counts, 32)).exact_share < 0.99


def test_an_error_is_told_in_steps_of_a_colour_and_none_as_none() -> None:
    loss = Loss(pixels=4, exact=3, error=4 * 5.0**2)
    assert error_text(loss.psnr) == "colours are off by 5.0 of 255 on average (34.2 dB PSNR)"
    assert error_text(loss.psnr, "bayer4").endswith("(34.2 dB PSNR), before dithering")
    assert error_text(math.inf, "bayer4") == "no colour is off"
