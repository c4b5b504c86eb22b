"""Drawing from a masked diffusion: which hidden pixels to reveal at each step.

Every step asks the network about all hidden pixels, draws each from its own distribution, and keeps
some of the draws. Pixels kept in one step do not see each other, so the art is to keep only what
cannot disagree. Orders never touch pixels that were given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from pxgen.noise import Noise, draw_categories

Predict = Callable[[Tensor, float], Tensor]
"""``(n, P)`` tokens and the progress in [0, 1) to ``(n, P, K)`` logits."""


@dataclass
class Draft:
    """A batch of sprites on the way from hidden to drawn."""

    tokens: Tensor
    """``(n, P) int64``, ``hidden_token`` where a pixel is not yet known."""
    hidden_token: int
    given: Tensor
    """``(n, P) bool``, pixels that were known from the start."""
    confidence: Tensor
    """``(n, P)``, the probability with which each revealed pixel was drawn."""
    step: int
    steps: int

    @property
    def hidden(self) -> Tensor:
        """``(n, P) bool``."""
        return self.tokens == self.hidden_token

    @property
    def last(self) -> bool:
        """Whether everything must be revealed now."""
        return self.step == self.steps - 1

    @property
    def left(self) -> float:
        """The share of the steps that come after this one."""
        return 1 - (self.step + 1) / self.steps

    def due(self) -> Tensor:
        """``(n, 1)`` pixels to reveal now: few at first and many at last (cosine, 2202.04200)."""
        total = (~self.given).sum(-1, keepdim=True)
        done = self.step + 1
        after = (total * math.cos(math.pi / 2 * done / self.steps)).floor()
        # With more steps than pixels a cosine would leave early steps idle.
        after = torch.minimum(after, (total - done).clamp(min=0)) * (not self.last)
        return (self.hidden.sum(-1, keepdim=True) - after).long()


Moves = tuple[Tensor, Tensor]
"""``(n, P) bool`` each: the pixels to reveal, and the pixels to hide again."""
Order = Callable[[Draft, Tensor, Tensor, Noise], Moves]
"""``(draft, probabilities (n, P, K), drawn (n, P), noise)`` to what changes."""


def unmask(
    predict: Predict,
    tokens: Tensor,
    hidden_token: int,
    noise: Noise,
    *,
    order: Order,
    steps: int,
    temperature: float,
) -> Iterator[Tensor]:
    """Reveal all hidden pixels of ``(n, P)`` tokens in at most ``steps`` network calls.

    Yields:
        ``(n, P)`` tokens after each step; the last has nothing hidden.
    """
    draft = Draft(
        tokens=tokens,
        hidden_token=hidden_token,
        given=tokens != hidden_token,
        confidence=torch.ones(tokens.shape, device=tokens.device),
        step=0,
        steps=steps,
    )
    yield tokens
    for draft.step in range(steps):
        # A finished picture stays as it is, whoever it shares the batch with.
        active = draft.hidden.any(-1, keepdim=True)
        if not active.any():
            return
        logits = predict(draft.tokens, draft.step / steps)
        probabilities = (logits / max(temperature, 1e-4)).softmax(-1)
        drawn = draw_categories(probabilities, noise.uniform(tokens.shape[1]))
        reveal, hide = order(draft, probabilities, drawn, noise)
        hide &= active
        chance = probabilities.gather(-1, drawn.unsqueeze(-1)).squeeze(-1)
        draft.confidence = torch.where(reveal, chance, draft.confidence)
        draft.tokens = torch.where(reveal, drawn, draft.tokens).masked_fill(hide, hidden_token)
        yield draft.tokens


def by_confidence(draft: Draft, probabilities: Tensor, drawn: Tensor, noise: Noise) -> Moves:
    """Reveal the draws that the network is surest of, with noise that fades (2202.04200).

    Without the noise the dull pixels come first and all pictures look alike.
    """
    chance = probabilities.gather(-1, drawn.unsqueeze(-1)).squeeze(-1)
    noisy = chance.clamp(min=1e-9).log() + gumbel(noise, drawn.shape[1]) * draft.left
    hidden = draft.hidden
    reveal = hidden & (rank(noisy.neg(), hidden) < draft.due())
    return reveal, torch.zeros_like(reveal)


def at_random(draft: Draft, probabilities: Tensor, drawn: Tensor, noise: Noise) -> Moves:
    """Reveal pixels in random order."""
    hidden = draft.hidden
    reveal = hidden & (rank(noise.uniform(hidden.shape[1]), hidden) < draft.due())
    return reveal, torch.zeros_like(reveal)


REMASKED = 0.1
"""Share of the revealed pixels that a correcting step hides again."""


def with_corrections(draft: Draft, probabilities: Tensor, drawn: Tensor, noise: Noise) -> Moves:
    """Random order that takes back its least likely pixels and draws them anew (2503.00307)."""
    hidden = draft.hidden
    revealed = ~(hidden | draft.given)
    back = (revealed.sum(-1, keepdim=True) * REMASKED * (not draft.last)).long()
    reveal = hidden & (rank(noise.uniform(hidden.shape[1]), hidden) < draft.due() + back)
    # Gumbel noise on the log of the doubt draws without replacement in proportion to the doubt.
    doubt = (1 - draft.confidence).clamp(min=1e-6).log() + gumbel(noise, hidden.shape[1])
    return reveal, revealed & (rank(doubt.neg(), revealed) < back)


def gumbel(noise: Noise, pixels: int) -> Tensor:
    """``(n, pixels)`` standard Gumbel draws."""
    return -(-(noise.uniform(pixels).clamp(min=1e-9)).log()).log()


def rank(score: Tensor, among: Tensor) -> Tensor:
    """The place of each element of ``(n, P)`` scores, from 0, ordered among ``among``."""
    order = score.masked_fill(~among, math.inf).argsort(dim=-1, stable=True)
    places = torch.arange(score.shape[-1], device=score.device).expand_as(order)
    return torch.empty_like(order).scatter(-1, order, places)


ORDERS: dict[str, Order] = {
    "remask": with_corrections,
    "random": at_random,
    "confidence": by_confidence,
}
