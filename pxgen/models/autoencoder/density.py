"""A density over codes, fitted once they are learnt: what point latents are sampled from.

An autoencoder without a prior has holes between its codes; a Gaussian fitted to the codes of the
training sprites knows where they lie (1903.12436). Its mean depends on the labels, so that it
steers models whose decoder never saw one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pxgen.noise import Noise

WHOLE = 1024
"""Widest code whose covariance is kept whole; of a wider one only the diagonal."""
RIDGE = 1e-3
"""Added to a variance, relative to the mean one: few sprites must not make a density singular."""
KEPT = 2048
"""Training sprites whose codes are kept to draw from."""
ALIKE = 0.5
"""Labels by which a sprite may differ and still be e times less often the one drawn from."""


class Codes(NamedTuple):
    """What an encoder says of sprites."""

    middle: Tensor
    """``(n, D)`` likeliest codes."""
    spread: Tensor
    """``(n, D)`` deviations around them, 0 where a code is a point."""
    labels: Tensor
    """``(n, L)``."""


class Density(nn.Module):
    """``code = labels · effect + middle + spread · normal``; standard normal until it is fitted."""

    effect: Tensor
    middle: Tensor
    spread: Tensor

    def __init__(self, size: int, labels: int) -> None:
        super().__init__()
        self.size, self.labels = size, labels
        self.register_buffer("effect", torch.zeros(labels, size))
        self.register_buffer("middle", torch.zeros(size))
        whole = size <= WHOLE
        self.register_buffer("spread", torch.eye(size) if whole else torch.ones(size))

    def fit(self, codes: Iterable[Codes]) -> None:
        """Take over mean, label effects and covariance of the likeliest codes.

        One pass, in double precision; labels count as present (> 0) or not.
        """
        L, D = self.labels, self.size
        inputs = torch.zeros(L + 1, L + 1, dtype=torch.float64)
        cross = torch.zeros(L + 1, D, dtype=torch.float64)
        squares = torch.zeros(self.spread.shape, dtype=torch.float64)
        count = 0
        for middle, _, labels in codes:
            x = torch.cat([(labels > 0).double().cpu(), torch.ones(len(labels), 1)], 1)
            z = middle.double().cpu()
            inputs += x.mT @ x
            cross += x.mT @ z
            squares += z.mT @ z if squares.dim() == 2 else z.square().sum(0)
            count += len(z)
        ridge = torch.eye(L + 1, dtype=torch.float64)
        # The middle is not shrunk: only label effects are.
        ridge[L, L] = 0
        solved = torch.linalg.solve(inputs + ridge, cross)
        explained = self._second_moments(solved, inputs, cross)
        covariance = (squares - explained) / max(1, count)
        self.effect.copy_(solved[:L])
        self.middle.copy_(solved[L])
        self.spread.copy_(_root(covariance))

    def _second_moments(self, solved: Tensor, inputs: Tensor, cross: Tensor) -> Tensor:
        """What the fitted means explain of the codes' squares."""
        if self.spread.dim() == 2:
            both = solved.mT @ cross
            return both + both.mT - solved.mT @ inputs @ solved
        return 2 * (solved * cross).sum(0) - (solved * (inputs @ solved)).sum(0)

    def mean(self, labels: Tensor) -> Tensor:
        """``(n, size)`` mean codes of ``(n, L)`` labels."""
        return labels.clamp(min=0) @ self.effect + self.middle

    def draw(self, labels: Tensor, noise: Noise, temperature: float) -> Tensor:
        """``(n, size)`` codes for ``(n, L)`` labels; temperature scales the spread."""
        mean = self.mean(labels)
        normal = noise.normal(self.size) * temperature
        if self.spread.dim() == 1:
            return mean + normal * self.spread
        # One row at a time, because the product of another batch size would round differently.
        return mean + torch.stack([self.spread @ row for row in normal])


class Posteriors(nn.Module):
    """What the encoder said of training sprites: the aggregate posterior, drawn from as it is.

    Where sprites differ in kind, codes come in clusters, and a normal draw falls between them.
    Codes are drawn from sprites with like labels, because what a code says may depend on them.
    """

    labels: Tensor
    middle: Tensor
    spread: Tensor

    def __init__(self, size: int, labels: int) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("labels", torch.zeros(KEPT, labels, dtype=torch.uint8))
        self.register_buffer("middle", torch.zeros(KEPT, size))
        self.register_buffer("spread", torch.ones(KEPT, size))

    def fit(self, codes: Iterable[Codes]) -> None:
        """Keep the codes of sprites from all parts of the training set."""
        middles, spreads, labels = (torch.cat(part) for part in zip(*codes, strict=True))
        # Few sprites are kept more than once.
        places = torch.arange(KEPT) * len(middles) // KEPT
        self.labels.copy_((labels > 0)[places])
        self.middle.copy_(middles[places])
        self.spread.copy_(spreads[places])

    def draw(self, labels: Tensor, noise: Noise, temperature: float) -> Tensor:
        """``(n, size)`` codes for ``(n, L)`` labels, each like that of some training sprite."""
        had = self.labels.float()
        # What was left open differs from nothing.
        differing = (labels > 0).float() @ (1 - had).t() + (labels < 0).float() @ had.t()
        # Gumbel noise draws in proportion to exp(-differing / ALIKE).
        luck = -(-noise.uniform(KEPT).clamp(min=1e-9).log()).log()
        chosen = (luck - differing / ALIKE).argmax(1)
        normal = noise.normal(self.size) * temperature
        return self.middle[chosen] + normal * self.spread[chosen]


def _root(covariance: Tensor) -> Tensor:
    """A lower triangle whose square is the covariance, or the deviations of a diagonal one."""
    if covariance.dim() == 1:
        return covariance.clamp(min=0).sqrt()
    values = covariance.diagonal()
    ridge = RIDGE * values.mean().clamp(min=1e-12) * torch.eye(len(values))
    root, failed = torch.linalg.cholesky_ex(covariance + ridge)
    # Where sprites hardly vary, what is left of their covariance is rounding.
    return values.clamp(min=0).sqrt().diag() if failed else root
