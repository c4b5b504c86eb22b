"""Latents: posterior draws, their KL divergence, and active units."""

from __future__ import annotations

import math

import pytest
import torch

from pxgen.models.autoencoder.density import Density
from pxgen.models.autoencoder.latents import (
    MAX_LOG_VARIANCE,
    GaussianLatent,
    GumbelLatent,
    PointLatent,
)
from pxgen.noise import BatchNoise, PictureNoise


def test_a_gaussian_code_is_drawn_and_costs_as_torch_says() -> None:
    latent = GaussianLatent(3)
    given = torch.tensor([[0.5, -1, 2, 0.3, -0.7, 1.1]]).repeat(40_000, 1)
    code, cost = latent.rsample(given, BatchNoise(40_000, 0, 0), 0.0)
    mean, raw = given[0].chunk(2)
    posterior = torch.distributions.Normal(
        mean, (MAX_LOG_VARIANCE * torch.tanh(raw / MAX_LOG_VARIANCE) / 2).exp()
    )
    assert torch.allclose(code.mean(0), posterior.mean, atol=0.03)
    assert torch.allclose(code.std(0), posterior.stddev, rtol=0.03)
    assert torch.allclose(latent.std(given)[0], posterior.stddev)
    assert torch.equal(latent.mode(given)[0], mean)
    normal = torch.distributions.Normal(0.0, 1.0)
    wanted = torch.distributions.kl_divergence(posterior, normal).sum()
    assert torch.allclose(cost[0], wanted, atol=1e-5)


def test_categories_are_drawn_by_their_chances_and_cost_what_they_say() -> None:
    latent = GumbelLatent(2, 3)
    chances = torch.tensor([[0.5, 0.3, 0.2], [1 / 3, 1 / 3, 1 / 3]])
    given = chances.log().flatten().repeat(20_000, 1)
    code, cost = latent.rsample(given, BatchNoise(20_000, 0, 0), 1.0)
    assert torch.allclose(code.mean(0).view(2, 3), chances, atol=0.02)
    entropy = -(chances[0] * chances[0].log()).sum()
    # The second group says nothing.
    assert torch.allclose(cost, (math.log(3) - entropy).expand(20_000), atol=1e-4)


@pytest.mark.parametrize("latent", [PointLatent(3), GumbelLatent(3, 4)], ids=["point", "gumbel"])
def test_units_that_say_the_same_of_every_sprite_are_not_active(
    latent: PointLatent | GumbelLatent,
) -> None:
    given = torch.zeros(50, latent.param_count)
    given[:, 0] = torch.arange(50.0) - 20.5
    assert latent.active(latent.mode(given)).tolist() == [True, False, False]


def test_temperature_scales_the_spread_of_point_codes() -> None:
    density = Density(3, 0)
    density.middle.copy_(torch.tensor([1.0, 2.0, 3.0]))
    latent, labels = PointLatent(3), torch.zeros(400, 0)
    still = latent.sample(density, labels, PictureNoise(0, range(400)), 0.0)
    assert torch.equal(still, density.middle.expand(400, -1))
    half, whole = (
        latent.sample(density, labels, PictureNoise(0, range(400)), heat) for heat in (0.5, 1.0)
    )
    assert torch.allclose(half - density.middle, (whole - density.middle) / 2, atol=1e-5)
    assert float(whole.std(0).mean()) == pytest.approx(1, rel=0.1)


def test_categories_are_the_likeliest_ones_where_nothing_is_left_to_chance() -> None:
    latent, shares = GumbelLatent(2, 4), torch.tensor([0.2, 0.5, 0.2, 0.1, 0.1, 0.1, 0.7, 0.1])
    density = Density(8, 0)
    density.middle.copy_(shares)
    drawn = latent.sample(density, torch.zeros(20, 0), PictureNoise(0, range(20)), 0.0)
    assert torch.unflatten(drawn, 1, (2, 4)).argmax(-1).tolist() == [[1, 2]] * 20
