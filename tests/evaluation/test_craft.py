"""Craft: figures of single sprites in closed form."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from pxgen.evaluation.craft import Craft, rim, stray
from pxgen.evaluation.measure import Drawn
from tests.support.tiny import labelled

SQUARE = np.zeros((1, 1, 8, 8), np.uint8)
SQUARE[0, 0, 2:6, 2:6] = 1
SQUARE[0, 0, 3:5, 3:5] = 2


def test_stray_pixels_have_no_neighbour_of_their_colour() -> None:
    sprite = np.zeros((1, 1, 4, 5), np.uint8)
    sprite[0, 0, 1:3, 1:3] = 1
    sprite[0, 0, 0, 4] = 2
    sprite[0, 0, 3, 3] = 3
    assert np.argwhere(stray(sprite)[0, 0]).tolist() == [[0, 4], [3, 3]]
    each = Craft.of_each(sprite)
    assert each["colors"].tolist() == [3.0]
    assert each["stray"].tolist() == pytest.approx([2 / 6])
    assert each["foreground"].tolist() == pytest.approx([6 / 20])


def test_the_rim_is_what_lies_beside_nothing() -> None:
    edge = rim(SQUARE > 0)[0, 0]
    assert edge.sum() == 12
    assert not edge[3:5, 3:5].any()
    full = rim(np.ones((1, 1, 3, 3), np.bool_))[0, 0]
    assert full.tolist() == [[True] * 3, [True, False, True], [True] * 3]


def test_an_outline_is_the_share_of_the_rim_in_one_colour() -> None:
    broken = SQUARE.copy()
    broken[0, 0, 2, 2:5] = 3
    assert Craft.of_each(np.concatenate([SQUARE, broken]))["outline"].tolist() == [1.0, 9 / 12]


def test_symmetry_is_about_the_middle_of_what_is_opaque() -> None:
    moved = np.roll(SQUARE, (1, 2), (2, 3))
    half = SQUARE.copy()
    half[0, 0, 2:4, 2] = 3
    figures = Craft.of_each(np.concatenate([SQUARE, moved, half]))
    assert figures["symmetry"].tolist() == pytest.approx([1.0, 1.0, 12 / 16])


def test_nearly_empty_sprites_are_counted_with_an_interval() -> None:
    """One pixel in thirty-two is the limit: 2 of 64 are enough, 1 is not."""
    blank, dot, two = np.zeros((3, 1, 1, 8, 8), np.uint8)
    dot[0, 0, 0, 0] = 1
    two[0, 0, 0, :2] = 1
    figures = Craft(None).of(Drawn(np.concatenate([blank, dot, two, SQUARE]), np.full(4, -1)))
    assert (figures["nearly_empty"]["count"], figures["nearly_empty"]["of"]) == (2, 4)
    mean = figures["foreground"]
    assert mean["value"] == pytest.approx((0 + 1 + 2 + 16) / 64 / 4)
    assert mean["low"] < mean["value"] < mean["high"]
    assert figures["colors"]["value"] == pytest.approx((0 + 1 + 1 + 2) / 4)


def test_likes_count_once_among_real_sprites(tmp_path: Path) -> None:
    """Held-out sprites of one group, four of each, tell no more than one of them."""
    rng = np.random.default_rng(0)
    apart = rng.integers(0, 3, (30, 1, 6, 8), dtype=np.uint8)
    likes, group = np.repeat(apart, 4, 0), np.repeat(np.arange(30, dtype=np.int32), 4)
    nothing = np.zeros((120, 0), np.uint8)
    data = labelled(tmp_path, likes, nothing, np.ones(120))
    once = Craft(None).of(Drawn(apart, np.full(30, -1)))
    known = Craft(dataclasses.replace(data, group=group)).reference()
    for name in ("foreground", "colors", "stray"):
        assert known[name] == pytest.approx(once[name])
    assert known["nearly_empty"]["high"] == once["nearly_empty"]["high"]
