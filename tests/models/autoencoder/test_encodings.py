"""Pixel likelihoods, beside their definitions."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from pxgen.canvas import Canvas, Domain
from pxgen.models.autoencoder.encodings import IndexEncoding, OneHotEncoding, SigmoidEncoding
from pxgen.noise import BatchNoise
from tests.support.tiny import PALETTE

K = len(PALETTE)
DOMAIN = Domain(Canvas(1, 4, 5), PALETTE.rows, 0)
SPRITES = torch.randint(0, K, (3, 20), generator=torch.Generator().manual_seed(0))
PLANES = torch.randn(3, 20, K, generator=torch.Generator().manual_seed(1))


def noise(key: int) -> BatchNoise:
    return BatchNoise(3, 0, key, torch.device("cpu"))


def test_sigmoid_planes_learn_on_their_own_and_cost_what_one_of_them_must() -> None:
    pixels = SigmoidEncoding(DOMAIN)
    wanted = F.one_hot(SPRITES, K).float()
    apart = -(PLANES.sigmoid().log() * wanted + (-PLANES).sigmoid().log() * (1 - wanted))
    assert torch.allclose(pixels.estimate(PLANES, SPRITES, noise(0)), apart.sum((1, 2)), rtol=1e-4)
    # The chance that plane k says yes and all others no, among the ways in which just one does.
    yes, no = PLANES.double().sigmoid(), (-PLANES.double()).sigmoid()
    alone = yes * no.prod(-1, keepdim=True) / no
    chance = (alone / alone.sum(-1, keepdim=True)).gather(-1, SPRITES.unsqueeze(-1))
    nats = -chance.log().sum((1, 2)).float()
    assert torch.allclose(pixels.cost(PLANES, SPRITES), nats, rtol=1e-4)
    assert torch.allclose(OneHotEncoding(DOMAIN).cost(PLANES, SPRITES), nats, rtol=1e-4)


@pytest.mark.parametrize("asked", [0, 20, 500])
def test_all_pixels_may_be_asked_for(asked: int) -> None:
    pixels = IndexEncoding(DOMAIN, embedding=4, rank=3, loss_pixels=asked)
    features = PLANES[..., :3]
    whole = pixels.cost(features, SPRITES)
    assert torch.equal(pixels.estimate(features, SPRITES, noise(0)), whole)


def test_the_cost_of_some_pixels_is_on_average_that_of_all() -> None:
    pixels = IndexEncoding(DOMAIN, embedding=4, rank=3, loss_pixels=5)
    features = PLANES[..., :3]
    with torch.no_grad():
        draws = torch.stack([pixels.estimate(features, SPRITES, noise(k)) for k in range(600)])
        whole = pixels.cost(features, SPRITES)
    error = draws.std(0) / len(draws) ** 0.5
    assert draws.std(0).min() > 0
    assert ((draws.mean(0) - whole).abs() < 5 * error).all()
