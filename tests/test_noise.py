"""Random streams: one a picture, one a step."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pxgen.choices import choose
from pxgen.noise import BatchNoise, PictureNoise, categorical

SEEDS = st.integers(-(2**70), 2**70)


@given(SEEDS, st.lists(st.integers(0, 2**40), min_size=1, max_size=5, unique=True))
def test_a_picture_draws_the_same_alone_and_in_company(seed: int, numbers: list[int]) -> None:
    together = PictureNoise(seed, numbers)
    first, second = together.uniform(3), together.normal(2, 2)
    for row, number in enumerate(numbers):
        alone = PictureNoise(seed, [number])
        assert torch.equal(alone.uniform(3)[0], first[row])
        assert torch.equal(alone.normal(2, 2)[0], second[row])


def test_streams_differ_between_pictures_and_seeds() -> None:
    draws = [PictureNoise(s, [i]).uniform(8) for s in (0, 1, -1) for i in (0, 1)]
    draws += [BatchNoise(1, s, k).uniform(8) for s in (0, 1) for k in (0, 1)]
    assert len({tuple(draw.flatten().tolist()) for draw in draws}) == len(draws)
    assert not np.array_equal(choose(0, 1).random(4), choose(0, 2).random(4))


def test_large_seeds_are_not_rounded_together() -> None:
    # A key that passes through a float loses the low bits of a 64-bit seed, one of 32 the others.
    seeds = (2**63, 2**63 + 1, 1, 1 + 2**32)
    draws = {tuple(PictureNoise(seed, [0]).uniform(4).flatten().tolist()) for seed in seeds}
    assert len(draws) == len(seeds)


def test_batch_noise_repeats() -> None:
    assert torch.equal(BatchNoise(4, 7, 9).normal(3), BatchNoise(4, 7, 9).normal(3))


def test_draws_follow_their_probabilities() -> None:
    wanted = torch.tensor([0.5, 0.0, 0.3, 0.2])
    uniform = PictureNoise(0, [0]).uniform(20_000)[0]
    drawn = categorical(wanted.expand(20_000, 4), uniform)
    shares = torch.bincount(drawn, minlength=4) / 20_000
    assert shares.tolist() == pytest.approx(wanted.tolist(), abs=0.02)
    assert shares[1] == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6).filter(lambda p: sum(p) > 0.01))
def test_the_ends_of_the_interval_draw_possible_categories(weights: list[float]) -> None:
    probabilities = torch.tensor([weights, weights])
    drawn = categorical(probabilities, torch.tensor([0.0, 1 - 2**-24]))
    assert (probabilities.gather(1, drawn[:, None]) > 0).all()


def test_a_uniform_that_was_rounded_to_one_draws_the_last_possible_category() -> None:
    probabilities = torch.tensor([[0.25, 0.75, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    assert categorical(probabilities, torch.ones(2)).tolist() == [1, 3]
