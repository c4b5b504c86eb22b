from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from pxgen.models.diffusion.unmasking import ORDERS, unmask
from pxgen.noise import PictureNoise

PIXELS, COLORS = 20, 3
HIDDEN = COLORS


def uncertain(tokens: Tensor, progress: float) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(PIXELS, COLORS, generator=generator).expand(len(tokens), -1, -1)


def run(order: str, steps: int, tokens: Tensor | None = None, predict=uncertain) -> list[Tensor]:
    start = torch.full((2, PIXELS), HIDDEN) if tokens is None else tokens
    noise = PictureNoise(3, range(len(start)))
    return list(
        unmask(predict, start, HIDDEN, noise, order=ORDERS[order], steps=steps, temperature=1.0)
    )


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("steps", [1, 2, 7, PIXELS, 3 * PIXELS])
def test_every_pixel_is_revealed_within_the_steps(order: str, steps: int) -> None:
    drafts = run(order, steps)
    assert len(drafts) <= steps + 1
    assert (drafts[-1] < COLORS).all()
    assert all((draft == HIDDEN).any() for draft in drafts[:-1])


@pytest.mark.parametrize("order", ["confidence", "random"])
def test_revealed_pixels_stay(order: str) -> None:
    drafts = run(order, 6)
    for before, after in pairwise(drafts):
        seen = before != HIDDEN
        assert torch.equal(before[seen], after[seen])


def test_remasking_takes_pixels_back_and_still_ends() -> None:
    drafts = run("remask", 12)
    taken = [((before != HIDDEN) & (after == HIDDEN)).any() for before, after in pairwise(drafts)]
    assert any(taken)
    assert (drafts[-1] != HIDDEN).all()


@pytest.mark.parametrize("order", ORDERS)
def test_given_pixels_are_never_touched(order: str) -> None:
    start = torch.full((2, PIXELS), HIDDEN)
    start[:, 3:9] = 1
    for draft in run(order, 5, start):
        assert (draft[:, 3:9] == 1).all()


def test_random_order_with_a_step_a_pixel_reveals_one_each() -> None:
    counts = [int((draft[0] == HIDDEN).sum()) for draft in run("random", PIXELS)]
    assert counts == list(range(PIXELS, -1, -1))


def test_confidence_order_ends_with_the_least_sure() -> None:
    """One pixel is a coin toss, the others nearly certain: the toss is rarely among the first."""

    def one_toss(tokens: Tensor, progress: float) -> Tensor:
        logits = torch.zeros(len(tokens), PIXELS, COLORS)
        logits[:, 1:, 0] = 12.0
        return logits

    late = 0
    for seed in range(20):
        start = torch.full((1, PIXELS), HIDDEN)
        order = ORDERS["confidence"]
        noise = PictureNoise(seed, [0])
        drafts = list(unmask(one_toss, start, HIDDEN, noise, order=order, steps=8, temperature=1.0))
        late += int(drafts[6][0, 0] == HIDDEN)
    assert late > 10


def test_low_temperature_draws_the_likeliest_colour() -> None:
    noise = PictureNoise(0, [0])
    start = torch.full((1, PIXELS), HIDDEN)
    *_, last = unmask(
        uncertain, start, HIDDEN, noise, order=ORDERS["random"], steps=3, temperature=0.0
    )
    assert torch.equal(last[0], uncertain(start, 0.0)[0].argmax(-1))
