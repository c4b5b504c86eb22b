"""Samplers of Gaussian diffusion: one set of weights, several solvers.

Each asks the network for the clean sprite ``x0`` and moves the noisy one to the next level. DDPM
(2006.11239) adds fresh noise at every step; DDIM (2010.02502) adds ``eta`` times as much;
DPM-Solver++ (2211.01095, 2M) reuses its last prediction and so needs the fewest steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from pxgen.models.diffusion.schedule import MIN_ALPHA_BAR, Step

PredictX0 = Callable[[Tensor, int], Tensor]
"""``(n, …)`` noisy vectors and their level to clean ones of the same shape."""


def ddim(
    predict: PredictX0, noises: Tensor, steps: Sequence[Step], eta: float = 0.0
) -> Iterator[Tensor]:
    """DDIM, whose steps add ``eta`` times the noise of DDPM's.

    ``noises`` are the start, ``(n, 1, …)``, or ``(n, S, …)`` with the noise of each later step. The
    ``x0`` predicted at each step is yielded, as by every solver; the last is the result.
    """
    x = noises[:, 0]
    for number, step in enumerate(steps):
        x0 = predict(x, step.time)
        yield x0
        if number + 1 == len(steps):
            return
        alpha_bar, alpha_bar_next = step.alpha_bar, step.alpha_bar_next
        sigma = eta * math.sqrt(
            (1 - alpha_bar_next) / (1 - alpha_bar) * (1 - alpha_bar / alpha_bar_next)
        )
        epsilon = (x - math.sqrt(alpha_bar) * x0) / math.sqrt(1 - alpha_bar)
        direction = math.sqrt(max(0.0, 1 - alpha_bar_next - sigma**2)) * epsilon
        x = math.sqrt(alpha_bar_next) * x0 + direction
        if sigma:
            x = x + sigma * noises[:, number + 1]


def dpmpp_2m(
    predict: PredictX0, noises: Tensor, steps: Sequence[Step], eta: float = 0.0
) -> Iterator[Tensor]:
    """DPM-Solver++(2M), in the paper's letters; it adds no noise."""
    x = noises[:, 0]
    last: tuple[Tensor, float] | None = None
    for number, step in enumerate(steps):
        x0 = predict(x, step.time)
        yield x0
        if number + 1 == len(steps):
            return
        lambda_t, lambda_next = half_log_snr(step.alpha_bar), half_log_snr(step.alpha_bar_next)
        h = lambda_next - lambda_t
        d = x0
        if last is not None:
            x0_last, lambda_last = last
            d = x0 + (x0 - x0_last) * (h / (2 * (lambda_t - lambda_last)))
        sigma_ratio = math.sqrt(
            (1 - step.alpha_bar_next) / (1 - max(step.alpha_bar, MIN_ALPHA_BAR))
        )
        x = sigma_ratio * x - math.sqrt(step.alpha_bar_next) * math.expm1(-h) * d
        last = x0, lambda_t


class Sampler(NamedTuple):
    """A solver, and the fields of ``SamplingParams`` that it takes but others do not."""

    solve: Callable[[PredictX0, Tensor, Sequence[Step], float], Iterator[Tensor]]
    """``(predict, noises, steps, eta)`` to the ``x0`` predicted at each step."""
    options: frozenset[str] = frozenset()
    eta: float = 0.0
    """Noise that each step adds, as a share of DDPM's, where it is no option."""


SAMPLERS: Mapping[str, Sampler] = {
    "dpmpp": Sampler(dpmpp_2m),
    "ddim": Sampler(ddim, frozenset({"eta"})),
    "ddpm": Sampler(ddim, eta=1.0),
}


def half_log_snr(alpha_bar: float) -> float:
    """The paper's lambda: log of signal over noise."""
    alpha_bar = max(alpha_bar, MIN_ALPHA_BAR)
    return 0.5 * math.log(alpha_bar / (1 - alpha_bar))


def ddim_invert(predict: PredictX0, x0: Tensor, steps: Sequence[Step]) -> Tensor:
    """DDIM inversion: the start from which DDIM nearly arrives at ``x0``."""
    x, alpha_bar, time = x0, 1.0, None
    for step in reversed(steps):
        # At the end there is no noise yet, and the sprite itself is the best prediction.
        predicted = x0 if time is None else predict(x, time)
        epsilon = (x - math.sqrt(alpha_bar) * predicted) / math.sqrt(
            max(1 - alpha_bar, MIN_ALPHA_BAR)
        )
        x = math.sqrt(step.alpha_bar) * predicted + math.sqrt(1 - step.alpha_bar) * epsilon
        alpha_bar, time = step.alpha_bar, step.time
    return x


def slerp(a: Tensor, b: Tensor, weight: float) -> Tensor:
    """Spherical interpolation between two normal draws, whose results are as loud.

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
