"""Unmasking orders: which masked pixels a masked diffusion reveals at each step.

Every step asks the network about all masked pixels, draws each from its own distribution, and keeps
some of the draws. Pixels revealed in one step do not see each other, so an order should reveal only
what cannot disagree. Orders never touch pixels that were known from the start.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from pxgen.noise import Noise, categorical, gumbel

Predict = Callable[[Tensor, float], Tensor]
"""``(n, P)`` tokens and the progress in [0, 1) to ``(n, P, K)`` logits."""


@dataclass
class Draft:
    """A batch of sprites on the way from masked to drawn."""

    tokens: Tensor
    """``(n, P) int64``, ``mask_token`` where a pixel is not yet known."""
    mask_token: int
    known: Tensor
    """``(n, P) bool``, pixels that were known from the start."""
    confidence: Tensor
    """``(n, P)``, the probability with which each revealed pixel was drawn."""
    step: int
    steps: int

    @property
    def masked(self) -> Tensor:
        """``(n, P) bool``."""
        return self.tokens == self.mask_token

    @property
    def last(self) -> bool:
        """True if everything must be revealed now."""
        return self.step == self.steps - 1

    @property
    def remaining(self) -> float:
        """The share of the steps that come after this one."""
        return 1 - (self.step + 1) / self.steps

    def due(self) -> Tensor:
        """``(n, 1)`` pixels to reveal now by a cosine schedule (2202.04200), few at first."""
        total = (~self.known).sum(-1, keepdim=True)
        done = self.step + 1
        after = (total * math.cos(math.pi / 2 * done / self.steps)).floor()
        # With more steps than pixels a cosine would leave early steps idle.
        after = torch.minimum(after, (total - done).clamp(min=0)) * (not self.last)
        return (self.masked.sum(-1, keepdim=True) - after).long()


Changes = tuple[Tensor, Tensor]
"""``(n, P) bool`` each: the pixels to reveal, and the pixels to mask again."""
Order = Callable[[Draft, Tensor, Tensor, Noise], Changes]
"""``(draft, probabilities (n, P, K), drawn (n, P), noise)`` to what changes."""


def unmask(
    predict: Predict,
    tokens: Tensor,
    mask_token: int,
    noise: Noise,
    *,
    order: Order,
    steps: int,
    temperature: float,
) -> Iterator[Tensor]:
    """Reveal all masked pixels of ``(n, P)`` tokens in at most ``steps`` network calls.

    Yields:
        ``(n, P)`` tokens after each step; the last has no mask token.
    """
    draft = Draft(
        tokens=tokens,
        mask_token=mask_token,
        known=tokens != mask_token,
        confidence=torch.ones(tokens.shape, device=tokens.device),
        step=0,
        steps=steps,
    )
    yield tokens
    for draft.step in range(steps):
        # A finished picture stays as it is, whoever it shares the batch with.
        active = draft.masked.any(-1, keepdim=True)
        if not active.any():
            return
        logits = predict(draft.tokens, draft.step / steps)
        probabilities = (logits / max(temperature, 1e-4)).softmax(-1)
        drawn = categorical(probabilities, noise.uniform(tokens.shape[1]))
        reveal, remask = order(draft, probabilities, drawn, noise)
        remask &= active
        confidence = probabilities.gather(-1, drawn.unsqueeze(-1)).squeeze(-1)
        draft.confidence = torch.where(reveal, confidence, draft.confidence)
        draft.tokens = torch.where(reveal, drawn, draft.tokens).masked_fill(remask, mask_token)
        yield draft.tokens


def by_confidence(draft: Draft, probabilities: Tensor, drawn: Tensor, noise: Noise) -> Changes:
    """Reveal the draws of the highest probability, with noise that fades (2202.04200).

    Without the noise the dull pixels come first and all pictures look alike.
    """
    confidence = probabilities.gather(-1, drawn.unsqueeze(-1)).squeeze(-1)
    noisy = confidence.clamp(min=1e-9).log() + gumbel(noise, drawn.shape[1]) * draft.remaining
    masked = draft.masked
    reveal = masked & (rank(noisy.neg(), masked) < draft.due())
    return reveal, torch.zeros_like(reveal)


def at_random(draft: Draft, probabilities: Tensor, drawn: Tensor, noise: Noise) -> Changes:
    """Reveal pixels in random order."""
    masked = draft.masked
    reveal = masked & (rank(noise.uniform(masked.shape[1]), masked) < draft.due())
    return reveal, torch.zeros_like(reveal)


REMASK_SHARE = 0.1
"""Share of the revealed pixels that a correcting step masks again."""


def with_remasking(draft: Draft, probabilities: Tensor, drawn: Tensor, noise: Noise) -> Changes:
    """Random order that masks its least likely pixels again and redraws them (2503.00307)."""
    masked = draft.masked
    revealed = ~(masked | draft.known)
    count = (revealed.sum(-1, keepdim=True) * REMASK_SHARE * (not draft.last)).long()
    reveal = masked & (rank(noise.uniform(masked.shape[1]), masked) < draft.due() + count)
    # Gumbel noise on the log of the doubt draws without replacement in proportion to the doubt.
    doubt = (1 - draft.confidence).clamp(min=1e-6).log() + gumbel(noise, masked.shape[1])
    return reveal, revealed & (rank(doubt.neg(), revealed) < count)


def rank(scores: Tensor, among: Tensor) -> Tensor:
    """The rank of each of ``(n, P)`` scores, from 0 for the lowest, ``among`` those first."""
    order = scores.masked_fill(~among, math.inf).argsort(dim=-1, stable=True)
    ranks = torch.arange(scores.shape[-1], device=scores.device).expand_as(order)
    return torch.empty_like(order).scatter(-1, order, ranks)


ORDERS: dict[str, Order] = {
    "remask": with_remasking,
    "random": at_random,
    "confidence": by_confidence,
}
