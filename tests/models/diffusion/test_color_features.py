"""Embeddings of colours start alike where colours look alike."""

from __future__ import annotations

import pytest
import torch

from pxgen.models.diffusion.backbone import color_embedding
from pxgen.models.diffusion.color_features import LENGTH, color_features
from pxgen.palette.oklab import to_oklab
from tests.support.tiny import domain

CLEAR, BLACK, NIGHT, WHITE = (0, 0, 0, 0), (0, 0, 0, 255), (9, 9, 20, 255), (255, 255, 255, 255)


def test_products_of_features_fall_with_the_distance_of_colours() -> None:
    grays = [(0, 0, 0, 255), (40, 40, 40, 255), (90, 90, 90, 255), (255, 255, 255, 255)]
    features = color_features([CLEAR, *grays], 20_000)[1:]
    products = features @ features[0] / features.shape[1]
    light = torch.from_numpy(to_oklab(torch.tensor(grays, dtype=torch.uint8).numpy()[:, :3]))
    gaps = (light - light[0]).norm(dim=1)
    assert products == pytest.approx((-0.5 * (gaps / LENGTH) ** 2).exp(), abs=0.03)


def test_transparent_and_glass_are_unlike_the_colour_that_they_hide() -> None:
    clear, black, glass = color_features([CLEAR, BLACK, (0, 0, 0, 64)], 20_000)
    assert abs(clear @ black) / 20_000 < 0.03
    assert 0.6 < glass @ clear / 20_000 < 0.8


def test_a_colour_has_the_same_features_in_every_palette() -> None:
    one = color_features([CLEAR, BLACK, WHITE], 16)
    other = color_features([CLEAR, WHITE, NIGHT, BLACK], 16)
    assert torch.allclose(one[[0, 1, 2]], other[[0, 3, 1]])


def test_an_embedding_starts_with_them_and_has_room_for_tokens_after_the_colours() -> None:
    here = domain(1, 4, 4)
    embed = color_embedding(here, 1)
    assert embed.weight.shape == (here.colors + 1, 16)
    assert torch.equal(embed.weight[:-1], color_features(here.palette, 16))
