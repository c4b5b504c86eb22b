"""Vector quantization: a codebook that is learnt by moving averages, or a fixed lattice.

Codes of a codebook (1711.00937) that no vector chooses never move again. Here it starts from data,
each code is the moving average of the vectors that choose it, and dead codes restart at data.
Vectors and codes lie on a sphere of few dimensions, which uses far more codes (2110.04627).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DECAY = 0.98
"""Of the moving averages, a step."""
DEAD = 0.02
"""A code chosen less often than this share of the average one restarts."""


class Quantized(NamedTuple):
    """Quantized vectors."""

    values: Tensor
    """``(..., D)``: the codes' vectors; gradients pass straight through to the input."""
    codes: Tensor
    """``(...) int64``."""
    cost: Tensor
    """``(...)``: squared distance to the input, the commitment loss."""


class _Counted(nn.Module):
    """A moving average of how often each code is chosen."""

    uses: Tensor

    def __init__(self, codes: int, size: int) -> None:
        super().__init__()
        self.codes, self.size = codes, size
        self.register_buffer("uses", torch.ones(codes))

    def _count(self, codes: Tensor) -> Tensor:
        """``(codes,)`` counts of ``(n,) int64`` codes; they enter the average."""
        ones = torch.ones(len(codes), device=codes.device)
        chosen = torch.zeros_like(self.uses).index_add_(0, codes, ones)
        self.uses.lerp_(chosen, 1 - DECAY)
        return chosen

    def use(self) -> tuple[float, float]:
        """The share of codes that are not dead, and the perplexity of all."""
        live = self.uses >= DEAD * self.uses.mean()
        return float(live.cpu().double().mean()), perplexity(self.uses)


class Codebook(_Counted):
    """``codes`` vectors of ``size`` numbers on the unit sphere."""

    vectors: Tensor
    sums: Tensor
    counts: Tensor

    def __init__(self, codes: int, size: int) -> None:
        super().__init__(codes, size)
        start = F.normalize(torch.randn(codes, size), dim=1)
        self.register_buffer("vectors", start)
        self.register_buffer("sums", start.clone())
        # One each: from zero, the average of an unused code would have no length.
        self.register_buffer("counts", torch.ones(codes))

    def forward(self, x: Tensor, penalty: Tensor | None = None) -> Quantized:
        """Quantize ``(..., size)``; ``(..., codes)`` penalties add to squared distances."""
        x = F.normalize(x.float(), dim=-1)
        codes = self._nearest(x.detach(), penalty)
        chosen = self.look_up(codes)
        return Quantized(x + (chosen - x).detach(), codes, (x - chosen).square().sum(-1))

    def look_up(self, codes: Tensor) -> Tensor:
        """``(...) int64`` to ``(..., size)``."""
        return F.embedding(codes, self.vectors)

    @torch.no_grad()
    def initialize(self, x: Tensor, uniform: Tensor) -> None:
        """Start at ``(n, size)`` vectors of data, chosen by ``(codes,)`` draws in [0, 1)."""
        x = F.normalize(x.float(), dim=-1)
        # Equal codes would be chosen by the same vectors for ever: they start a little apart.
        offsets = 0.01 * torch.sin(torch.arange(self.codes * self.size, device=x.device))
        chosen = x[(uniform * len(x)).long().clamp(max=len(x) - 1)] + offsets.view(-1, self.size)
        self.vectors.copy_(F.normalize(chosen, dim=1))
        self.sums.copy_(self.vectors)
        self.counts.fill_(1)

    def _nearest(self, x: Tensor, penalty: Tensor | None) -> Tensor:
        # On the sphere, squared distance is two less twice the cosine.
        cosine = x @ self.vectors.t()
        return (cosine if penalty is None else cosine - penalty / 2).argmax(-1)

    @torch.no_grad()
    def update(self, x: Tensor, uniform: Tensor, penalty: Tensor | None = None) -> None:
        """Update the moving averages by the ``(n, size)`` vectors of a step.

        ``(codes,)`` draws in [0, 1) choose the vectors at which dead codes restart.
        """
        x = F.normalize(x.float(), dim=-1)
        codes = self._nearest(x, penalty)
        self.counts.lerp_(self._count(codes), 1 - DECAY)
        sums = torch.zeros_like(self.sums).index_add_(0, codes, x)
        self.sums.lerp_(sums, 1 - DECAY)
        dead = self.counts < DEAD * self.counts.mean()
        fresh = x[(uniform * len(x)).long().clamp(max=len(x) - 1)]
        usual = self.counts.mean()
        self.counts.copy_(torch.where(dead, usual, self.counts))
        self.sums.copy_(torch.where(dead.unsqueeze(1), fresh * usual, self.sums))
        self.vectors.copy_(F.normalize(self.sums, dim=1))


class Lattice(_Counted):
    """Finite scalar quantization (2309.15505): each number is rounded to one of few levels."""

    def __init__(self, levels: Sequence[int]) -> None:
        super().__init__(math.prod(levels), len(levels))
        self.levels = tuple(levels)

    def forward(self, x: Tensor, penalty: Tensor | None = None) -> Quantized:
        """Quantize ``(..., size)`` by distance alone."""
        levels = torch.tensor(self.levels, device=x.device)
        unit = torch.sigmoid(x.float())
        steps = (unit.detach() * levels).long().clamp(max=levels - 1)
        values = (steps + 0.5) / levels * 2 - 1
        bounded = unit * 2 - 1
        return Quantized(
            bounded + (values - bounded).detach(), self._number(steps), torch.zeros_like(x[..., 0])
        )

    def look_up(self, codes: Tensor) -> Tensor:
        """``(...) int64`` to ``(..., size)``."""
        parts = []
        for level in self.levels:
            parts.append((codes % level + 0.5) / level * 2 - 1)
            codes = codes // level
        return torch.stack(parts, -1)

    def initialize(self, x: Tensor, uniform: Tensor) -> None:
        """Do nothing: a lattice is fixed."""

    @torch.no_grad()
    def update(self, x: Tensor, uniform: Tensor, penalty: Tensor | None = None) -> None:
        """Count the codes that are chosen; a lattice is fixed."""
        self._count(self(x).codes)

    def _number(self, steps: Tensor) -> Tensor:
        number = torch.zeros_like(steps[..., 0])
        for digit in reversed(range(self.size)):
            number = number * self.levels[digit] + steps[..., digit]
        return number


Quantizer = Codebook | Lattice


def lattice_levels(codes: int) -> tuple[int, ...]:
    """Levels of about six each whose product is at most ``codes`` and near it."""
    numbers = max(1, round(math.log(codes) / math.log(6)))
    levels: list[int] = []
    for left in range(numbers, 0, -1):
        level = max(2, math.floor(codes ** (1 / left) + 1e-9))
        levels.append(level)
        codes //= level
    return tuple(levels)


def usage(codes: Tensor, of: int) -> tuple[float, float]:
    """The share of codes that occur, and their perplexity."""
    counts = torch.bincount(codes.flatten(), minlength=of)
    return float((counts > 0).cpu().double().mean()), perplexity(counts)


def perplexity(counts: Tensor) -> float:
    """The perplexity of ``(codes,)`` counts: as many equally frequent codes have their entropy."""
    counts = counts.cpu().double()
    shares = counts / counts.sum()
    entropy = -(shares[shares > 0] * shares[shares > 0].log()).sum()
    return float(entropy.exp())
