"""The cache of colours in use: what it counts, and how logits lean to them."""

from __future__ import annotations

import math

import pytest
import torch

from pxgen.models.diffusion.color_cache import ColorCache

COLORS, MASK = 3, 3


def cache(pixels: int = 4) -> ColorCache:
    torch.manual_seed(0)
    return ColorCache(COLORS, pixels, features=2, rank=2)


def test_a_new_cache_changes_nothing() -> None:
    tokens, features = torch.tensor([[0, 2, 2, MASK]]), torch.randn(1, 4, 2)
    assert not cache()(features, features, tokens).any()


def test_each_pixel_leans_to_colours_in_use_as_its_features_say() -> None:
    """By whether a colour is used, by its count, and by how much is known at all."""
    tested = cache()
    with torch.no_grad():
        tested.lean.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))
        tested.lean.bias.copy_(torch.tensor([0.0, 0.0, 1.0]))
    features = torch.tensor([[[10.0, 0.0], [0.0, 100.0]]])
    (leant,) = tested(features, torch.zeros(1, 4, 2), torch.tensor([[0, 2, 2, MASK]]))
    one, two, three = (torch.log1p(torch.tensor(float(n))) for n in (1, 2, 3))
    assert torch.allclose(leant[0], torch.tensor([10 + three, 0.0, 10 + three]))
    assert torch.allclose(leant[1], torch.stack([100 * one + three, 0 * one, 100 * two + three]))


def test_a_larger_canvas_counts_as_the_models_own() -> None:
    tested = cache()
    with torch.no_grad():
        tested.lean.bias.fill_(1.0)
    own, larger = torch.tensor([[0, 1, 1, MASK]]), torch.tensor([[0, 1, 1, MASK] * 2])
    features = torch.randn(1, 3, 2)
    of_own, of_larger = torch.zeros(1, 4, 2), torch.zeros(1, 8, 2)
    assert torch.allclose(tested(features, of_own, own), tested(features, of_larger, larger))


def test_a_colour_that_is_rare_on_a_large_canvas_counts_as_one_pixel() -> None:
    tested = cache()
    with torch.no_grad():
        tested.lean.bias.copy_(torch.tensor([0.0, 1.0, 0.0]))
    large = torch.cat([torch.tensor([[2]]), torch.zeros(1, 63, dtype=torch.long)], 1)
    ((*_, leant),) = tested(torch.zeros(1, 1, 2), torch.zeros(1, 64, 2), large)[0].tolist()
    assert leant == pytest.approx(math.log(2))


def test_a_colour_is_asked_for_by_its_role_whatever_it_is() -> None:
    """Two sprites whose colours have changed places: logits change places with them."""
    tested = cache(pixels=5)
    with torch.no_grad():
        tested.query.weight.copy_(torch.eye(2))
    tokens = torch.tensor([[0, 2, 2, MASK, 0], [2, 0, 0, MASK, 2]])
    features = torch.randn(1, 5, 2).expand(2, -1, -1)
    one, other = tested(features[:, :3], features, tokens)
    assert torch.allclose(one, other[:, [2, 1, 0]])
    keys = tested.key(features[0])
    expected = features[0, :3] @ torch.stack([keys[[0, 4]].mean(0), keys[[1, 2]].mean(0)]).t()
    assert torch.allclose(one[:, [0, 2]], expected, atol=1e-6)
    # Of a colour that nobody knows, and by pixels that nobody knows, nothing is said.
    assert not one[:, 1].any()
    moved = features.clone()
    moved[:, 3] += 1
    assert torch.equal(tested(features[:, :3], moved, tokens)[0], one)
