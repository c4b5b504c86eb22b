"""Unmasking orders: which masked pixels a masked diffusion reveals at each step.

Pixels revealed in one step do not see each other. An order that does not look at what is drawn
leaves the model's distribution as it is, up to that; one that does sharpens it. Orders never touch
pixels that were known from the start.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from pxgen.canvas import Canvas
from pxgen.models.temperature import PixelTemperature
from pxgen.noise import Noise, categorical, gumbel

Predict = Callable[[Tensor, Tensor, float], Tensor]
"""``(n, P)`` tokens, ``(n, M) int64`` places and the progress in [0, 1) to ``(n, M, K)`` logits at
the places."""


REMASK_SHARE = 1 / 3
"""Share of the steps in which a correcting order masks pixels again."""
LATTICE = (0.5497004779, 0.7548776662, 0.5698402910)
"""Strides of a lattice along frames, rows and columns, in two dimensions of least discrepancy."""


@dataclass(frozen=True)
class Order:
    """How masked pixels follow one another."""

    confident: bool = False
    """True if the surest of the masked pixels come first, in place of any."""
    remasks: bool = False
    """True if all pixels are masked and drawn once more, some at a time, when all are known."""


def unmask(
    predict: Predict,
    tokens: Tensor,
    mask_token: int,
    noise: Noise,
    *,
    canvas: Canvas,
    order: Order,
    steps: int,
    temperature: float,
) -> Iterator[Tensor]:
    """Reveal all masked pixels of ``(n, P)`` tokens in at most ``steps`` network calls.

    Logits are asked for, and colours drawn, at those pixels only that may be revealed.

    Yields:
        ``(n, P)`` tokens at first and after each step; the last has no mask token.
    """
    P = tokens.shape[1]
    unknown = tokens == mask_token
    total = unknown.sum(-1, keepdim=True)
    turns = rank(noise.uniform(P), torch.ones_like(unknown))
    tempered = PixelTemperature(temperature)
    reveals = steps - int(steps * REMASK_SHARE) if order.remasks else steps
    parts = _parts(unknown, noise, canvas, steps - reveals)
    yield tokens
    for step in range(steps):
        # Read whether needed or not: a picture's stream must not depend on its company.
        luck, surprise = noise.uniform(P), gumbel(noise, P) if order.confident else None
        if step >= reveals:
            tokens = tokens.masked_fill(parts == step - reveals, mask_token)
        masked = tokens == mask_token
        left = masked.sum(-1, keepdim=True)
        if not left.any():
            continue
        after = _left_after(total, step, reveals) if step < reveals else torch.zeros_like(total)
        due = (left - after).clamp(min=0)
        wanted = left if order.confident else due
        places = turns.masked_fill(~masked, P).topk(int(wanted.max()), largest=False).indices
        drawable = torch.arange(places.shape[1], device=tokens.device) < wanted
        probabilities, lent = tempered.probs(predict(tokens, places, step / steps), drawable)
        drawn = categorical(probabilities, luck.gather(1, places))
        if surprise is not None:
            fading = surprise.gather(1, places) * (1 - (step + 1) / steps)
            drawable &= _by_surety(probabilities, drawn, fading, drawable) < due
        tempered.book(lent, drawable)
        drawn = torch.where(drawable, drawn, tokens.gather(1, places))
        tokens = tokens.scatter(1, places, drawn)
        yield tokens


def _by_surety(probabilities: Tensor, drawn: Tensor, fading: Tensor, drawable: Tensor) -> Tensor:
    """``(n, M)``: the rank of each drawn pixel by its probability and a noise, the surest first.

    Without the noise the dull pixels would come first, and all pictures look alike.
    """
    likelihood = probabilities.gather(-1, drawn.unsqueeze(-1)).squeeze(-1)
    return rank((likelihood.clamp(min=1e-9).log() + fading).neg(), drawable)


def _left_after(total: Tensor, step: int, steps: int) -> Tensor:
    """``(n, 1)`` pixels still masked after a step, by a cosine schedule (2202.04200): few first."""
    done = step + 1
    if done == steps:
        return torch.zeros_like(total)
    left = (total * math.cos(math.pi / 2 * done / steps)).floor().long()
    # With about as many steps as pixels a cosine would leave early steps idle.
    return torch.minimum(left, (total - done).clamp(min=0))


def _parts(unknown: Tensor, noise: Noise, canvas: Canvas, count: int) -> Tensor:
    """``(n, P)``: in which of ``count`` equal parts each unknown pixel is masked again, else -1.

    A step of block Gibbs sampling each: drawn given all others, a pixel keeps its distribution, and
    a mistake of the network has the whole sprite to correct it. Pixels chosen for their small
    probability (2503.00307) would be the rare colours, which would die out. Those of a part do not
    see each other, so they lie far apart: on a lattice of irrational strides, shifted and mirrored
    at random (2503.17076 reveals in such an order).
    """
    if not count:
        return torch.full_like(unknown, -1, dtype=torch.long)
    luck = noise.uniform(4)
    at = torch.cartesian_prod(*(torch.arange(float(side)) for side in canvas)).to(luck.device)
    signs = torch.where(luck[:, 1:] < 0.5, -1.0, 1.0)
    strides = torch.tensor(LATTICE, device=luck.device) * signs
    priorities = (strides @ at.t() + luck[:, :1]) % 1
    total = unknown.sum(-1, keepdim=True).clamp(min=1)
    return (rank(priorities, unknown) * count // total).masked_fill(~unknown, -1)


def rank(scores: Tensor, among: Tensor) -> Tensor:
    """The rank of each of ``(n, P)`` scores, from 0 for the lowest, ``among`` those first."""
    order = scores.masked_fill(~among, math.inf).argsort(dim=-1, stable=True)
    ranks = torch.arange(scores.shape[-1], device=scores.device).expand_as(order)
    return torch.empty_like(order).scatter(-1, order, ranks)


ORDERS: dict[str, Order] = {
    "remask": Order(remasks=True),
    "random": Order(),
    "confidence": Order(confident=True),
}
