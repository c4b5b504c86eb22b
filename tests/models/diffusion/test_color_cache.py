"""The cache of colours in use: what it counts, and how logits lean to them."""

from __future__ import annotations

import math

import pytest
import torch

from pxgen.models.diffusion.color_cache import ColorCache

COLORS, MASK = 3, 3


def cache(pixels: int = 4) -> ColorCache:
    torch.manual_seed(0)
    return ColorCache(COLORS, pixels, features=2)


def test_a_new_cache_changes_nothing() -> None:
    tokens = torch.tensor([[0, 2, 2, MASK]])
    assert not cache()(torch.randn(1, 4, 2), tokens).any()


def test_each_pixel_leans_to_colours_in_use_as_its_features_say() -> None:
    """By whether a colour is used, by its count, and by how much is known at all."""
    tested = cache()
    with torch.no_grad():
        tested.lean.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))
        tested.lean.bias.copy_(torch.tensor([0.0, 0.0, 1.0]))
    features = torch.tensor([[[10.0, 0.0], [0.0, 100.0]]])
    (leant,) = tested(features, torch.tensor([[0, 2, 2, MASK]]))
    one, two, three = (torch.log1p(torch.tensor(float(n))) for n in (1, 2, 3))
    assert torch.allclose(leant[0], torch.tensor([10 + three, 0.0, 10 + three]))
    assert torch.allclose(leant[1], torch.stack([100 * one + three, 0 * one, 100 * two + three]))


def test_a_larger_canvas_counts_as_the_models_own() -> None:
    tested = cache()
    with torch.no_grad():
        tested.lean.bias.fill_(1.0)
    own, larger = torch.tensor([[0, 1, 1, MASK]]), torch.tensor([[0, 1, 1, MASK] * 2])
    features = torch.randn(1, 3, 2)
    assert torch.allclose(tested(features, own), tested(features, larger))


def test_a_colour_that_is_rare_on_a_large_canvas_counts_as_one_pixel() -> None:
    tested = cache()
    with torch.no_grad():
        tested.lean.bias.copy_(torch.tensor([0.0, 1.0, 0.0]))
    large = torch.cat([torch.tensor([[2]]), torch.zeros(1, 63, dtype=torch.long)], 1)
    ((*_, leant),) = tested(torch.zeros(1, 1, 2), large)[0].tolist()
    assert leant == pytest.approx(math.log(2))
