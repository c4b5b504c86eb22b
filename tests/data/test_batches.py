"""Which sprites a step sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pxgen.data.batches import Examples, shifted
from tests.support.tiny import tiny_dataset
from tests.support.trainings import CPU


def test_rare_labels_are_drawn_more_often(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path)
    labels = np.zeros_like(dataset.labels)
    labels[:, 0] = 1
    labels[0] = (0, 1)
    object.__setattr__(dataset, "labels", labels)
    even = Examples(dataset, balance=1.0, flip=False, shift=0).batch(400, 0, 0, CPU)
    assert 0.4 < (even.labels[:, 1] > 0).float().mean() < 0.6


def test_shifts_move_whole_sprites_and_uncover_transparency() -> None:
    pixels = np.arange(1, 13, dtype=np.uint8).reshape(1, 3, 4)
    np.testing.assert_array_equal(shifted(pixels, 0, 0), pixels)
    np.testing.assert_array_equal(shifted(pixels, 1, -2)[0], [[0] * 4, [3, 4, 0, 0], [7, 8, 0, 0]])
    np.testing.assert_array_equal(shifted(pixels, -1, 1)[0, 2], [0] * 4)


@pytest.mark.parametrize("moved", [{"flip": True}, {"shift": 1}])
def test_moved_sprites_come_without_a_digest(tmp_path: Path, moved: dict[str, int]) -> None:
    options = {"balance": 0.0, "flip": False, "shift": 0} | moved
    examples = Examples(tiny_dataset(tmp_path), **options)  # type: ignore[arg-type]

    def digest(indices: object) -> torch.Tensor:
        raise AssertionError("asked for")

    assert examples.batch(4, 0, 0, CPU, digest).digest is None
