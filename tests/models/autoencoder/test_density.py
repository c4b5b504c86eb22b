"""Priors over codes: fitted, and the aggregate posterior."""

from __future__ import annotations

import pytest
import torch

from pxgen.errors import InputError
from pxgen.models.autoencoder.density import (
    MAX_FULL_COVARIANCE,
    AggregatePosterior,
    Density,
    Posteriors,
)
from pxgen.noise import PictureNoise
from tests.support.tiny import tiny_model


def test_codes_near_those_of_sprites_stay_in_their_clusters() -> None:
    """Two kinds of sprites, and nothing between them, where a normal draw would fall."""
    middle = torch.tensor([[-3.0, 0.0], [3.0, 0.0]]).repeat(50, 1)
    spread = torch.tensor([[0.1, 1.0]]).expand(100, -1)
    posteriors = AggregatePosterior(2, 0)
    posteriors.fit(
        [
            Posteriors(m, s, torch.zeros(10, 0))
            for m, s in zip(middle.split(10), spread.split(10), strict=True)
        ]
    )
    drawn = posteriors.sample(torch.zeros(1000, 0), PictureNoise(0, range(1000)), 1.0)
    assert (drawn[:, 0].abs() - 3).abs().max() < 0.5
    assert 0.45 < (drawn[:, 0] > 0).float().mean() < 0.55
    assert drawn[:, 1].std() == pytest.approx(1, rel=0.1)
    still = posteriors.sample(torch.zeros(100, 0), PictureNoise(0, range(100)), 0.0)
    assert set(still[:, 0].tolist()) == {-3.0, 3.0}


def test_codes_of_few_sprites_are_all_kept() -> None:
    posteriors = AggregatePosterior(1, 0)
    posteriors.fit(
        [Posteriors(torch.arange(3.0).unsqueeze(1), torch.zeros(3, 1), torch.zeros(3, 0))]
    )
    drawn = posteriors.sample(torch.zeros(300, 0), PictureNoise(0, range(300)), 1.0)
    assert [80 < int((drawn == value).sum()) < 120 for value in range(3)] == [True] * 3


def test_codes_come_from_sprites_with_like_labels() -> None:
    labels = torch.eye(3)[torch.arange(300) % 3] * 2 - 1
    middle = (torch.arange(300) % 3).float().unsqueeze(1)
    posteriors = AggregatePosterior(1, 3)
    posteriors.fit([Posteriors(middle, torch.zeros(300, 1), labels)])
    asked = torch.tensor([[-1.0, -1.0, 1.0]]).repeat(200, 1)
    drawn = posteriors.sample(asked, PictureNoise(0, range(200)), 1.0)
    # The others differ by two labels: e^-4 as likely each.
    assert 180 <= int((drawn == 2).sum()) <= 200
    both = torch.tensor([[1.0, 1.0, -1.0]]).repeat(200, 1)
    drawn = posteriors.sample(both, PictureNoise(0, range(200)), 1.0)
    assert [70 < int((drawn == value).sum()) < 130 for value in range(2)] == [True] * 2


def test_labels_left_open_favour_no_sprite() -> None:
    """Half of the sprites bear three labels and half none."""
    labels = torch.ones(100, 3) * (torch.arange(100) % 2 * 2 - 1).unsqueeze(1)
    posteriors = AggregatePosterior(1, 3)
    posteriors.fit([Posteriors((labels > 0)[:, :1].float(), torch.zeros(100, 1), labels)])
    drawn = posteriors.sample(torch.zeros(400, 3), PictureNoise(0, range(400)), 1.0)
    assert 0.4 < float(drawn.mean()) < 0.6


def test_sprites_that_are_all_the_same_have_a_density_too() -> None:
    middle = torch.full((60, 4), 0.1) * torch.arange(1.0, 5.0)
    density = Density(4, 2)
    density.fit([Posteriors(middle, torch.zeros(60, 4), torch.ones(60, 2))])
    drawn = density.sample(torch.ones(5, 2), PictureNoise(0, range(5)), 1.0)
    assert torch.allclose(drawn, middle[:5], atol=1e-3)


def test_a_wide_code_has_the_deviations_of_its_parts() -> None:
    """Beyond WHOLE numbers only the diagonal is kept: what labels leave of each variance."""
    generator = torch.Generator().manual_seed(0)
    labels = (torch.rand(4000, 2, generator=generator) < 0.5).float() * 2 - 1
    wide = torch.randn(4000, MAX_FULL_COVARIANCE + 1, generator=generator) * torch.linspace(
        0.5, 2, MAX_FULL_COVARIANCE + 1
    )
    codes = wide + 3 * (labels[:, :1] > 0)
    density = Density(MAX_FULL_COVARIANCE + 1, 2)
    density.fit([Posteriors(codes, torch.zeros_like(codes), labels)])
    assert density.scale.shape == (MAX_FULL_COVARIANCE + 1,)
    assert torch.allclose(density.scale, torch.linspace(0.5, 2, MAX_FULL_COVARIANCE + 1), rtol=0.1)
    assert torch.allclose(density.effect[0], torch.full((MAX_FULL_COVARIANCE + 1,), 3.0), atol=0.4)


@pytest.mark.parametrize("recipe", ["ae", "gsvae"])
def test_only_codes_with_a_spread_can_be_drawn_near(recipe: str) -> None:
    with pytest.raises(InputError, match='latent = "gaussian"'):
        tiny_model(recipe, prior="aggregate")
