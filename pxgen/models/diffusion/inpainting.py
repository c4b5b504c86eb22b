"""Inpainting: which pixels of a sprite are drawn anew, and which labels fit the known ones.

A model is trained with all labels decided. Where a part of a sprite is known, open labels must
agree with it: sets of labels are proposed by the label prior, and those under which the known
pixels are likeliest are kept.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from pxgen.canvas import Canvas
from pxgen.models.conditioning import LabelPrior
from pxgen.models.diffusion.unmasking import rank
from pxgen.models.protocol import SamplingParams
from pxgen.noise import Noise

PROPOSALS = 32
"""Sets of labels of each round."""
ROUNDS = 8
MIN_LOG_PROB = -8.0
RETAINED = 0.5
"""Share of the best set's labels that the next round's proposals start from."""


def edit_mask(sampling: SamplingParams, canvas: Canvas, noise: Noise) -> Tensor:
    """``(n, P) bool``: the pixels of ``sampling.init`` that are to be drawn anew.

    Inside the mask, a random share as large as the strength.
    """
    whole = torch.ones(len(noise), canvas.pixels, dtype=torch.bool)
    if sampling.mask is not None:
        whole = sampling.mask.flatten().expand_as(whole)
    if sampling.edit_strength == 1:
        return whole
    uniform = noise.uniform(canvas.pixels)
    whole = whole.to(uniform.device)
    share = whole.sum(1, keepdim=True) * sampling.edit_strength
    return whole & (rank(uniform, whole) < share.round())


def infer_labels(
    prior: LabelPrior, asked: Tensor, log_likelihood: Callable[[Tensor], Tensor], noise: Noise
) -> Tensor:
    """All labels of ``(n, L)``, those asked for among them, that fit what is known of sprites.

    ``log_likelihood`` is that of known pixels: ``(n·C, L)`` labels, C sets a picture, to
    ``(n·C,)``.
    """
    n, L = asked.shape
    every = torch.arange(n, device=asked.device)
    best = torch.zeros_like(asked)
    best_score = torch.full((n,), -torch.inf, device=asked.device)
    for _ in range(ROUNDS):
        retained = noise.uniform(PROPOSALS, L) < RETAINED
        # One proposal starts from the whole of the best set.
        retained[:, 0] = True
        start = torch.where(retained & (best > 0).unsqueeze(1), 1.0, asked.unsqueeze(1))
        start = torch.where(asked.unsqueeze(1) != 0, asked.unsqueeze(1), start)
        uniform = noise.uniform(PROPOSALS, L + 1)
        sets = prior.fill(start.flatten(0, 1), uniform.flatten(0, 1))
        scores, chosen = log_likelihood(sets).view(n, PROPOSALS).max(1)
        # The prior may have added labels to each: a round must not make it worse.
        better = scores > best_score
        proposed = sets.view(n, PROPOSALS, L)[every, chosen]
        best = torch.where(better.unsqueeze(1), proposed, best)
        best_score = torch.where(better, scores, best_score)
    return best


def masked_sum(values: Tensor, mask: Tensor) -> Tensor:
    """Sums of ``(n·C, P)`` values over the pixels of ``(n, P) bool`` masks, ``(n·C,)``."""
    return (values * mask.repeat_interleave(len(values) // len(mask), 0)).sum(1)


def log_probs(logits: Tensor, tokens: Tensor) -> Tensor:
    """``(B, P)`` log-probabilities of ``(P,)`` tokens under ``(B, P, K)`` logits.

    None is below ``MIN_LOG_PROB``, so that no pixel outweighs all others.
    """
    chosen = tokens.expand(logits.shape[:2]).unsqueeze(-1)
    return logits.log_softmax(-1).gather(-1, chosen).squeeze(-1).clamp(min=MIN_LOG_PROB)
