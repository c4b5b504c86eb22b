"""How much of a sprite is left at each level of Gaussian noise.

A cosine schedule (2102.09672) whose last level is noise alone (2305.08891): drawing starts from
pure noise, so what is learnt must have seen it. Levels are counted from 0, little noise, upwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

OFFSET = 0.008
"""Keeps the first levels from being too quiet."""
MOST = 0.999
"""The largest share of the variance that one level may replace."""
FLOOR = 2.0**-24
"""What solvers in log-space take the signal of pure noise for."""


class Schedule:
    """``kept[t]`` is the share of a sprite's variance left at level ``t``, from near 1 to 0."""

    def __init__(self, levels: int) -> None:
        edges = np.cos((np.arange(levels + 1) / levels + OFFSET) / (1 + OFFSET) * math.pi / 2) ** 2
        replaced = np.minimum(1 - edges[1:] / edges[:-1], MOST)
        amplitude = np.sqrt(np.cumprod(1 - replaced))
        # Shifted and stretched so that the first level stays and the last is 0.
        amplitude = (amplitude - amplitude[-1]) * amplitude[0] / (amplitude[0] - amplitude[-1])
        self.kept = amplitude**2

    def share_kept(self, times: Tensor) -> Tensor:
        """``(B, 1, 1)`` shares kept at ``(B,) int64`` levels."""
        table = torch.from_numpy(self.kept).float().to(times.device)
        return table[times].view(-1, 1, 1)

    def level(self, share: Tensor) -> Tensor:
        """``(B,) int64`` levels at ``(B,)`` shares, in [0, 1], of all levels."""
        return (share * len(self.kept)).long().clamp(max=len(self.kept) - 1)

    def times(self, steps: int, strength: float = 1.0) -> list[int]:
        """The levels that a drawing of ``steps`` steps visits, from pure noise down.

        Below strength 1 it sets out from less noise; at 0 it visits none.
        """
        levels = round(len(self.kept) * strength)
        steps = min(steps, levels)
        return [round(levels - i * levels / steps) - 1 for i in range(steps)]

    def moves(self, steps: int, strength: float = 1.0) -> list[Move]:
        """The steps of a drawing; the last arrives at no noise."""
        times = self.times(steps, strength)
        kept = [*(float(self.kept[time]) for time in times), 1.0]
        return [
            Move(time, now, after) for time, (now, after) in zip(times, pairwise(kept), strict=True)
        ]


@dataclass(frozen=True)
class Move:
    """One step of a drawing."""

    time: int
    """The level at which the network looks."""
    now: float
    """The share kept there."""
    after: float
    """The share kept where the step arrives."""
