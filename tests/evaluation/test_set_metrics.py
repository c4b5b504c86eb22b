"""Comparing sets of sprites: against a reference implementation, and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pxgen.evaluation.set_metrics import NEIGHBOURS, kid, prdc, standardised


def clouds(count: int = 60, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, 4)) + shift, generator.normal(size=(count, 4))


def apart(*features: np.ndarray) -> tuple[np.ndarray, ...]:
    """A group for each of some sprites."""
    return tuple(np.arange(len(each)) for each in features)


@pytest.mark.parametrize("shift", [0.0, 0.7, 20.0])
def test_neighbourhoods_are_those_of_the_reference_implementation(shift: float) -> None:
    reference = pytest.importorskip("prdc")
    drawn, real = clouds(shift=shift)
    wanted = reference.compute_prdc(real_features=real, fake_features=drawn, nearest_k=NEIGHBOURS)
    got = prdc(drawn, real, apart(drawn, real))
    for name in ("precision", "recall", "coverage"):
        assert got[name]["share"] == pytest.approx(wanted[name])
    assert got["density"] == pytest.approx(wanted["density"])


def test_kid_is_the_unbiased_estimate_written_out() -> None:
    drawn, real = clouds(7, 0.3)

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / 4 + 1) ** 3)

    def pairs(rows: np.ndarray) -> float:
        n = len(rows)
        return sum(kernel(rows[i], rows[j]) for i in range(n) for j in range(n) if i != j) / (
            n * (n - 1)
        )

    across = sum(kernel(a, b) for a in drawn for b in real) / 49
    assert kid(drawn, real, apart(drawn, real))["value"] == pytest.approx(
        pairs(drawn) + pairs(real) - 2 * across
    )


def test_kid_grows_with_the_gap_and_is_none_of_one_sprite() -> None:
    each = [clouds(200, shift) for shift in (0.0, 0.5, 1.5)]
    values = [kid(*sides, apart(*sides)) for sides in each]
    assert values[0]["low"] < 0.1 < values[1]["value"] < values[2]["low"]
    drawn, real = clouds(200)
    assert kid(drawn[:1], real, apart(drawn[:1], real)) == {
        "value": None,
        "low": None,
        "high": None,
    }


def test_few_sprites_have_no_neighbourhoods() -> None:
    few = clouds(NEIGHBOURS)
    got = prdc(*few, apart(*few))
    assert got["density"] is None
    assert got["precision"]["share"] is None


def test_what_real_sprites_never_vary_in_is_not_compared() -> None:
    real = np.stack([np.arange(9.0), np.full(9, 3.0)], 1)
    scaled, other = standardised(real, real, real + 1)
    assert scaled.shape == other.shape == (9, 1)
    assert scaled.std() == pytest.approx(1)


def test_sprites_that_never_vary_cannot_be_compared() -> None:
    same = np.ones((30, 4))
    scaled = standardised(same, same, same + 1)
    assert kid(*scaled, apart(*scaled))["value"] is None
    assert prdc(*scaled, apart(*scaled))["density"] is None


def test_likes_tell_no_more_than_one_of_them() -> None:
    """Of nineteen groups no KID has an interval; a share's is that of so many observations."""
    drawn, real = clouds(400)
    likes = np.repeat(real[:20], 20, 0) + 1e-3 * real
    group = np.repeat(np.arange(20), 20)
    few = kid(drawn, likes, (np.arange(400), np.minimum(group, 18)))
    assert (few["low"], few["value"] > 0) == (None, True)
    once = kid(drawn, likes, apart(drawn, likes))
    grouped = kid(drawn, likes, (np.arange(400), group))
    assert grouped["value"] == once["value"]
    assert grouped["high"] - grouped["low"] > 3 * (once["high"] - once["low"])
    shares = [prdc(drawn, likes, (np.arange(400), of))["recall"] for of in (np.arange(400), group)]
    widths = [share["high"] - share["low"] for share in shares]
    assert widths[1] > 2 * widths[0]
