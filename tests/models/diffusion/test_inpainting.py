"""Inpainting: the pixels drawn anew, and the labels inferred from the rest."""

from __future__ import annotations

import torch
from torch import Tensor

from pxgen.models.conditioning import LabelPrior
from pxgen.models.diffusion.inpainting import (
    MIN_LOG_PROB,
    PROPOSALS,
    edit_mask,
    infer_labels,
    log_probs,
    masked_sum,
)
from pxgen.models.protocol import SamplingParams
from pxgen.noise import PictureNoise, seed_weights
from tests.support.tiny import domain

CANVAS = domain().canvas


def test_inferred_labels_are_those_that_explain_best() -> None:
    seed_weights(0)
    prior, wanted = LabelPrior(5, 8), torch.tensor([1.0, -1, 1, -1, 1])
    rounds: list[Tensor] = []

    def likeness(sets: Tensor) -> Tensor:
        rounds.append(sets.view(30, PROPOSALS, 5))
        return -(sets != wanted).sum(1).float()

    with torch.no_grad():
        settled = infer_labels(prior, torch.zeros(30, 5), likeness, PictureNoise(0, range(30)))
    assert (settled == wanted).all(1).float().mean() > 0.6
    # It is the nearest of all proposals.
    proposed = torch.cat(rounds, 1)
    assert torch.equal((settled != wanted).sum(1), (proposed != wanted).sum(2).amin(1))
    assert (settled.unsqueeze(1) == proposed).all(2).any(1).all()


def test_no_round_makes_inferred_labels_worse() -> None:
    """Later rounds add labels to the best set, as a prior that never ends one does."""
    wanted, rounds = torch.tensor([[1.0, -1, -1]]), [0]

    class Eager(LabelPrior):
        def fill(self, asked: Tensor, uniform: Tensor) -> Tensor:
            rounds[0] += 1
            return torch.ones_like(asked) if rounds[0] > 1 else wanted.expand_as(asked)

    def likeness(sets: Tensor) -> Tensor:
        return -(sets != wanted).sum(1).float()

    settled = infer_labels(Eager(3, 8), torch.zeros(1, 3), likeness, PictureNoise(0, range(1)))
    assert torch.equal(settled, wanted)


def test_labels_asked_for_stay_whatever_explains_better() -> None:
    seed_weights(0)
    asked = torch.tensor([[-1.0, 0, 0.5, 0, 0]]).repeat(4, 1)
    with torch.no_grad():
        settled = infer_labels(
            LabelPrior(5, 8), asked, lambda sets: sets[:, 0] - sets[:, 2], PictureNoise(0, range(4))
        )
    assert torch.equal(settled[:, [0, 2]], asked[:, [0, 2]])
    assert set(settled[:, [1, 3, 4]].unique().tolist()) <= {-1.0, 1.0}


def test_strength_is_the_share_of_the_mask_that_is_drawn_anew() -> None:
    mask = torch.zeros(CANVAS, dtype=torch.bool)
    mask[:, :5] = True
    init = torch.zeros(CANVAS, dtype=torch.uint8)
    for strength, count in ((0.0, 0), (0.25, 10), (1.0, 40), (None, 40)):
        sampling = SamplingParams(init=init, mask=mask, strength=strength)
        hidden = edit_mask(sampling, CANVAS, PictureNoise(0, range(3)))
        assert hidden.sum(1).tolist() == [count] * 3
        assert not hidden[:, ~mask.flatten()].any()
    # Which ones is each picture's own draw.
    part = edit_mask(SamplingParams(init=init, strength=0.5), CANVAS, PictureNoise(0, range(2)))
    assert not torch.equal(part[0], part[1])


def test_only_known_pixels_say_which_labels_fit() -> None:
    each = torch.tensor([[1.0, 2, 4], [8, 16, 32], [1, 2, 4], [8, 16, 32]])
    hidden = torch.tensor([[True, False, False], [False, False, True]])
    assert masked_sum(each, ~hidden).tolist() == [6, 48, 3, 24]


def test_no_pixel_outweighs_all_others() -> None:
    logits = torch.tensor([[[0.0, 0.0], [50.0, 0.0]]])
    chances = log_probs(logits, torch.tensor([1, 1]))
    assert torch.allclose(chances, torch.tensor([[0.5, 0.0]]).log().clamp(min=MIN_LOG_PROB))
    assert MIN_LOG_PROB == -8
