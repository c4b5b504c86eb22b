"""The noise schedule: how much of a sprite's variance is left at each level of noise.

A cosine schedule (2102.09672) with zero terminal SNR (2305.08891): drawing starts from pure noise,
so training must have seen it. Levels are counted from 0, little noise, upwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

OFFSET = 0.008
"""The paper's s: keeps the first levels from being too quiet."""
MAX_BETA = 0.999
"""The largest share of the variance that one level may replace."""
MIN_ALPHA_BAR = 2.0**-24
"""Stands for the 0 of pure noise in solvers that take its logarithm."""


class Schedule:
    """``alpha_bars[t]``: the share of the clean variance left at level ``t``, from near 1 to 0."""

    def __init__(self, levels: int) -> None:
        edges = np.cos((np.arange(levels + 1) / levels + OFFSET) / (1 + OFFSET) * math.pi / 2) ** 2
        betas = np.minimum(1 - edges[1:] / edges[:-1], MAX_BETA)
        amplitude = np.sqrt(np.cumprod(1 - betas))
        # Shifted and stretched so that the first level stays and the last is 0.
        amplitude = (amplitude - amplitude[-1]) * amplitude[0] / (amplitude[0] - amplitude[-1])
        self.alpha_bars = amplitude**2

    def alpha_bar(self, times: Tensor) -> Tensor:
        """``(B, 1, 1)`` of ``(B,) int64`` levels."""
        table = torch.from_numpy(self.alpha_bars).float().to(times.device)
        return table[times].view(-1, 1, 1)

    def level(self, share: Tensor) -> Tensor:
        """``(B,) int64`` levels at ``(B,)`` shares, in [0, 1], of all levels."""
        return (share * len(self.alpha_bars)).long().clamp(max=len(self.alpha_bars) - 1)

    def times(self, count: int, strength: float = 1.0) -> list[int]:
        """The levels that a drawing of ``count`` steps visits, from pure noise down.

        Below strength 1 it starts from less noise; at 0 it visits none.
        """
        levels = round(len(self.alpha_bars) * strength)
        count = min(count, levels)
        return [round(levels - i * levels / count) - 1 for i in range(count)]

    def steps(self, count: int, strength: float = 1.0) -> list[Step]:
        """The steps of a drawing; the last arrives at no noise."""
        times = self.times(count, strength)
        alpha_bars = [*(float(self.alpha_bars[time]) for time in times), 1.0]
        return [Step(time, *pair) for time, pair in zip(times, pairwise(alpha_bars), strict=True)]


@dataclass(frozen=True)
class Step:
    """One step of a drawing."""

    time: int
    """The level of the noisy sprite that the network reads."""
    alpha_bar: float
    """The share of the clean variance at that level."""
    alpha_bar_next: float
    """The same at the level where the step arrives."""
