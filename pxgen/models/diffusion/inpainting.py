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
"""Sets of labels that the prior proposes, at first and in the end."""
ROUNDS, FLIPPED = 12, 16
"""Rounds of flips in between, and the sets of each."""
FLIPS = 4
"""Labels that a proposal flips, at most."""
HEAT = 1.5
"""Gumbel noise on the gains of the boldest proposals, in mean gains."""
CLASH = 20.0
"""Nats that a set loses by each pair of labels that exclude each other."""
MIN_LOG_PROB = -8.0
SILENT = 1.0
"""Nats that flipping a label must promise to change, or the pixels say nothing of it."""


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

    The prior proposes sets, and the best is mended by flips: of those labels for which the gradient
    promises most, by which a search of few rounds arrives (2102.04509). In the end the prior draws
    anew what the pixels say nothing about.

    ``log_likelihood`` is that of known pixels: ``(n·C, L)`` labels, C sets a picture, to
    ``(n·C,)``. It is asked for gradients, too.
    """
    first, last = noise.uniform(2, PROPOSALS, asked.shape[1] + 1).unbind(1)
    rounds = noise.uniform(ROUNDS, FLIPPED, asked.shape[1]).unbind(1)
    # All noise is drawn by now: what follows in a picture's stream is the same in any company.
    # Of a hero who shall wear a crown the hat that he wore is not looked for.
    asked = asked.masked_fill(prior.barred(asked) & (asked == 0), -1.0)
    if (asked != 0).all():
        return asked

    def fit(sets: Tensor) -> Tensor:
        return log_likelihood(sets) - CLASH * prior.clashes(sets)

    best = _better(_filled(prior, asked, first), fit)
    for uniform in rounds:
        flipped = _flipped(best, _gains(best, log_likelihood), asked == 0, uniform)
        # The best set itself stands first: a round must not make it worse.
        best = _better(torch.cat([best.unsqueeze(1), flipped], 1), fit)
    told = _gains(best, log_likelihood).abs() > SILENT
    redrawn = _better(_filled(prior, torch.where(told, best, asked), last), fit)
    pair = fit(torch.stack([redrawn, best], 1).flatten(0, 1)).view(-1, 2)
    return torch.where(pair[:, :1] >= pair[:, 1:] - SILENT, redrawn, best)


def _better(sets: Tensor, log_likelihood: Callable[[Tensor], Tensor]) -> Tensor:
    """``(n, L)``: the likeliest of ``(n, C, L)`` sets, the first of equals."""
    chosen = log_likelihood(sets.flatten(0, 1)).view(sets.shape[:2]).argmax(1)
    return sets[torch.arange(len(sets), device=sets.device), chosen]


def _filled(prior: LabelPrior, known: Tensor, uniform: Tensor) -> Tensor:
    """``(n, C, L)``: sets of ``(n, L)`` known labels, with the others by the prior."""
    start = known.unsqueeze(1).expand(-1, uniform.shape[1], -1)
    return prior.fill(start.flatten(0, 1), uniform.flatten(0, 1)).view(start.shape)


def _gains(best: Tensor, log_likelihood: Callable[[Tensor], Tensor]) -> Tensor:
    """``(n, L)``: nats that flipping each of ``(n, L)`` labels promises, to first order."""
    with torch.inference_mode(False), torch.enable_grad():
        labels = best.clone().requires_grad_()
        (slope,) = torch.autograd.grad(log_likelihood(labels).sum(), labels)
    return -2 * best * slope


def _flipped(best: Tensor, gains: Tensor, free: Tensor, uniform: Tensor) -> Tensor:
    """``(n, C, L)``: ``(n, L)`` sets with up to ``FLIPS`` ``free`` labels flipped.

    They are those of most gain, or nearly, by ``(n, C, L)`` uniforms.
    """
    number = torch.arange(FLIPPED, device=best.device).unsqueeze(1)
    uniform = uniform.clamp(1e-7, 1 - 1e-7)
    heat = HEAT * (number // FLIPS) / (FLIPPED // FLIPS - 1) * gains.abs().mean(1)[:, None, None]
    hot = gains.unsqueeze(1) - heat * (-uniform.log()).log()
    order = hot.masked_fill(~free.unsqueeze(1), -torch.inf).argsort(-1, descending=True)
    flips = (order.argsort(-1) <= number % FLIPS) & free.unsqueeze(1)
    return torch.where(flips, -best.unsqueeze(1), best.unsqueeze(1))


def masked_sum(values: Tensor, mask: Tensor) -> Tensor:
    """Sums of ``(n·C, M)`` values over the pixels of ``(n, M) bool`` masks, ``(n·C,)``."""
    return (values * mask.repeat_interleave(len(values) // len(mask), 0)).sum(1)


def log_probs(logits: Tensor, tokens: Tensor) -> Tensor:
    """``(B, M)`` log-probabilities of ``(B, M)`` or ``(M,)`` tokens under ``(B, M, K)`` logits.

    None is below ``MIN_LOG_PROB``, so that no pixel outweighs all others; gradients are those of
    the unbounded ones (straight through, 1308.3432), which tell how to mend them.
    """
    # A copy: gradients need no tensor of inference mode.
    chosen = tokens.clone().expand(logits.shape[:2]).unsqueeze(-1)
    unbounded = logits.log_softmax(-1).gather(-1, chosen).squeeze(-1)
    return unbounded + (unbounded.clamp(min=MIN_LOG_PROB) - unbounded).detach()
