"""Latents of an autoencoder: a point, a Gaussian, or categories.

Each kind takes ``params`` of the posterior, ``(B, param_count)``, from the encoder. ``rsample``
gives a code and its divergence from the prior in nats; reconstruction takes the ``mode``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from pxgen.models.autoencoder.density import Density
from pxgen.noise import Noise, categorical

MAX_LOG_VARIANCE = 8.0
"""Beyond it an exponential makes a training diverge."""
FIRST_TEMPERATURE, LAST_TEMPERATURE = 1.0, 0.4
"""Of Gumbel-softmax (1611.01144) at the beginning and the end of a training."""
ACTIVE_VARIANCE = 0.01
"""Variance over sprites above which a unit of a code is active."""


class PointLatent:
    """The encoder's output is the code (1903.12436 fits a density to codes afterwards)."""

    has_kl = False

    def __init__(self, size: int) -> None:
        self.size = self.param_count = size

    def rsample(self, params: Tensor, noise: Noise, progress: float) -> tuple[Tensor, Tensor]:
        """``(B, …)`` parameters to a code and its ``(B,)`` divergence, 0."""
        return params, torch.zeros(len(params), device=params.device)

    def mode(self, params: Tensor) -> Tensor:
        """The likeliest code."""
        return params

    def std(self, params: Tensor) -> Tensor:
        """The deviation of a code: zero, unless it spreads around its mode."""
        return torch.zeros_like(params)

    def active(self, codes: Tensor) -> Tensor:
        """``(D,)``: the numbers of ``(N, D)`` codes that vary (1509.00519, their threshold)."""
        return codes.var(0, correction=0) > ACTIVE_VARIANCE

    def sample(self, prior: Density, labels: Tensor, noise: Noise, temperature: float) -> Tensor:
        """``(n, D)`` flat codes for ``(n, L)`` labels."""
        return prior.sample(labels, noise, temperature)

    def center(self, prior: Density) -> Tensor:
        """``(D,)``: the mean code."""
        return prior.middle

    def mix(self, a: Tensor, b: Tensor, weight: float, keys: Tensor) -> Tensor:
        """Linear interpolation; both ends exact."""
        return torch.lerp(a, b, weight) if weight < 1 else b


class GaussianLatent(PointLatent):
    """A Gaussian posterior (1312.6114) with the prior N(0, 1)."""

    has_kl = True

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.param_count = 2 * size

    def rsample(self, params: Tensor, noise: Noise, progress: float) -> tuple[Tensor, Tensor]:
        """A sample by reparametrisation, and the divergence in nats."""
        mean, logvar = _moments(params)
        code = mean + (0.5 * logvar).exp() * noise.normal(mean.shape[1])
        return code, kl_divergence(params).sum(1)

    def mode(self, params: Tensor) -> Tensor:
        """The mean."""
        return params.chunk(2, 1)[0]

    def std(self, params: Tensor) -> Tensor:
        """The deviation."""
        return (0.5 * _moments(params)[1]).exp()


class GumbelLatent(PointLatent):
    """A categorical posterior for each of several groups (1611.01144, 1611.00712).

    Straight-through: training passes exact one-hot draws forward and relaxed ones backward.
    """

    has_kl = True

    def __init__(self, groups: int, categories: int) -> None:
        super().__init__(groups * categories)
        self.groups, self.categories = groups, categories

    def rsample(self, params: Tensor, noise: Noise, progress: float) -> tuple[Tensor, Tensor]:
        """Straight-through draws, flattened, and the divergence from the uniform prior in nats."""
        logits = torch.unflatten(params.float(), 1, (self.groups, self.categories))
        uniform = noise.uniform(self.groups, self.categories)
        temperature = FIRST_TEMPERATURE * (LAST_TEMPERATURE / FIRST_TEMPERATURE) ** progress
        soft = gumbel_softmax(logits, uniform, temperature)
        hard = F.one_hot(soft.argmax(-1), self.categories).to(soft.dtype)
        logp = logits.log_softmax(-1)
        cost = (logp.exp() * logp).sum((1, 2)) + self.groups * math.log(self.categories)
        # Forward the difference vanishes; backward only the relaxed draw has a gradient.
        return (hard + soft - soft.detach()).flatten(1), cost

    def mode(self, params: Tensor) -> Tensor:
        """The likeliest category of each group, one-hot and flattened."""
        best = torch.unflatten(params, 1, (self.groups, self.categories)).argmax(-1)
        return F.one_hot(best, self.categories).float().flatten(1)

    def active(self, codes: Tensor) -> Tensor:
        """``(groups,)``: the groups whose category varies over ``(N, size)`` codes."""
        shares = torch.unflatten(codes, 1, (self.groups, self.categories)).mean(0)
        # The variance of a draw of categories; of one that never changes it is 0.
        return 1 - shares.square().sum(1) > ACTIVE_VARIANCE

    def sample(self, prior: Density, labels: Tensor, noise: Noise, temperature: float) -> Tensor:
        """``(n, size)`` one-hot draws by the shares among sprites of these labels."""
        shares = prior.mean(labels).view(-1, self.groups, self.categories).clamp(min=1e-6)
        probs = (shares.log() / max(temperature, 1e-4)).softmax(-1)
        drawn = categorical(probs, noise.uniform(self.groups))
        return F.one_hot(drawn, self.categories).float().flatten(1)

    def center(self, prior: Density) -> Tensor:
        """``(size,)``: the commonest category of each group."""
        return self.mode(prior.middle.unsqueeze(0))[0]

    def mix(self, a: Tensor, b: Tensor, weight: float, keys: Tensor) -> Tensor:
        """Pass from ``a`` to ``b`` group by group, in the order of ``(n, groups)`` keys."""
        passed = (keys[:, : self.groups] < weight).repeat_interleave(self.categories, 1)
        return torch.where(passed, b, a)


def gumbel_softmax(logits: Tensor, uniform: Tensor, temperature: float) -> Tensor:
    """Relaxed draws (1611.01144): ``(..., K)`` logits and uniforms to points of the simplex."""
    noise = -(-uniform.clamp(1e-9, 1 - 1e-6).log()).log()
    return ((logits + noise) / temperature).softmax(-1)


def kl_divergence(params: Tensor) -> Tensor:
    """``(B, size)`` nats between each Gaussian of ``(B, 2·size)`` parameters and N(0, 1)."""
    mean, logvar = _moments(params)
    return 0.5 * (mean.square() + logvar.exp() - 1 - logvar)


def _moments(params: Tensor) -> tuple[Tensor, Tensor]:
    """Means and log-variances."""
    mean, logvar = params.float().chunk(2, 1)
    # A smooth bound: a clamp would leave larger ones without a gradient.
    return mean, MAX_LOG_VARIANCE * torch.tanh(logvar / MAX_LOG_VARIANCE)
