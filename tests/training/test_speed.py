"""The speed of a training is that of its longest stage."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pxgen.config.settings import TrainSettings
from pxgen.training.speed import Speed, measure_speed
from tests.support.tiny import tiny_dataset, tiny_table

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("recipe", "stage", "share"), [("masked", "denoiser", 1 / 1.05), ("vqvae", "codec", 1 / 2.25)]
)
def test_the_longest_stage_is_measured(
    tmp_path: Path, recipe: str, stage: str, share: float
) -> None:
    settings = TrainSettings(batch=8, minutes=1.0)
    found = measure_speed(tiny_dataset(tmp_path), tiny_table(recipe), settings, CPU, 0.0)
    assert (found.stage, found.batch, found.sprites, found.steps) == (stage, 8, 40, 1)
    assert found.share == pytest.approx(share)
    assert found.seconds > 0


def test_ten_minutes_are_those_of_all_stages() -> None:
    found = Speed("masked", "denoiser", 0.5, 64, 1000, steps=10, seconds=5.0)
    assert found.sprites_per_second == 128
    assert found.steps_in(10) == 600


def test_torch_keeps_its_random_state_and_threads(tmp_path: Path) -> None:
    before = torch.get_rng_state(), torch.get_num_threads()
    measure_speed(tiny_dataset(tmp_path), tiny_table(), TrainSettings(batch=8), CPU, 0.0)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert torch.get_num_threads() == before[1]
