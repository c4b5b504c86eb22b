"""Unmasking orders: random, by confidence, and with remasking."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from pxgen.models.diffusion.unmasking import (
    ORDERS,
    REMASK_SHARE,
    Draft,
    by_confidence,
    unmask,
    with_remasking,
)
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


@pytest.mark.parametrize("order", ["random", "confidence"])
def test_the_reveal_schedule_is_a_cosine(order: str) -> None:
    """A hundred times the cosine of the way to a quarter turn, rounded down."""
    start = torch.full((2, 100), HIDDEN)
    drafts = run(order, 10, start, lambda tokens, _: torch.zeros(*tokens.shape, COLORS))
    counts = [int((draft[0] == HIDDEN).sum()) for draft in drafts]
    assert counts == [100, 98, 95, 89, 80, 70, 58, 45, 30, 15, 0]


def draft(tokens: Tensor, step: int, steps: int, confidence: Tensor | None = None) -> Draft:
    given = torch.zeros_like(tokens).bool()
    sure = torch.ones(tokens.shape) if confidence is None else confidence
    return Draft(tokens, HIDDEN, given, sure, step, steps)


@pytest.mark.parametrize("step", [0, 4, 8])
def test_the_gumbel_noise_of_the_confidence_order_fades(step: int) -> None:
    """With Gumbel noise times t a pixel comes next in proportion to its chance to the power 1/t."""
    n, pixels = 20_000, 10
    tokens = torch.zeros(n, pixels, dtype=torch.long)
    # As many steps as pixels reveal one each; all but these are revealed already.
    tokens[:, step:] = HIDDEN
    chance = torch.linspace(0.9, 1, pixels)
    probabilities = torch.stack([chance, 1 - chance], -1).expand(n, -1, -1)
    reveal, hide = by_confidence(
        draft(tokens, step, pixels),
        probabilities,
        torch.zeros_like(tokens),
        PictureNoise(0, range(n)),
    )
    assert reveal.sum(1).tolist() == [1] * n
    assert not hide.any()
    fading = 1 - (step + 1) / pixels
    wanted = (chance[step:].log() / fading).softmax(0)
    assert torch.allclose(reveal[:, step:].float().mean(0), wanted, atol=0.015)


def test_remasking_takes_back_what_it_was_least_sure_of() -> None:
    n = 400
    tokens = torch.zeros(n, 40, dtype=torch.long)
    tokens[:, 20:] = HIDDEN
    confidence = torch.ones(n, 40)
    confidence[:, :10], confidence[:, 10:20] = 0.3, 0.99
    _, hide = with_remasking(
        draft(tokens, 3, 8, confidence),
        torch.zeros(n, 40, COLORS),
        tokens,
        PictureNoise(0, range(n)),
    )
    assert hide.sum(1).tolist() == [int(20 * REMASK_SHARE)] * n
    assert hide[:, :10].sum() > 20 * hide[:, 10:20].sum()


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
