"""Layers: circular convolution, dropout, cross-attention."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from pxgen.models.layers import (
    AttentionBlock,
    CanvasLinear,
    convolve,
    dropout_features,
    prefer_columns,
)
from pxgen.noise import BatchNoise


def test_a_convolution_that_wraps_round_has_no_border() -> None:
    layer = torch.nn.Conv2d(3, 2, 3, padding=1)
    x = torch.randn(1, 3, 6, 5)
    for wrap, turn in (((True, False), (2, 0)), ((False, True), (0, 3)), ((True, True), (1, 1))):
        rolled = convolve(layer, x.roll(turn, (2, 3)), wrap)
        assert torch.allclose(rolled, convolve(layer, x, wrap).roll(turn, (2, 3)), atol=1e-6)
    edges = convolve(layer, x, (False, True))
    assert torch.allclose(edges[..., 1:-1], layer(x)[..., 1:-1], atol=1e-6)
    assert not torch.allclose(edges[..., 0], layer(x)[..., 0], atol=1e-4)


def test_as_much_is_left_as_there_was() -> None:
    x = torch.ones(20, 1000)
    left = dropout_features(x, 0.25, BatchNoise(20, 0, 0))
    assert left.unique().tolist() == pytest.approx([0, 4 / 3])
    assert float(left.mean()) == pytest.approx(1, abs=0.03)
    assert dropout_features(x, 0.0, BatchNoise(20, 0, 0)) is x


def test_each_place_reads_the_tokens_by_itself() -> None:
    """Where places differ, they take different shares of the same tokens."""
    torch.manual_seed(0)
    block = AttentionBlock(8, 2, reads_tokens=True)
    torch.nn.init.normal_(block.out.weight)
    x = torch.randn(1, 8, 3, 3)
    first, second = (block(x, torch.randn(1, 4, 8)) - x for _ in range(2))
    moved = (first - second)[0].flatten(1)
    assert (moved.std(1) > 1e-3).all()


def test_a_layer_laid_out_by_columns_says_the_same() -> None:
    spreads, gathers = CanvasLinear(3, 40), CanvasLinear(40, 3)
    numbers = torch.randn(1, 3)
    before = spreads(numbers)
    prefer_columns(nn.Sequential(spreads, gathers))
    assert spreads.weight.stride() == (1, 40)
    assert gathers.weight.stride() == (40, 1)
    torch.testing.assert_close(spreads(numbers), before)
