"""Permutation tests: false alarms and found differences, by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pxgen.evaluation.permutation import p_values

FIGURES = 200


def values(rng: np.random.Generator, count: int, size: int, kind: str) -> dict[str, NDArray]:
    """Figures of groups of likes: skewed ones, and rare ones of a boolean kind."""
    figures = {}
    for number in range(FIGURES):
        normal = 0.8**0.5 * np.repeat(rng.normal(size=count), size)
        normal += 0.2**0.5 * rng.normal(size=count * size)
        figures[str(number)] = np.exp(1.5 * normal) if kind == "skewed" else normal > 1.9
    return figures


@pytest.mark.parametrize("kind", ["skewed", "rare"])
@pytest.mark.parametrize(("count", "size"), [(5, 1), (20, 1), (64, 1), (3, 10), (8, 10), (100, 5)])
def test_sprites_of_one_kind_are_seldom_told_apart(kind: str, count: int, size: int) -> None:
    """At most as often as the p value says, though held-out sprites are few, skewed and alike."""
    rng = np.random.default_rng(count)
    drawn, real = values(rng, 200, 1, kind), values(rng, count, size, kind)
    found = np.array(list(p_values(drawn, real, np.repeat(np.arange(count), size)).values()))
    assert (found < 0.05).mean() <= 0.07
    assert (found < 0.003).mean() <= 0.01


def test_sprites_of_two_kinds_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    drawn = {"far": rng.normal(3, 1, 200), "same": rng.normal(0, 1, 200), "hit": np.ones(200, bool)}
    real = {"far": rng.normal(0, 1, 6), "same": rng.normal(0, 1, 6), "hit": np.arange(6) == 0}
    found = p_values(drawn, real, np.arange(6))
    assert max(found["far"], found["hit"]) < 0.003
    assert found["same"] > 0.05


def test_values_that_never_vary_do_not_differ() -> None:
    same = {"one": np.full(9, 0.1)}
    assert p_values(same, same, np.arange(9)) == {"one": 1.0}


def test_copies_of_a_sprite_tell_no_more_than_it() -> None:
    rng = np.random.default_rng(0)
    drawn, real = {"one": rng.normal(1, 1, 50)}, rng.normal(0, 1, 8)
    once = p_values(drawn, {"one": real}, np.arange(8))["one"]
    group = np.repeat(np.arange(8), 30)
    assert p_values(drawn, {"one": np.repeat(real, 30)}, group)["one"] == pytest.approx(
        once, rel=0.3
    )
