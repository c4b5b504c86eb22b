"""Autoregressive networks: causality by perturbation, cached decoding, honest bits."""

from __future__ import annotations

import math

import pytest
import torch

from pxgen.canvas import Canvas
from pxgen.models.autoregressive.pixelsnail import GatedBlock, PixelSnail
from pxgen.models.autoregressive.transformer import CausalTransformer, TransformerBlock
from pxgen.noise import BatchNoise

GRIDS = [
    Canvas(*grid)
    for grid in (
        (1, 1, 1),
        (1, 1, 5),
        (1, 4, 1),
        (1, 3, 4),
        (1, 5, 3),
        (2, 1, 1),
        (3, 2, 2),
        (2, 3, 3),
        (4, 1, 3),
    )
]


K = 5


Network = type[PixelSnail | CausalTransformer]


both = pytest.mark.parametrize("kind", [PixelSnail, CausalTransformer])


def network(kind: Network, grid: Canvas, blocks: int = 2) -> PixelSnail | CausalTransformer:
    """One whose every path carries something."""
    torch.manual_seed(0)
    net = kind(grid, K, width=8, blocks=blocks, condition=3, dropout=0.0)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return net.eval()


@both
@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_no_position_sees_itself_or_what_follows_and_each_sees_all_before_it(
    grid: Canvas, kind: Network
) -> None:
    net, N = network(kind, grid), grid.pixels
    generator = torch.Generator().manual_seed(1)
    codes = torch.randint(0, K, (1, N), generator=generator)
    condition = torch.randn(1, 3, generator=generator)
    with torch.no_grad():
        before = net(codes, condition)
        for position in range(N):
            other = codes.clone()
            other[0, position] = (other[0, position] + 1) % K
            moved = (net(other, condition) != before).any(-1)[0]
            assert moved.tolist() == [place > position for place in range(N)]


@both
@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_reading_position_by_position_is_reading_at_once(grid: Canvas, kind: Network) -> None:
    net, N = network(kind, grid), grid.pixels
    generator = torch.Generator().manual_seed(1)
    codes = torch.randint(0, K, (3, N), generator=generator)
    condition = torch.randn(3, 3, generator=generator)
    context = torch.randn(3, N, 8, generator=generator)
    with torch.no_grad():
        for known in (None, context):
            cached = net.cached(condition, known)
            parts = []
            for position in range(N):
                parts.append(cached.logits(position))
                cached.append(position, codes[:, position])
            whole = net(codes, condition, known)
            assert torch.allclose(torch.stack(parts, 1), whole, atol=1e-4)


@both
def test_independent_noise_stays_at_the_entropy_floor(kind: Network) -> None:
    grid = Canvas(2, 3, 4)
    torch.manual_seed(0)
    net = kind(grid, K, width=16, blocks=2, condition=1, dropout=0.0)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    generator = torch.Generator().manual_seed(2)
    spent = []
    for _ in range(200):
        codes = torch.randint(0, K, (32, grid.pixels), generator=generator)
        logits = net(codes, torch.zeros(32, 1))
        loss = torch.nn.functional.cross_entropy(logits.mT, codes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        spent.append(loss.item())
    assert sum(spent[-50:]) / 50 > math.log(K) - 0.01


@both
def test_what_follows_from_its_neighbours_is_learnt(kind: Network) -> None:
    """Every code is the one before it plus one: nothing is left to say but the first."""
    grid = Canvas(1, 3, 4)
    torch.manual_seed(0)
    net = kind(grid, K, width=16, blocks=1, condition=1, dropout=0.0)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(150):
        codes = (torch.randint(0, K, (32, 1)) + torch.arange(12)) % K
        loss = torch.nn.functional.cross_entropy(net(codes, torch.zeros(32, 1)).mT, codes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < math.log(K) / 12 + 0.05


@both
def test_a_step_leaves_out_what_its_noise_says(kind: Network) -> None:
    """A resumed training, or one on other threads, must leave out the same."""
    net = network(kind, Canvas(1, 3, 4))
    for block in net.modules():
        if isinstance(block, GatedBlock | TransformerBlock):
            block.dropout = 0.5
    codes, condition = torch.randint(0, K, (6, 12)), torch.randn(6, 3)
    with torch.no_grad():
        first, again, other = (
            net(codes, condition, noise=BatchNoise(6, 0, step)) for step in (1, 1, 2)
        )
        whole = net(codes, condition)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(whole, net(codes, condition))
    assert not torch.equal(whole, first)
