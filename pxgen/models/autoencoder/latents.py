"""What lies between encoder and decoder: a point, a Gaussian, or categories.

Each kind says how many numbers it wants of the encoder, draws a code from them, and what that code
costs in nats against the prior; ``likeliest`` is the code that reconstruction takes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from pxgen.models.autoencoder.density import Density
from pxgen.noise import Noise, draw_categories

LOG_VARIANCE = 8.0
"""Bound of a log-variance: beyond it an exponential takes a training with it."""
HOTTEST, COOLEST = 1.0, 0.4
"""Temperatures of Gumbel-softmax (1611.01144) at the beginning and the end of a training."""

ACTIVE = 0.01
"""Variance over sprites from which on a unit of a code says something."""


class PointLatent:
    """A code is what the encoder says (1903.12436 fits a density to codes afterwards)."""

    has_cost = False

    def __init__(self, size: int) -> None:
        self.size = self.given = size

    def draw(self, given: Tensor, noise: Noise, progress: float) -> tuple[Tensor, Tensor]:
        """``(B, …)`` encoder outputs to a code and its ``(B,)`` cost."""
        return given, torch.zeros(len(given), device=given.device)

    def likeliest(self, given: Tensor) -> Tensor:
        """The code without noise."""
        return given

    def spread(self, given: Tensor) -> Tensor:
        """How far a drawn code may lie from the likeliest one."""
        return torch.zeros_like(given)

    def active(self, codes: Tensor) -> Tensor:
        """``(D,)``: the numbers of ``(N, D)`` codes that vary (1509.00519, their threshold)."""
        return codes.var(0, correction=0) > ACTIVE

    def sample(self, prior: Density, labels: Tensor, noise: Noise, temperature: float) -> Tensor:
        """``(n, D)`` flat codes for ``(n, L)`` labels."""
        return prior.draw(labels, noise, temperature)

    def center(self, prior: Density) -> Tensor:
        """``(D,)``: the code that says the least."""
        return prior.middle

    def mix(self, a: Tensor, b: Tensor, weight: float, keys: Tensor) -> Tensor:
        """A straight line; both ends exact."""
        return torch.lerp(a, b, weight) if weight < 1 else b


class GaussianLatent(PointLatent):
    """A code is drawn around a mean (1312.6114), and pays its divergence from N(0, 1)."""

    has_cost = True

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.given = 2 * size

    def draw(self, given: Tensor, noise: Noise, progress: float) -> tuple[Tensor, Tensor]:
        """A sample by reparametrisation, and the divergence in nats."""
        mean, logvar = _moments(given)
        code = mean + (0.5 * logvar).exp() * noise.normal(mean.shape[1])
        return code, divergence(given).sum(1)

    def likeliest(self, given: Tensor) -> Tensor:
        """The mean."""
        return given.chunk(2, 1)[0]

    def spread(self, given: Tensor) -> Tensor:
        """The deviation."""
        return (0.5 * _moments(given)[1]).exp()


class GumbelLatent:
    """A code is one category in each of several groups (1611.01144, 1611.00712).

    Training passes exact one-hot draws forward and relaxed ones backward (straight-through).
    """

    has_cost = True

    def __init__(self, groups: int, categories: int) -> None:
        self.groups, self.categories = groups, categories
        self.size = self.given = groups * categories

    def draw(self, given: Tensor, noise: Noise, progress: float) -> tuple[Tensor, Tensor]:
        """Straight-through draws, flattened, and the divergence from the uniform prior in nats."""
        logits = torch.unflatten(given.float(), 1, (self.groups, self.categories))
        uniform = noise.uniform(self.groups, self.categories)
        temperature = HOTTEST * (COOLEST / HOTTEST) ** progress
        soft = gumbel_softmax(logits, uniform, temperature)
        hard = F.one_hot(soft.argmax(-1), self.categories).to(soft.dtype)
        logp = logits.log_softmax(-1)
        cost = (logp.exp() * logp).sum((1, 2)) + self.groups * math.log(self.categories)
        # Forward the difference vanishes; backward only the relaxed draw has a gradient.
        return (hard + soft - soft.detach()).flatten(1), cost

    def likeliest(self, given: Tensor) -> Tensor:
        """The likeliest category of each group, one-hot and flattened."""
        best = torch.unflatten(given, 1, (self.groups, self.categories)).argmax(-1)
        return F.one_hot(best, self.categories).float().flatten(1)

    def spread(self, given: Tensor) -> Tensor:
        """Nothing: a category is not near another."""
        return torch.zeros_like(given)

    def active(self, codes: Tensor) -> Tensor:
        """``(groups,)``: the groups whose category varies over ``(N, size)`` codes."""
        shares = torch.unflatten(codes, 1, (self.groups, self.categories)).mean(0)
        # The variance of a draw of categories; of one that never changes it is 0.
        return 1 - shares.square().sum(1) > ACTIVE

    def sample(self, prior: Density, labels: Tensor, noise: Noise, temperature: float) -> Tensor:
        """``(n, size)`` one-hot draws by the shares that sprites of these labels have."""
        shares = prior.mean(labels).view(-1, self.groups, self.categories).clamp(min=1e-6)
        chances = (shares.log() / max(temperature, 1e-4)).softmax(-1)
        drawn = draw_categories(chances, noise.uniform(self.groups))
        return F.one_hot(drawn, self.categories).float().flatten(1)

    def center(self, prior: Density) -> Tensor:
        """``(size,)``: the commonest category of each group."""
        return self.likeliest(prior.middle.unsqueeze(0))[0]

    def mix(self, a: Tensor, b: Tensor, weight: float, keys: Tensor) -> Tensor:
        """Pass from ``a`` to ``b`` group by group, in the order of ``(n, groups)`` keys."""
        passed = (keys[:, : self.groups] < weight).repeat_interleave(self.categories, 1)
        return torch.where(passed, b, a)


Latent = PointLatent | GaussianLatent | GumbelLatent


def gumbel_softmax(logits: Tensor, uniform: Tensor, temperature: float) -> Tensor:
    """Relaxed draws (1611.01144): ``(..., K)`` logits and uniforms to points of the simplex."""
    noise = -(-uniform.clamp(1e-9, 1 - 1e-6).log()).log()
    return ((logits + noise) / temperature).softmax(-1)


def divergence(given: Tensor) -> Tensor:
    """``(B, size)`` nats between each Gaussian of ``(B, 2·size)`` outputs and N(0, 1)."""
    mean, logvar = _moments(given)
    return 0.5 * (mean.square() + logvar.exp() - 1 - logvar)


def _moments(given: Tensor) -> tuple[Tensor, Tensor]:
    mean, logvar = given.float().chunk(2, 1)
    # A smooth bound: a clamp would leave what lies beyond without a gradient.
    return mean, LOG_VARIANCE * torch.tanh(logvar / LOG_VARIANCE)
