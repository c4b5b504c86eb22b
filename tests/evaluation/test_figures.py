"""Confidence intervals and label obedience."""

from __future__ import annotations

import numpy as np
import pytest

from pxgen.evaluation.figures import (
    bounded_mean,
    label_accuracy,
    mean_with_interval,
    proportion,
    t95,
)


def test_a_share_has_the_interval_of_wilson() -> None:
    figure = proportion(np.arange(100) < 90)
    assert (figure["share"], figure["count"], figure["of"]) == (0.9, 90, 100)
    # Published values of Wilson's interval for 90 of 100.
    assert figure["low"] == pytest.approx(0.8256, abs=1e-4)
    assert figure["high"] == pytest.approx(0.9448, abs=1e-4)
    assert proportion(np.ones(5, bool))["high"] == 1.0
    assert proportion(np.zeros(0, bool))["share"] is None


def test_sprites_of_one_group_count_as_one_observation() -> None:
    values = np.random.default_rng(0).normal(7, 2, 50)
    mean, low, high = mean_with_interval(values, np.arange(50))
    assert mean == pytest.approx(values.mean())
    # Student's t of 49 degrees of freedom.
    assert high - mean == pytest.approx(2.0096 * values.std(ddof=1) / 50**0.5, rel=1e-3)
    repeated = mean_with_interval(np.tile(values, 4), np.tile(np.arange(50), 4))
    assert repeated == pytest.approx((mean, low, high))


@pytest.mark.parametrize(("freedom", "known"), [(3, 3.182), (5, 2.571), (20, 2.086), (1000, 1.962)])
def test_quantiles_of_t_are_those_of_tables(freedom: int, known: float) -> None:
    assert t95(freedom) == pytest.approx(known, rel=0.012)


def test_means_of_shares_keep_within_0_and_1() -> None:
    """Of hits they have nearly the interval of Wilson, however often groups repeat their own."""
    hits = np.arange(100) < 90
    known = proportion(hits)
    ends = pytest.approx((0.9, known["low"], known["high"]), abs=0.002)
    assert bounded_mean(hits.astype(float), np.arange(100)) == ends
    assert bounded_mean(np.tile(hits, 4).astype(float), np.tile(np.arange(100), 4)) == ends
    repeated = proportion(np.tile(hits, 4), np.tile(np.arange(100), 4))
    assert (repeated["low"], repeated["count"]) == (pytest.approx(known["low"], abs=0.002), 360)
    rare = np.array([0.0] * 30 + [0.1])
    mean, low, high = bounded_mean(rare, np.arange(31))
    assert 0 < low < mean < high < mean_with_interval(rare, np.arange(31))[2] * 3
    assert mean_with_interval(rare, np.arange(31))[1] < 0
    assert bounded_mean(np.ones(8), np.arange(8) // 2) == (
        1.0,
        proportion(np.ones(4, bool))["low"],
        1.0,
    )


@pytest.mark.parametrize("groups", [3, 5, 20])
def test_intervals_of_few_groups_hold_the_mean_19_times_in_20(groups: int) -> None:
    rng, missed = np.random.default_rng(0), np.zeros(2)
    group = np.repeat(np.arange(groups), 10)
    for _ in range(500):
        values = 0.5 + 0.1 * rng.normal(size=groups).repeat(10) + 0.02 * rng.normal(size=len(group))
        for kind, interval in enumerate((mean_with_interval, bounded_mean)):
            _, low, high = interval(values, group)
            missed[kind] += not low <= 0.5 <= high
    assert (missed <= 0.08 * 500).all()


def test_obedience_counts_each_label() -> None:
    asked = np.array([0, 1, 0, 1, -1])
    figures = label_accuracy(["a", "b"], asked, np.array([True, False, True, True, False]))
    assert figures["shows_label"]["share"] == 0.75
    assert (figures["labels"]["b"]["count"], figures["labels"]["b"]["of"]) == (1, 2)


def test_worst_labels_are_clearly_below_the_whole() -> None:
    """A label missed the one time that it was asked for says nothing, nor do 8 of 10."""
    asked = np.repeat([0, 1, 2, 3, 4], [100, 1, 10, 10, 4])
    shown = np.ones(125, bool)
    shown[[100, 101, 102]] = False
    shown[111:120] = False
    shown[121:] = False
    figures = label_accuracy(["all", "once", "most", "few", "four"], asked, shown)
    assert figures["shows_label"]["share"] == 109 / 125
    assert figures["worst"] == ["few"]
