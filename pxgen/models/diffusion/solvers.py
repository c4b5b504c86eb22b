"""From noise to a sprite: one set of weights, several ways of stepping.

Each way is told what the network takes the clean sprite for, and moves the noisy one to the next
level. DDPM (2006.11239) adds fresh noise at every step; DDIM (2010.02502) adds ``eta`` times as
much, 0 unless told otherwise; DPM-Solver++ (2211.01095, 2M) remembers its last guess and so needs
the fewest steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from pxgen.models.diffusion.schedule import FLOOR, Move

Guess = Callable[[Tensor, int], Tensor]
"""Noisy planes and their level to clean planes of the same shape."""


def ancestral(guess: Guess, noises: Tensor, moves: Sequence[Move], eta: float) -> Iterator[Tensor]:
    """DDIM, which with ``eta`` 1 is DDPM.

    Args:
        guess: the network.
        noises: ``(n, 1, …)`` the start, or ``(n, S, …)`` with what each later step adds.
        moves: the steps.
        eta: how much of the noise that DDPM adds.

    Yields:
        What each step takes the clean sprite for; the last is the result.
    """
    x = noises[:, 0]
    for number, move in enumerate(moves):
        clean = guess(x, move.time)
        yield clean
        if number + 1 == len(moves):
            return
        now, after = move.now, move.after
        added = eta * math.sqrt((1 - after) / (1 - now) * (1 - now / after))
        noise = (x - math.sqrt(now) * clean) / math.sqrt(1 - now)
        x = math.sqrt(after) * clean + math.sqrt(max(0.0, 1 - after - added**2)) * noise
        if added:
            x = x + added * noises[:, number + 1]


def multistep(
    guess: Guess, noises: Tensor, moves: Sequence[Move], eta: float = 0.0
) -> Iterator[Tensor]:
    """DPM-Solver++(2M): second order from the guesses of two steps; no noise is added.

    Yields:
        What each step takes the clean sprite for; the last is the result.
    """
    x = noises[:, 0]
    before: tuple[Tensor, float] | None = None
    for number, move in enumerate(moves):
        clean = guess(x, move.time)
        yield clean
        if number + 1 == len(moves):
            return
        here, there = log_ratio(move.now), log_ratio(move.after)
        width = there - here
        direction = clean
        if before is not None:
            last, start = before
            direction = clean + (clean - last) * (width / (2 * (here - start)))
        shrink = math.sqrt((1 - move.after) / (1 - max(move.now, FLOOR)))
        x = shrink * x - math.sqrt(move.after) * math.expm1(-width) * direction
        before = clean, here


class Sampler(NamedTuple):
    """A solver and the fields of ``SamplingParams`` that not every sampler takes."""

    solve: Callable[[Guess, Tensor, Sequence[Move], float], Iterator[Tensor]]
    """``(guess, noises, steps, eta)`` to clean planes, one for each step."""
    options: frozenset[str] = frozenset()
    eta: float = 0.0
    """Noise that a step adds, as a share of DDPM's, where it is no option."""


SAMPLERS: Mapping[str, Sampler] = {
    "dpmpp": Sampler(multistep),
    "ddim": Sampler(ancestral, frozenset({"eta"})),
    "ddpm": Sampler(ancestral, eta=1.0),
}


def log_ratio(kept: float) -> float:
    """Log of signal over noise, of a share of variance kept."""
    kept = max(kept, FLOOR)
    return 0.5 * math.log(kept / (1 - kept))


def invert(guess: Guess, clean: Tensor, moves: Sequence[Move]) -> Tensor:
    """The start from which DDIM arrives at ``clean``, nearly: its steps taken backwards."""
    x, here, time = clean, 1.0, None
    for move in reversed(moves):
        # At the end there is no noise yet, and the sprite itself is the best guess.
        known = clean if time is None else guess(x, time)
        noise = (x - math.sqrt(here) * known) / math.sqrt(max(1 - here, FLOOR))
        x = math.sqrt(move.now) * known + math.sqrt(1 - move.now) * noise
        here, time = move.now, move.time
    return x


def slerp(a: Tensor, b: Tensor, weight: float) -> Tensor:
    """Between two draws of normal noise, on the arc, so that what lies between is as noisy.

    ``(n, S, …)``: each of the S draws turns by its own angle.
    """
    flat_a, flat_b = a.flatten(2), b.flatten(2)
    cosine = torch.nn.functional.cosine_similarity(flat_a, flat_b, dim=2).clamp(-1, 1)
    angle = torch.acos(cosine).unsqueeze(-1)
    # Where both point the same way there is no arc.
    straight = angle < 1e-4
    sine = torch.sin(angle).masked_fill(straight, 1.0)
    first = torch.where(straight, 1 - weight, torch.sin((1 - weight) * angle) / sine)
    second = torch.where(straight, weight, torch.sin(weight * angle) / sine)
    return (first * flat_a + second * flat_b).view_as(a)
