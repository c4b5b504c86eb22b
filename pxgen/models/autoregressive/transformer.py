"""A causal transformer (1706.03762) over grids of codes, with the interface of PixelSNAIL.

Every position takes the code before it as input and attends to the positions before; drawing caches
keys and values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Canvas
from pxgen.models.layers import FeatureNorm, dropout_features
from pxgen.noise import Noise

HEADS = 4


class TransformerBlock(nn.Module):
    """Causal attention and a perceptron shifted by a condition; starts as the identity."""

    def __init__(self, width: int, condition: int, dropout: float) -> None:
        super().__init__()
        self.heads = math.gcd(width, HEADS)
        self.norm, self.norm_inner = FeatureNorm(width), FeatureNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.modulate = nn.Linear(condition, width)
        self.enter = nn.Linear(width, 4 * width)
        self.leave = nn.Linear(4 * width, width)
        self.dropout = dropout
        for layer in (self.out, self.leave):
            nn.init.zeros_(layer.weight)

    def forward(self, x: Tensor, condition: Tensor, noise: Noise | None = None) -> Tensor:
        """``(B, N, C)`` and ``(B, condition)`` to ``(B, N, C)``."""
        B, N, C = x.shape
        qkv = self.qkv(self.norm(x)).view(B, N, 3, self.heads, C // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(B, N, C))
        return x + self.perceptron(x, self.modulate(condition)[:, None], noise)

    def perceptron(self, x: Tensor, shift: Tensor, noise: Noise | None = None) -> Tensor:
        """The residual update of ``(..., C)`` features."""
        inner = F.silu(self.enter(self.norm_inner(x) + shift))
        update: Tensor = self.leave(dropout_features(inner, self.dropout, noise))
        return update


class CausalTransformer(nn.Module):
    """Logits of every code of a grid, given all before it; arguments as of ``PixelSnail``."""

    def __init__(
        self, grid: Canvas, codes: int, *, width: int, blocks: int, condition: int, dropout: float
    ) -> None:
        super().__init__()
        self.grid = grid
        N = grid.pixels
        self.embed = nn.Embedding(codes, width)
        self.start = nn.Parameter(torch.zeros(width))
        self.position = nn.Parameter(nn.init.normal_(torch.empty(N, width), std=0.02))
        self.blocks = nn.ModuleList(
            TransformerBlock(width, condition, dropout) for _ in range(blocks)
        )
        self.norm = FeatureNorm(width)
        self.leave = nn.Linear(width, codes, bias=False)
        self.bias = nn.Parameter(torch.zeros(N, codes))
        nn.init.zeros_(self.leave.weight)

    def forward(
        self,
        codes: Tensor,
        condition: Tensor,
        context: Tensor | None = None,
        noise: Noise | None = None,
    ) -> Tensor:
        """``(B, N)`` codes, ``(B, condition)`` and ``(B, N, width)`` to ``(B, N, codes)``."""
        before = self.embed(codes[:, :-1])
        x = torch.cat([self.start.expand(len(codes), 1, -1), before], 1) + self.position
        x = x if context is None else x + context
        for block in self.blocks:
            x = block(x, condition, noise)
        logits: Tensor = self.leave(self.norm(x)).float() + self.bias
        return logits

    def cached(self, condition: Tensor, context: Tensor | None = None) -> CachedTransformer:
        """Cached sampling of ``n`` grids, by an ``(n, condition)`` vector."""
        return CachedTransformer(self, condition, context)


class CachedTransformer:
    """Cached sampling: for each position in order ``logits``, then ``append`` its codes."""

    def __init__(self, net: CausalTransformer, condition: Tensor, context: Tensor | None) -> None:
        n, width = len(condition), len(net.start)
        self._net = net
        self._blocks = cast(Sequence[TransformerBlock], net.blocks)
        self._shifts = [block.modulate(condition) for block in self._blocks]
        self._context = net.position if context is None else net.position + context
        self._last = net.start.expand(n, -1)
        heads = self._blocks[0].heads
        shape = (len(self._blocks), 2, n, heads, net.grid.pixels, width // heads)
        self._known = condition.new_zeros(shape)

    def logits(self, position: int) -> Tensor:
        """``(n, codes) float32`` at the next position."""
        net, x = self._net, self._last + self._context[..., position, :]
        n, C = x.shape
        for number, block in enumerate(self._blocks):
            known = self._known[number]
            qkv = block.qkv(block.norm(x)).view(n, 3, block.heads, C // block.heads)
            query, key, value = qkv.permute(1, 0, 2, 3)
            known[0, :, :, position], known[1, :, :, position] = key, value
            keys, values = known[:, :, :, : position + 1]
            mixed = F.scaled_dot_product_attention(query.unsqueeze(2), keys, values)
            x = x + block.out(mixed.reshape(n, C))
            x = x + block.perceptron(x, self._shifts[number])
        logits: Tensor = net.leave(net.norm(x)).float() + net.bias[position]
        return logits

    def append(self, position: int, codes: Tensor) -> None:
        """Append ``(n,) int64`` codes at a position."""
        self._last = self._net.embed(codes)
