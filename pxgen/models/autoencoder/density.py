"""Ex-post density estimation (1903.12436): priors fitted to the codes of training sprites.

An autoencoder without a prior has holes between its codes; a fitted density samples where codes
lie. The mean of the Gaussian depends on labels, so that they steer models whose decoder sees none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pxgen.noise import Noise, gumbel

MAX_FULL_COVARIANCE = 1024
"""Numbers of the widest code with a full covariance; a wider one has a diagonal."""
RIDGE = 1e-3
"""Added to a variance, relative to the mean one: few sprites must not make a density singular."""
COMPONENTS = 2048
"""Training sprites whose posteriors are kept."""
LABEL_SCALE = 0.5
"""Differing labels that make a sprite e times less likely to be drawn from."""


class Posteriors(NamedTuple):
    """Encoded sprites."""

    mode: Tensor
    """``(n, D)`` likeliest codes."""
    std: Tensor
    """``(n, D)`` deviations around them, 0 where a code is a point."""
    labels: Tensor
    """``(n, L)``."""


class Density(nn.Module):
    """``code = labels · effect + middle + scale · normal``; standard normal until it is fitted."""

    effect: Tensor
    middle: Tensor
    scale: Tensor

    def __init__(self, size: int, label_count: int) -> None:
        super().__init__()
        self.size, self.label_count = size, label_count
        self.register_buffer("effect", torch.zeros(label_count, size))
        self.register_buffer("middle", torch.zeros(size))
        full = size <= MAX_FULL_COVARIANCE
        self.register_buffer("scale", torch.eye(size) if full else torch.ones(size))

    def fit(self, posteriors: Iterable[Posteriors]) -> None:
        """Fit mean, label effects and covariance to the modes, by ridge regression on labels.

        One pass, in double precision; labels count as present (> 0) or not.
        """
        L, D = self.label_count, self.size
        inputs = torch.zeros(L + 1, L + 1, dtype=torch.float64)
        cross = torch.zeros(L + 1, D, dtype=torch.float64)
        squares = torch.zeros(self.scale.shape, dtype=torch.float64)
        count = 0
        for mode, _, labels in posteriors:
            x = torch.cat([(labels > 0).cpu().double(), torch.ones(len(labels), 1)], 1)
            z = mode.cpu().double()
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
        self.scale.copy_(_root(covariance))

    def _second_moments(self, solved: Tensor, inputs: Tensor, cross: Tensor) -> Tensor:
        """The part of the codes' second moments that the fitted means explain."""
        if self.scale.dim() == 2:
            both = solved.mT @ cross
            return both + both.mT - solved.mT @ inputs @ solved
        return 2 * (solved * cross).sum(0) - (solved * (inputs @ solved)).sum(0)

    def mean(self, labels: Tensor) -> Tensor:
        """``(n, size)`` mean codes of ``(n, L)`` labels."""
        return labels.clamp(min=0) @ self.effect + self.middle

    def sample(self, labels: Tensor, noise: Noise, temperature: float) -> Tensor:
        """``(n, size)`` codes for ``(n, L)`` labels; temperature scales the deviation."""
        mean = self.mean(labels)
        normal = noise.normal(self.size) * temperature
        if self.scale.dim() == 1:
            return mean + normal * self.scale
        # One row at a time, because the product of another batch size would round differently.
        return mean + torch.stack([self.scale @ row for row in normal])


class AggregatePosterior(nn.Module):
    """The aggregate posterior: a mixture of the posteriors of training sprites.

    Where sprites differ in kind, codes come in clusters, and a normal draw falls between them.
    Posteriors of sprites with like labels are drawn from, since the meaning of a code may depend on
    its labels.
    """

    labels: Tensor
    middle: Tensor
    std: Tensor

    def __init__(self, size: int, label_count: int) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("labels", torch.zeros(COMPONENTS, label_count, dtype=torch.uint8))
        self.register_buffer("middle", torch.zeros(COMPONENTS, size))
        self.register_buffer("std", torch.ones(COMPONENTS, size))

    def fit(self, posteriors: Iterable[Posteriors]) -> None:
        """Keep posteriors of sprites from all parts of the training set."""
        modes, stds, labels = (torch.cat(part) for part in zip(*posteriors, strict=True))
        # Few sprites are taken more than once.
        rows = torch.arange(COMPONENTS) * len(modes) // COMPONENTS
        self.labels.copy_((labels > 0)[rows])
        self.middle.copy_(modes[rows])
        self.std.copy_(stds[rows])

    def sample(self, labels: Tensor, noise: Noise, temperature: float) -> Tensor:
        """``(n, size)`` codes for ``(n, L)`` labels, each like that of some training sprite."""
        present = self.labels.float()
        # Open labels differ from none.
        differing = (labels > 0).float() @ (1 - present).t() + (labels < 0).float() @ present.t()
        # Gumbel noise draws in proportion to exp(-differing / LABEL_SCALE).
        chosen = (gumbel(noise, COMPONENTS) - differing / LABEL_SCALE).argmax(1)
        normal = noise.normal(self.size) * temperature
        return self.middle[chosen] + normal * self.std[chosen]


def _root(covariance: Tensor) -> Tensor:
    """The Cholesky factor of a covariance, or the deviations of a diagonal one."""
    if covariance.dim() == 1:
        return covariance.clamp(min=0).sqrt()
    values = covariance.diagonal()
    ridge = RIDGE * values.mean().clamp(min=1e-12) * torch.eye(len(values))
    root, failed = torch.linalg.cholesky_ex(covariance + ridge)
    # Where sprites hardly vary, what is left of their covariance is rounding.
    return values.clamp(min=0).sqrt().diag() if failed else root
