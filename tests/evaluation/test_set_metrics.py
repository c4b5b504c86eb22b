"""Comparing sets of sprites: against a reference implementation, by hand, and end to end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pxgen.evaluation.craft import Craft, stray
from pxgen.evaluation.distribution import Distribution
from pxgen.evaluation.features import colors_and_shapes
from pxgen.evaluation.measure import Drawn
from pxgen.evaluation.set_metrics import NEIGHBOURS, kid, prdc, standardised
from tests.tiny import PALETTE, tiny_dataset


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


def test_features_see_where_and_in_which_colours_sprites_are_drawn() -> None:
    sprites = np.zeros((4, 1, 16, 16), np.uint8)
    sprites[0, :, :8] = 1
    sprites[1, :, 8:] = 1
    sprites[2, :, :8] = 2
    sprites[3] = sprites[0]
    features = colors_and_shapes(sprites, PALETTE)
    assert np.array_equal(features[0], features[3])
    gaps = [float(np.abs(features[0] - features[k]).max()) for k in (1, 2)]
    assert min(gaps) > 0.1
    assert features.shape == (4, 64 + 48 + len(PALETTE))


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (6, 8), (24, 24), (17, 40)])
def test_features_of_any_canvas_are_finite(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 5, (3, 2, *size)).astype(np.uint8)
    assert np.isfinite(colors_and_shapes(pixels, PALETTE)).all()


def test_stray_pixels_have_no_neighbour_of_their_colour() -> None:
    sprite = np.zeros((1, 1, 4, 5), np.uint8)
    sprite[0, 0, 1:3, 1:3] = 1
    sprite[0, 0, 0, 4] = 2
    sprite[0, 0, 3, 3] = 3
    assert np.argwhere(stray(sprite)[0, 0]).tolist() == [[0, 4], [3, 3]]
    figures = Craft(None).of(Drawn(sprite, np.array([-1])))
    assert figures == {"colors": 3.0, "stray": pytest.approx(2 / 6)}


def test_training_sprites_are_the_best_that_can_be_hoped_for(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path, 240)
    measure = Distribution(dataset, seed=0)
    best = measure.reference()
    noise = np.random.default_rng(0).integers(0, 5, (60, 1, 6, 8)).astype(np.uint8)
    drawn = measure.of(Drawn(noise, np.full(60, -1)))
    for space in ("shapes", "judge"):
        assert best[space]["kid"]["value"] < drawn[space]["kid"]["value"]
    assert drawn["shapes"]["coverage"]["share"] < best["shapes"]["coverage"]["share"] == 1
