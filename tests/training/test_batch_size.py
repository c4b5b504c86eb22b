"""Sprites a step, and at once, where they are left open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pxgen.canvas import Canvas
from pxgen.checkpoint.card import read_card
from pxgen.config.settings import TrainSettings
from pxgen.training.batch_size import microbatch_size, with_batch
from tests.support.trainings import tiny_dataset
from tests.training.test_session import SETTINGS, start


@pytest.mark.parametrize(
    ("canvas", "batch", "at_once"),
    [
        (Canvas(1, 16, 16), 64, 32),
        (Canvas(1, 16, 32), 64, 32),
        (Canvas(1, 24, 24), 32, 16),
        (Canvas(1, 32, 32), 32, 16),
        (Canvas(1, 48, 32), 16, 8),
        (Canvas(4, 52, 32), 16, 8),
        (Canvas(64, 256, 256), 16, 8),
    ],
)
def test_large_sprites_come_in_smaller_batches(canvas: Canvas, batch: int, at_once: int) -> None:
    assert with_batch(TrainSettings(), canvas).batch == batch
    assert with_batch(TrainSettings(batch=5), canvas).batch == 5
    assert microbatch_size(canvas.pixels) == at_once


def test_a_named_run_goes_on_with_its_own_batch(tmp_path: Path) -> None:
    data, run = tiny_dataset(tmp_path), tmp_path / "run"
    for _ in start(data, run):
        pass
    left_open = replace(SETTINGS, batch=0)
    (only,) = start(data, run, left_open)
    assert only.finished
    for _ in start(data, run, replace(left_open, steps=7)):
        pass
    assert read_card(run)[0].training["settings"]["batch"] == SETTINGS.batch
    for _ in start(data, tmp_path / "other", left_open):
        pass
    assert read_card(tmp_path / "other")[0].training["settings"]["batch"] == 64
