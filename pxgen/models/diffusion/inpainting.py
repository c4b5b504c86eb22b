"""Drawing the rest of a sprite of which a part is known: what is hidden, and which labels fit.

A model knows sprites with all their labels decided. Of a sprite partly known the labels must agree
with what is seen of it, which they are made to by proposals: sets of labels that go together, of
which those are kept that explain the known pixels best.
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
IMPOSSIBLE = -8.0
KEPT = 0.5
"""Share of the best set's labels that the next round's proposals start from."""


def hidden_part(sampling: SamplingParams, canvas: Canvas, noise: Noise) -> Tensor:
    """``(n, P) bool``: the pixels of ``how.init`` that are to be drawn anew.

    Inside the mask, a random share as large as the strength.
    """
    whole = torch.ones(len(noise), canvas.pixels, dtype=torch.bool)
    if sampling.mask is not None:
        whole = sampling.mask.flatten().expand_as(whole)
    if sampling.strong == 1:
        return whole
    uniform = noise.uniform(canvas.pixels)
    whole = whole.to(uniform.device)
    share = whole.sum(1, keepdim=True) * sampling.strong
    return whole & (rank(uniform, whole) < share.round())


def settle_labels(
    prior: LabelPrior, asked: Tensor, likeness: Callable[[Tensor], Tensor], noise: Noise
) -> Tensor:
    """All labels of ``(n, L)``, those asked for among them, that fit what is known of sprites.

    Args:
        prior: which labels go together.
        asked: 1, -1 or a weight where something was asked for, 0 elsewhere.
        likeness: ``(n·C, L)`` labels, C sets a picture, to ``(n·C,)``: how well each set explains
            the picture's known pixels.
        noise: of the pictures.
    """
    n, L = asked.shape
    every = torch.arange(n, device=asked.device)
    best = torch.zeros_like(asked)
    for _ in range(ROUNDS):
        kept = noise.uniform(PROPOSALS, L) < KEPT
        # One proposal stays as it is: no round makes it worse.
        kept[:, 0] = True
        start = torch.where(kept & (best > 0).unsqueeze(1), 1.0, asked.unsqueeze(1))
        start = torch.where(asked.unsqueeze(1) != 0, asked.unsqueeze(1), start)
        uniform = noise.uniform(PROPOSALS, L + 1)
        sets = prior.fill(start.flatten(0, 1), uniform.flatten(0, 1))
        scores = likeness(sets).view(n, PROPOSALS)
        best = sets.view(n, PROPOSALS, L)[every, scores.argmax(1)]
    return best


def known_sum(each: Tensor, hidden: Tensor) -> Tensor:
    """Sums of ``(n·C, P)`` over the pixels that are not ``(n, P)`` hidden, ``(n·C,)``."""
    known = ~hidden.repeat_interleave(len(each) // len(hidden), 0)
    return (each * known).sum(1)


def log_chances(logits: Tensor, indices: Tensor) -> Tensor:
    """``(B, P)`` log-chances that ``(B, P, K)`` logits give to ``(P,)`` indices.

    None is below ``IMPOSSIBLE``, so that no pixel outweighs all others.
    """
    places = indices.expand(logits.shape[:2]).unsqueeze(-1)
    return logits.log_softmax(-1).gather(-1, places).squeeze(-1).clamp(min=IMPOSSIBLE)
