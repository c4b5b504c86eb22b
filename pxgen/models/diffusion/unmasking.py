"""Unmasking orders: which masked pixels a masked diffusion reveals at each step.

Pixels revealed in one step do not see each other. An order that does not look at what is drawn
leaves the model's distribution as it is, up to that; one that looks sharpens it. Orders never touch
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
"""``(n, P)`` tokens, ``(n, M) int64`` places and the progress in [0, 1] to ``(n, M, K)`` logits at
the places."""


REMASK_SHARE = 1 / 3
"""Share of the steps in which a correcting order masks pixels again."""
READINGS = 4
"""Readings of the whole sprite, of two network calls each, by an order that reads it again."""
DOUBT = 3.0
"""Nats that readings must think less of an entry than of another for it to give way; of two
colours, times the temperature. At 0 monsters keep half of their colours; at 3 they have as many
stray pixels as real ones."""
LATTICE = (0.5497004779, 0.7548776662, 0.5698402910)
"""Strides of a lattice along frames, rows and columns, in two dimensions of least discrepancy."""


@dataclass(frozen=True)
class Order:
    """How masked pixels follow one another."""

    confident: bool = False
    """True if the surest of the masked pixels come first, in place of any."""
    remasks: bool = False
    """True if all pixels are masked and drawn once more, some at a time, when all are known."""
    rereads: bool = False
    """True if all are read again when all are known, and doubted ones give way."""


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
        ``(n, P)`` tokens at first, after each step that reveals or draws, and once after all that
        read again; the last has no mask token.
    """
    P = tokens.shape[1]
    unknown = tokens == mask_token
    total = unknown.sum(-1, keepdim=True)
    turns = rank(noise.uniform(P), torch.ones_like(unknown))
    tempered = PixelTemperature(temperature)
    readings = min(READINGS, steps // 4) if order.rereads else 0
    draws = steps - 2 * readings
    reveals = draws - int(draws * REMASK_SHARE) if order.remasks else draws
    parts = _parts(unknown, noise, canvas, draws - reveals)
    yield tokens
    for step in range(draws):
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
        probabilities, lent = tempered.probs(predict(tokens, places, step / draws), drawable)
        drawn = categorical(probabilities, luck.gather(1, places))
        if surprise is not None:
            fading = surprise.gather(1, places) * (1 - (step + 1) / draws)
            drawable &= _by_surety(probabilities, drawn, fading, drawable) < due
        tempered.book(lent, drawable)
        drawn = torch.where(drawable, drawn, tokens.gather(1, places))
        tokens = tokens.scatter(1, places, drawn)
        yield tokens
    if readings:
        yield _agreed(predict, tokens, unknown, mask_token, noise, canvas, readings, temperature)


def _agreed(
    predict: Predict,
    tokens: Tensor,
    unknown: Tensor,
    mask_token: int,
    noise: Noise,
    canvas: Canvas,
    readings: int,
    temperature: float,
) -> Tensor:
    """``(n, P)`` tokens in which those of ``unknown`` that are doubted have given way.

    A reading masks a random half and then the other, and asks for both. A network that is wrong
    about a pixel in one context is right in most: so the log-probabilities of all readings are
    averaged (self-consistency, 2203.11171), and a colour that is much less likely than another
    becomes that. As elsewhere, a temperature is one of colours among themselves.
    """
    pooled = torch.zeros(*tokens.shape, mask_token, device=tokens.device)
    halves = [_half(unknown, noise, canvas) for _ in range(readings)]
    # What was known is masked as well: whole views that are known mislead more than halves of all.
    for masked in [mask for half in halves for mask in (half, ~half)]:
        asking = masked & unknown
        count = asking.sum(-1, keepdim=True)
        if not count.any():
            continue
        places = asking.float().topk(int(count.max())).indices
        asked = torch.arange(places.shape[1], device=tokens.device) < count
        logits = predict(tokens.masked_fill(masked, mask_token), places, 1.0)
        nats = (logits.log_softmax(-1) / readings).masked_fill(~asked.unsqueeze(-1), 0.0)
        pooled.scatter_add_(1, places.unsqueeze(-1).expand_as(nats), nats)
    own = tokens.unsqueeze(-1)
    transparent = torch.arange(mask_token, device=tokens.device) == 0
    margins = torch.where((own == 0) == transparent, DOUBT * temperature, DOUBT)
    gains = pooled - pooled.gather(-1, own) - margins
    best = gains.max(-1)
    return torch.where(unknown & (best.values > 0), best.indices, tokens)


def _half(unknown: Tensor, noise: Noise, canvas: Canvas) -> Tensor:
    """``(n, P) bool``: half of each sprite's pixels; of its places, if as much as a frame is known.

    The rest of a clip has frames that are alike and like nothing given: each vouches for the same
    mistake in the others, so a place is in the half with all its frames or with none.
    """
    P, area = unknown.shape[1], canvas.height * canvas.width
    luck, everywhere = noise.uniform(P), torch.ones_like(unknown)
    pixels = 2 * rank(luck, everywhere) // P == 0
    places = 2 * rank(luck[:, :area], everywhere[:, :area]) // area == 0
    completing = (~unknown).sum(1, keepdim=True) >= area
    return torch.where(completing, places.repeat(1, canvas.frames), pixels)


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
    "consensus": Order(rereads=True),
}
