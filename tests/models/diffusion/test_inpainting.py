"""Inpainting: the pixels drawn anew, and the labels inferred from the rest."""

from __future__ import annotations

import torch
from torch import Tensor

from pxgen.models.conditioning import LabelPrior
from pxgen.models.diffusion.inpainting import (
    MIN_LOG_PROB,
    edit_mask,
    infer_labels,
    log_probs,
    masked_sum,
)
from pxgen.models.protocol import SamplingParams
from pxgen.noise import PictureNoise, seed_weights
from tests.support.tiny import domain

CANVAS = domain().canvas


def noise(pictures: int) -> PictureNoise:
    return PictureNoise(0, range(pictures))


WANTED = torch.tensor([1.0, -1, 1, -1, 1])


def likeness(sets: Tensor) -> Tensor:
    """Nats lost for each label that is not as wanted."""
    return -5 * (sets - WANTED[: sets.shape[1]]).square().sum(1)


def test_inferred_labels_are_those_that_explain_best() -> None:
    seed_weights(0)
    with torch.inference_mode():
        settled = infer_labels(LabelPrior(5, 8), torch.zeros(9, 5), likeness, noise(9))
    assert torch.equal(settled, WANTED.expand(9, -1))


def test_labels_that_exclude_each_other_are_not_found_in_one_picture() -> None:
    """The pixels look a little like all three; the first and the last never go together."""
    prior = LabelPrior(5, 8)
    prior.exclusive[[0, 4], [4, 0]] = 1

    def a_little(sets: Tensor) -> Tensor:
        return -((sets - WANTED) ** 2 @ torch.tensor([2.0, 5, 5, 5, 1]))

    with torch.inference_mode():
        settled = infer_labels(prior, torch.zeros(9, 5), a_little, noise(9))
        asked = infer_labels(prior, torch.tensor([[1.0, 0, 0, 0, 1]]), a_little, noise(1))
    assert torch.equal(settled, torch.tensor([1.0, -1, 1, -1, -1]).expand(9, -1))
    assert torch.equal(asked, WANTED.expand(1, -1))


def test_what_never_goes_with_a_label_asked_for_is_absent_whatever_the_pixels_say() -> None:
    prior = LabelPrior(5, 8)
    prior.exclusive[[0, 1], [1, 0]] = 1
    asked = torch.tensor([[1.0, 0, 0, 0, 0]])

    def loudly(sets: Tensor) -> Tensor:
        return 1000 * sets[:, 1] + likeness(sets)

    with torch.inference_mode():
        assert infer_labels(prior, torch.zeros(1, 5), loudly, noise(1))[0, 1] == 1
        assert infer_labels(prior, asked, loudly, noise(1))[0, :2].tolist() == [1, -1]


def test_sets_that_the_prior_would_not_meet_are_found() -> None:
    """Forty labels, of which the prior draws none."""
    wanted = torch.where(torch.rand(40, generator=torch.Generator().manual_seed(0)) < 0.3, 1.0, -1)

    class Silent(LabelPrior):
        def fill(self, asked: Tensor, uniform: Tensor) -> Tensor:
            return torch.where(asked == 0, -1.0, asked)

    def far(sets: Tensor) -> Tensor:
        # Labels hide each other, too: the gradient promises more than a few flips keep.
        return -5 * (sets - wanted).square().sum(1) - 0.1 * (sets.sum(1) - wanted.sum()).square()

    settled = infer_labels(Silent(40, 8), torch.zeros(2, 40), far, noise(2))
    assert torch.equal(settled, wanted.expand(2, -1))


def test_labels_that_pixels_do_not_show_are_the_priors() -> None:
    """The prior is sure that the last two labels come with the first; the pixels say nothing."""

    class Sure(LabelPrior):
        def fill(self, asked: Tensor, uniform: Tensor) -> Tensor:
            filled = torch.where(asked == 0, -1.0, asked)
            filled[:, 3:] = torch.where(filled[:, :1] > 0, 1.0, -1.0)
            return filled

    def first(sets: Tensor) -> Tensor:
        return 10 * sets[:, 0] + 0 * sets.sum(1)

    settled = infer_labels(Sure(5, 8), torch.zeros(3, 5), first, noise(3))
    assert torch.equal(settled, torch.tensor([[1.0, -1, -1, 1, 1]]).expand(3, -1))


def test_no_round_makes_inferred_labels_worse() -> None:
    """The prior adds labels to whatever it is given in the end."""
    rounds = [0]

    class Eager(LabelPrior):
        def fill(self, asked: Tensor, uniform: Tensor) -> Tensor:
            rounds[0] += 1
            return torch.ones_like(asked) if rounds[0] > 1 else WANTED[:3].expand_as(asked)

    settled = infer_labels(Eager(3, 8), torch.zeros(1, 3), likeness, noise(1))
    assert torch.equal(settled, WANTED[None, :3])


def test_labels_asked_for_stay_whatever_explains_better() -> None:
    seed_weights(0)
    asked = torch.tensor([[-1.0, 0, 0.5, 0, 0]]).repeat(4, 1)
    with torch.no_grad():
        settled = infer_labels(
            LabelPrior(5, 8), asked, lambda sets: sets[:, 0] - sets[:, 2], noise(4)
        )
    assert torch.equal(settled[:, [0, 2]], asked[:, [0, 2]])
    assert set(settled[:, [1, 3, 4]].unique().tolist()) <= {-1.0, 1.0}


def test_nothing_is_asked_where_all_labels_are_told_and_company_changes_no_noise() -> None:
    seed_weights(0)
    told = torch.tensor([[1.0, -1, 1], [-1, 1, 1]])
    alone, accompanied = noise(2), noise(2)

    def refuse(_: Tensor) -> Tensor:
        raise AssertionError

    with torch.no_grad():
        settled = infer_labels(LabelPrior(3, 8), told, refuse, alone)
        some = infer_labels(LabelPrior(3, 8), told * torch.eye(2, 3), likeness, accompanied)
    assert torch.equal(settled, told)
    assert not torch.equal(some, told)
    assert torch.equal(alone.uniform(4), accompanied.uniform(4))


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
