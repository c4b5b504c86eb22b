"""Comparing sets of sprites: against a reference implementation, by hand, and and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pxgen.evaluation.set_metrics import NEIGHBOURS, kid, prdc, standardised


def clouds(count: int = 60, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, 4)) + shift, generator.normal(size=(count, 4))


@pytest.mark.parametrize("shift", [0.0, 0.7, 20.0])
def test_neighbourhoods_are_those_of_the_reference_implementation(shift: float) -> None:
    reference = pytest.importorskip("prdc")
    drawn, real = clouds(shift=shift)
    wanted = reference.compute_prdc(real_features=real, fake_features=drawn, nearest_k=NEIGHBOURS)
    got = prdc(drawn, real)
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
    assert kid(drawn, real)["value"] == pytest.approx(pairs(drawn) + pairs(real) - 2 * across)


def test_kid_grows_with_the_gap_and_is_none_of_one_sprite() -> None:
    values = [kid(*clouds(200, shift)) for shift in (0.0, 0.5, 1.5)]
    assert values[0]["low"] < 0.1 < values[1]["value"] < values[2]["low"]
    drawn, real = clouds(200)
    assert kid(drawn[:1], real) == {"value": None, "low": None, "high": None}


def test_few_sprites_have_no_neighbourhoods() -> None:
    got = prdc(*clouds(NEIGHBOURS))
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
    assert kid(*scaled)["value"] is None
    assert prdc(*scaled)["density"] is None
