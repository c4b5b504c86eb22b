"""Distribution: KID and neighbourhoods of drawn sprites beside training sprites."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pxgen.evaluation.distribution import Distribution
from pxgen.evaluation.measure import Drawn
from tests.support.tiny import tiny_dataset


def test_training_sprites_are_the_best_that_can_be_hoped_for(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path, 240)
    measure = Distribution(dataset, seed=0)
    best = measure.reference()
    noise = np.random.default_rng(0).integers(0, 5, (60, 1, 6, 8)).astype(np.uint8)
    drawn = measure.of(Drawn(noise, np.full(60, -1)))
    for space in ("shapes", "judge"):
        assert best[space]["kid"]["value"] < drawn[space]["kid"]["value"]
    assert drawn["shapes"]["coverage"]["share"] < best["shapes"]["coverage"]["share"] == 1
