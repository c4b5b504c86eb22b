"""Memorisation: exact, mirrored and alike copies of training sprites, and distances to them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from pxgen.evaluation.copies import Copies, score_test
from pxgen.evaluation.figures import two_sided, wilson
from tests.support.measuring import drawn, marked
from tests.support.tiny import labelled


def test_copies_and_mirrors_of_training_sprites_are_found(tmp_path: Path) -> None:
    dataset = marked(tmp_path, noise=0.5)
    training = dataset.pixels[dataset.train]
    off = training[2:3].copy()
    off[0, 0, 5, 0] = 4
    figures = Copies(dataset).of(
        drawn(np.concatenate([training[:1], training[1:2, ..., ::-1], off]))
    )
    assert figures["exact"]["count"] == 1
    assert figures["mirrored"]["count"] == 1
    assert figures["median_distance"] == 1.0


def test_a_held_out_sprite_is_no_copy_but_the_baseline(tmp_path: Path) -> None:
    dataset = marked(tmp_path, noise=0.5)
    held, train = dataset.pixels[dataset.held_out], dataset.pixels[dataset.train]
    measure = Copies(dataset)
    by_hand = [(train != sprite).sum((1, 2, 3)).min() for sprite in held]
    assert measure.reference()["mean_distance"] == pytest.approx(np.mean(by_hand))
    figures = measure.of(drawn(held))
    assert figures["exact"]["count"] == 0
    assert figures["near"]["count"] == measure.reference()["near"]["count"]
    assert figures["near"]["p"] == 1.0


def test_each_sprite_is_one_kind_of_copy(tmp_path: Path) -> None:
    """A symmetric copy is exact and no mirror; recoloured ones are neither."""
    sprite = np.zeros((1, 4, 4), np.uint8)
    sprite[0, 1:3, 1:3], sprite[0, 3] = 1, 2
    other = np.where(sprite == 1, 3, sprite).astype(np.uint8)
    moved = np.roll(sprite, -1, 1)
    moved[0, 3] = 0
    slanted = sprite.copy()
    slanted[0, 0, 0] = 4
    pixels = np.stack([sprite, slanted, slanted])
    data = labelled(tmp_path, pixels, np.zeros((3, 1), np.uint8), np.array([0, 0, 1]))
    figures = Copies(data).of(drawn(np.stack([sprite, slanted[..., ::-1], other, moved])))
    counts = [figures[kind]["count"] for kind in ("exact", "mirrored", "likeness")]
    assert counts == [1, 1, 2]


def test_copies_by_chance_are_those_of_held_out_sprites_scaled(tmp_path: Path) -> None:
    """Of 8 sprites drawn evenly from all, 6 are training ones because there are 6 of these."""
    dots = np.zeros((8, 1, 4, 4), np.uint8)
    dots.reshape(8, 16)[np.arange(8), np.arange(8)] = 1
    data = labelled(tmp_path, dots, np.zeros((8, 1), np.uint8), np.array([0] * 6 + [1] * 2))
    figures = Copies(data).of(drawn(dots))
    assert figures["exact"]["share"] == 6 / 8
    assert figures["by_chance"]["share"] == pytest.approx(2 / 8 * 3)
    assert figures["excess"]["share"] == pytest.approx(0)
    assert figures["excess"]["low"] < 0 < figures["excess"]["high"]


def test_what_was_learnt_by_heart_is_in_excess(tmp_path: Path) -> None:
    dataset = marked(tmp_path, noise=0.5)
    figures = Copies(dataset).of(drawn(dataset.pixels[dataset.train]))
    assert (figures["by_chance"]["share"], figures["excess"]["share"]) == (0.0, 1.0)
    assert figures["excess"]["low"] > 0.9


def test_one_sprite_drawn_always_is_one_observation(tmp_path: Path) -> None:
    """Three of four sprites are training ones: so would one be that means nothing."""
    dataset = marked(tmp_path, noise=0.5)
    once = dataset.pixels[dataset.train[:1]]
    excess = Copies(dataset).of(drawn(np.repeat(once, 50, 0)))["excess"]
    assert excess["share"] == 1.0
    assert excess["low"] < 0


def test_likes_of_one_group_are_one_observation(tmp_path: Path) -> None:
    """Forty likes were held out or not by one throw of the dice, however different they are."""
    dataset = marked(tmp_path, noise=0.5)
    likes = dataset.pixels[dataset.train[:40]]
    apart = Copies(dataset).of(drawn(likes))["excess"]
    group = dataset.group.copy()
    group[dataset.train[:40]] = 0
    grouped = Copies(dataclasses.replace(dataset, group=group)).of(drawn(likes))
    assert apart["p"] < 0.003
    assert grouped["excess"]["p"] > 0.5
    assert grouped["excess"]["low"] < 0 < apart["low"]


def test_the_interval_of_an_excess_in_closed_form() -> None:
    """Without chance it is that of Wilson, and where all are real of their share."""
    for copies in (0, 3, 20):
        _, high, _ = score_test(copies, 0, 20, 9.0, 1.0)
        assert high == pytest.approx(wilson(copies / 20, 20)[1], abs=1e-9)
    ends = [(1 + 2) * share - 2 for share in wilson(28 / 40, 40)]
    assert score_test(28, 12, 40, 2.0, 1.0)[:2] == pytest.approx(ends)
    assert score_test(60, 4, 400, 9.0, 4.0) == score_test(15, 1, 100, 9.0, 1.0)


def test_the_p_value_of_an_excess_is_that_of_its_score() -> None:
    """(c - s h)^2 / (s (c + h)) has a chi-square distribution of one degree of freedom."""
    assert score_test(0, 0, 20, 9.0, 1.0)[2] == 1.0
    assert score_test(28, 12, 40, 2.0, 1.0)[2] == pytest.approx(two_sided(4 / 80**0.5))


@pytest.mark.parametrize(
    ("groups", "size", "popularity", "real"),
    [
        (2000, 1, 0.0, 0.3),
        (2000, 1, 1.0, 0.3),
        (200, 1, 1.0, 0.5),
        (30, 20, 0.0, 0.9),
        (100, 20, 1.0, 0.9),
        (30, 20, 1.0, 0.3),
    ],
)
def test_a_model_without_memory_has_no_excess_19_times_in_20(
    groups: int, size: int, popularity: float, real: float
) -> None:
    """However unevenly it draws: which groups of likes were held out, it cannot know."""
    rng = np.random.default_rng(0)
    chances = np.repeat(np.arange(1.0, groups + 1) ** -popularity, size)
    chances *= real / chances.sum()
    above, around = 0, 0
    for _ in range(300):
        held = np.repeat(rng.permutation(groups) < groups / 10, size)
        counts = rng.multinomial(500, [*chances, 1 - real])[:-1]
        of_group = counts.reshape(groups, size).sum(1)
        repeats = float((of_group**2).sum() / of_group.sum())
        copies, by_chance = int(counts[~held].sum()), int(counts[held].sum())
        low, high, _ = score_test(copies, by_chance, 500, 9.0, repeats)
        above, around = above + (low > 0), around + (low <= 0 <= high)
    assert above <= 0.05 * 300
    assert around >= 0.9 * 300
