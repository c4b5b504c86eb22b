"""Training batches: balance, flips and shifts."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from pxgen.data.batches import Examples, shifted
from tests.support.tiny import tiny_dataset
from tests.support.trainings import CPU


def test_rare_labels_are_drawn_more_often(tmp_path: Path) -> None:
    """One training sprite bears the second label: half of the draws with all the balance."""
    dataset = tiny_dataset(tmp_path)
    marks = np.zeros_like(dataset.marks)
    marks[:, 0] = 1
    marks[dataset.train[0]] = (0, 1)
    dataset = dataclasses.replace(dataset, marks=marks)
    plain, even = (
        Examples(dataset, balance=balance, flip=False, shift=0).batch(400, 0, 0, CPU)
        for balance in (0.0, 1.0)
    )
    assert (plain.labels[:, 1] > 0).float().mean() < 0.3
    assert 0.4 < (even.labels[:, 1] > 0).float().mean() < 0.6


def test_shifts_move_whole_sprites_and_uncover_transparency() -> None:
    pixels = np.arange(1, 13, dtype=np.uint8).reshape(1, 3, 4)
    np.testing.assert_array_equal(shifted(pixels, 0, 0), pixels)
    np.testing.assert_array_equal(shifted(pixels, 1, -2)[0], [[0] * 4, [3, 4, 0, 0], [7, 8, 0, 0]])
    np.testing.assert_array_equal(shifted(pixels, -1, 1)[0, 2], [0] * 4)


@pytest.mark.parametrize("moved", [{"flip": True}, {"shift": 1}])
def test_moved_sprites_come_without_cached_codes(tmp_path: Path, moved: dict[str, int]) -> None:
    options = {"balance": 0.0, "flip": False, "shift": 0} | moved
    examples = Examples(tiny_dataset(tmp_path), **options)  # type: ignore[arg-type]

    def precompute(rows: object) -> torch.Tensor:
        raise AssertionError("asked for")

    assert examples.batch(4, 0, 0, CPU, precompute).codes is None


def test_half_of_the_sprites_are_mirrored_from_left_to_right(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path)
    plain, mirrored = (
        Examples(dataset, balance=0.0, flip=flip, shift=0).batch(400, 0, 0, CPU)
        for flip in (False, True)
    )
    same = (plain.pixels == mirrored.pixels).flatten(1).all(1)
    turned = (plain.pixels.flip(-1) == mirrored.pixels).flatten(1).all(1)
    assert (same | turned).all()
    assert 150 < int((turned & ~same).sum()) < 250
    assert torch.equal(plain.labels, mirrored.labels)


def test_the_left_view_of_a_mirrored_clip_is_the_right_one(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path, frames=2)
    dataset = dataclasses.replace(dataset, frame_names=("left", "right"))
    pixels = dataset.pixels.copy()
    pixels[:, 1] = np.roll(pixels[:, 1], 1, -1)
    dataset = dataclasses.replace(dataset, pixels=pixels)
    plain, mirrored = (
        Examples(dataset, balance=0.0, flip=flip, shift=0).batch(100, 0, 0, CPU).pixels
        for flip in (False, True)
    )
    turned = (plain != mirrored).flatten(1).any(1)
    assert 30 < int(turned.sum()) < 70
    assert torch.equal(mirrored[turned], plain[turned].flip(1, 3))


def test_no_shift_is_so_far_that_nothing_is_left(tmp_path: Path) -> None:
    examples = Examples(tiny_dataset(tmp_path), balance=0.0, flip=False, shift=100)
    assert examples.batch(64, 0, 0, CPU).pixels.shape == (64, 1, 6, 8)


def test_a_batch_depends_on_seed_and_step_alone(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path)
    first, again = (Examples(dataset, balance=0.5, flip=True, shift=2) for _ in range(2))
    first.batch(9, 0, 1, CPU)
    assert torch.equal(first.batch(40, 3, 7, CPU).pixels, again.batch(40, 3, 7, CPU).pixels)
    assert not torch.equal(first.batch(40, 3, 8, CPU).pixels, again.batch(40, 3, 7, CPU).pixels)
    assert not torch.equal(first.batch(40, 4, 7, CPU).pixels, again.batch(40, 3, 7, CPU).pixels)
