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


Order = Callable[[Draft, Tensor, Noise], tuple[Tensor, Tensor]]
"""``(draft, probabilities (n, P, K), noise)`` to the pixels to reveal and to hide again."""


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
    draft = Draft(tokens, hidden_token, tokens != hidden_token, torch.ones(tokens.shape), 0, steps)
    draft.confidence = draft.confidence.to(tokens.device)
    yield tokens
    for draft.step in range(steps):
        hidden = draft.hidden
        if not hidden.any():
            return
        logits = predict(draft.tokens, draft.step / steps)
        probabilities = (logits / max(temperature, 1e-4)).softmax(-1)
        drawn = draw_categories(probabilities, noise.uniform(tokens.shape[1]))
        reveal, hide = order(draft, probabilities, noise)
        chance = probabilities.gather(-1, drawn.unsqueeze(-1)).squeeze(-1)
        draft.confidence = torch.where(reveal, chance, draft.confidence)
        draft.tokens = torch.where(reveal, drawn, draft.tokens).masked_fill(hide, hidden_token)
        yield draft.tokens


def by_entropy(draft: Draft, probabilities: Tensor, noise: Noise) -> tuple[Tensor, Tensor]:
    """Reveal the surest pixels, as many as their joint uncertainty allows (2505.24857).

    Pixels drawn together can disagree by at most the sum of their entropies less the largest. Each
    step spends an even share of the entropy left, so a decision such as the kind of hat is made
    by one pixel alone, and all that follows from it is drawn at once.
    """
    hidden = draft.hidden
    entropy = -torch.xlogy(probabilities, probabilities).sum(-1)
    ranked, order = entropy.masked_fill(~hidden, math.inf).sort(dim=-1)
    ranked = ranked.where(ranked.isfinite(), 0)
    budget = ranked.sum(-1, keepdim=True) / (draft.steps - draft.step)
    affordable = ranked.cumsum(-1) - ranked <= budget
    if draft.last:
        affordable = torch.ones_like(affordable)
    # The surest pixel is always affordable: it stands alone, so it cannot disagree.
    reveal = torch.zeros_like(hidden).scatter(-1, order, affordable)
    return reveal & hidden, torch.zeros_like(hidden)


def at_random(draft: Draft, probabilities: Tensor, noise: Noise) -> tuple[Tensor, Tensor]:
    """Reveal random pixels, few at first and many at last (cosine, 2202.04200)."""
    return _reveal_random(draft, noise, extra=0.0), torch.zeros_like(draft.hidden)


REMASKED = 0.1
"""Share of the revealed pixels that a correcting step hides again."""


def with_corrections(draft: Draft, probabilities: Tensor, noise: Noise) -> tuple[Tensor, Tensor]:
    """Random order that takes back its least likely pixels and draws them anew (2503.00307)."""
    reveal = _reveal_random(draft, noise, extra=REMASKED)
    revealed = ~(draft.hidden | draft.given)
    if draft.last:
        return reveal, torch.zeros_like(reveal)
    count = (revealed.sum(-1, keepdim=True) * REMASKED).long()
    uniform = noise.uniform(reveal.shape[1])
    # Gumbel noise on the log of the doubt draws without replacement in proportion to the doubt.
    doubt = (1 - draft.confidence).clamp(min=1e-6).log() - (-(uniform + 1e-9).log()).log()
    return reveal, revealed & (_rank(doubt.neg(), revealed) < count)


def _reveal_random(draft: Draft, noise: Noise, extra: float) -> Tensor:
    hidden = draft.hidden
    total = (~draft.given).sum(-1, keepdim=True)
    done = draft.step + 1
    left = (total * math.cos(math.pi / 2 * done / draft.steps)).floor()
    # With more steps than pixels a cosine would leave early steps idle.
    left = torch.minimum(left, (total - done).clamp(min=0))
    if draft.last:
        left = torch.zeros_like(left)
    taken_back = ((total - hidden.sum(-1, keepdim=True)) * extra).long()
    count = hidden.sum(-1, keepdim=True) - left + taken_back
    return hidden & (_rank(noise.uniform(hidden.shape[1]), hidden) < count)


def _rank(score: Tensor, among: Tensor) -> Tensor:
    """The place of each element of ``(n, P)`` scores, from 0, ordered among ``among``."""
    order = score.masked_fill(~among, math.inf).argsort(dim=-1, stable=True)
    places = torch.arange(score.shape[-1], device=score.device).expand_as(order)
    return torch.empty_like(order).scatter(-1, order, places)


ORDERS: dict[str, Order] = {
    "confidence": by_entropy,
    "random": at_random,
    "remask": with_corrections,
}
