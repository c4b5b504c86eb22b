"""PixelSNAIL (1712.09763) over grids of codes, each predicted from all before it in raster order.

Causal convolutions see what is near, attention sees all that came before. The features of a
position never see its own code, which joins keys and values only for positions after it. Whole
grids are read at once in training. Drawing goes position by position and computes no position
twice: convolutions cache their inputs, attention caches keys and values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Canvas
from pxgen.models.layers import FeatureNorm, dropout_features
from pxgen.noise import Noise

KEY = 16
"""Numbers of a key and of a query."""


class CausalConv(nn.Module):
    """A convolution of the 3×3 neighbours before a position, and of the whole 3×3 a frame before.

    A position may see ``itself`` where features do not hold its code.
    """

    def __init__(self, grid: Canvas, enter: int, leave: int, *, itself: bool) -> None:
        super().__init__()
        self.grid = grid
        around = list(product((-1, 0), (-1, 0, 1), (-1, 0, 1)))
        self.taps = [tap for tap in around if tap < (0, 0, 0) and (grid.frames > 1 or not tap[0])]
        if itself:
            self.taps.append((0, 0, 0))
        self.mix = nn.Linear(len(self.taps) * enter, leave)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, T, H, W, enter)`` to ``(B, T, H, W, leave)``."""
        T, H, W = self.grid
        planes, kernel = x.flatten(0, 1), self._kernel()
        if T > 1:
            # The frame before becomes channels of each.
            before = F.pad(x, (0, 0, 0, 0, 0, 0, 1, 0))[:, :T].flatten(0, 1)
            planes = torch.cat([before, planes], -1)
        mixed = F.conv2d(planes.permute(0, 3, 1, 2), kernel, self.mix.bias, padding=1)
        return mixed.permute(0, 2, 3, 1).view(-1, T, H, W, self.mix.out_features)

    def _kernel(self) -> Tensor:
        """``(leave, frames · enter, 3, 3)``, zero at neighbours that come later.

        Gathering the neighbours before would save those products and cost more than they do.
        """
        frames = min(2, self.grid.frames)
        seen = torch.unflatten(self.mix.weight, 1, (len(self.taps), -1))
        whole = F.pad(seen, (0, 0, 0, 9 * frames - len(self.taps)))
        return torch.unflatten(whole, 1, (frames, 3, 3)).permute(0, 1, 4, 2, 3).flatten(1, 2)


class ConvCache:
    """The inputs of a causal convolution so far, for ``n`` grids at once."""

    def __init__(self, layer: CausalConv, n: int) -> None:
        T, H, W = layer.grid
        weight, bias = layer.mix.weight, layer.mix.bias
        self._weight, self._bias = weight.t(), bias
        enter = layer.mix.in_features // len(layer.taps)
        across, frame = W + 2, (W + 2) * (H + 2)
        self._seen = weight.new_zeros(n, (T + 1) * frame, enter)
        places = torch.arange((T + 1) * frame).view(T + 1, H + 2, W + 2)[1:, 1:-1, 1:-1].flatten()
        offsets = torch.tensor([dt * frame + dy * across + dx for dt, dy, dx in layer.taps])
        self._around = (places.unsqueeze(1) + offsets).to(weight.device)
        self._places = places.tolist()

    def put(self, position: int, x: Tensor) -> None:
        """Cache the ``(n, enter)`` input at a position."""
        self._seen[:, self._places[position]] = x

    def out(self, position: int) -> Tensor:
        """``(n, leave)``: the output at a position."""
        around = self._seen.index_select(1, self._around[position]).flatten(1)
        return torch.addmm(self._bias, around, self._weight)


class GatedBlock(nn.Module):
    """Two causal convolutions and a gate (1606.05328), shifted by a condition."""

    def __init__(self, grid: Canvas, width: int, condition: int, dropout: float) -> None:
        super().__init__()
        self.first = CausalConv(grid, width, width, itself=True)
        self.second = CausalConv(grid, width, 2 * width, itself=True)
        self.modulate = nn.Linear(condition, width)
        self.dropout = dropout
        nn.init.zeros_(self.second.mix.weight)

    def forward(self, x: Tensor, condition: Tensor, noise: Noise | None = None) -> Tensor:
        """``(B, T, H, W, C)`` and ``(B, condition)`` to ``(B, T, H, W, C)``."""
        inner = self.first(F.elu(x)) + self.modulate(condition)[:, None, None, None]
        return x + F.glu(self.second(dropout_features(F.elu(inner), self.dropout, noise)), -1)


class CausalAttention(nn.Module):
    """Attention of each position to all before it, and to a learnt key that stands first."""

    def __init__(self, width: int, code: int) -> None:
        super().__init__()
        self.norm = FeatureNorm(width)
        self.query = nn.Linear(width, KEY)
        self.key_value = nn.Linear(width + code, KEY + width)
        self.nothing = nn.Parameter(torch.zeros(KEY + width))
        self.out = nn.Linear(width, width)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor, codes: Tensor) -> Tensor:
        """``(B, N, C)`` features, which do not hold the ``(B, N, E)`` codes, to ``(B, N, C)``."""
        B, _, C = x.shape
        normed = self.norm(x)
        both = self.key_value(torch.cat([normed, codes], -1)[:, :-1])
        # The learnt key comes first: row p sees it and the p positions before.
        both = torch.cat([self.nothing.expand(B, 1, -1), both], 1)
        query = self.query(normed)
        both = both.to(query.dtype)
        key, value = both[..., :KEY], both[..., KEY:]
        # Of equal lengths they have a kernel that never holds all pairs of positions at once.
        length = max(KEY, C)
        query, key, value = (F.pad(y, (0, length - y.shape[-1])) for y in (query, key, value))
        mixed = F.scaled_dot_product_attention(
            query[:, None], key[:, None], value[:, None], is_causal=True, scale=KEY**-0.5
        )
        update: Tensor = self.out(mixed[:, 0, :, :C])
        return x + update


class KeyValueCache:
    """Keys and values of the positions so far, of all layers, for ``n`` grids at once."""

    def __init__(self, layers: Sequence[CausalAttention], n: int, positions: int) -> None:
        self._layers = layers
        width = layers[0].out.in_features
        nothing = torch.stack([layer.nothing for layer in layers])
        self._known = nothing.new_zeros(len(layers), n, positions + 1, KEY + width)
        self._known[:, :, 0] = nothing.unsqueeze(1)
        # Queries and the features' part of keys and values come of one product.
        self._both = [
            (
                torch.cat([layer.query.weight, layer.key_value.weight[:, :width]]).t(),
                torch.cat([layer.query.bias, layer.key_value.bias]),
            )
            for layer in layers
        ]
        self._codes = torch.cat([layer.key_value.weight[:, width:] for layer in layers]).t()
        self._parts = nothing.new_zeros(len(layers), n, KEY + width)

    def out(self, number: int, position: int, x: Tensor) -> Tensor:
        """``(n, C)`` features at a position through layer ``number``."""
        layer = self._layers[number]
        weight, bias = self._both[number]
        both = torch.addmm(bias, layer.norm(x), weight)
        self._parts[number] = both[:, KEY:]
        known = self._known[number, :, : position + 1]
        query = both[:, :KEY].unsqueeze(2) / math.sqrt(KEY)
        weights = torch.bmm(known[..., :KEY], query).softmax(1)
        mixed = torch.bmm(weights.mT, known[..., KEY:]).squeeze(1)
        update: Tensor = layer.out(mixed)
        return x + update

    def put(self, position: int, codes: Tensor) -> None:
        """Cache keys and values of the last position, whose ``(n, E)`` code is known now."""
        parts = (codes @ self._codes).view(len(codes), len(self._layers), -1)
        self._known[:, :, position + 1] = self._parts + parts.transpose(0, 1)


class PixelSnail(nn.Module):
    """Logits of every code of a grid, given all before it and a vector, the ``condition``."""

    def __init__(
        self, grid: Canvas, codes: int, *, width: int, blocks: int, condition: int, dropout: float
    ) -> None:
        super().__init__()
        self.grid = grid
        N = grid.pixels
        self.embed = nn.Embedding(codes, width)
        self.enter = CausalConv(grid, width, width, itself=False)
        self.position = nn.Parameter(nn.init.normal_(torch.empty(N, width), std=0.02))
        self.gated = nn.ModuleList(
            GatedBlock(grid, width, condition, dropout) for _ in range(blocks)
        )
        self.attention = nn.ModuleList(CausalAttention(width, width) for _ in range(blocks))
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
        """``(B, N)`` codes, ``(B, condition)`` and ``(B, N, width)`` to ``(B, N, codes) float32``.

        Dropout draws from the noise; there is none without it.
        """
        embedded = self.embed(codes)
        x = self.enter(embedded.view(-1, *self.grid, embedded.shape[-1])).flatten(1, 3)
        x = x + self.position if context is None else x + self.position + context
        for gated, attention in zip(self.gated, self.attention, strict=True):
            x = gated(x.view(-1, *self.grid, x.shape[-1]), condition, noise).flatten(1, 3)
            x = attention(x, embedded)
        logits: Tensor = self.leave(F.elu(x)).float() + self.bias
        return logits

    def cached(self, condition: Tensor, context: Tensor | None = None) -> CachedPixelSnail:
        """Cached sampling of ``n`` grids, by an ``(n, condition)`` vector."""
        return CachedPixelSnail(self, condition, context)


class CachedPixelSnail:
    """Cached sampling: for each position in order ``logits``, then ``append`` its codes."""

    def __init__(self, net: PixelSnail, condition: Tensor, context: Tensor | None) -> None:
        n = len(condition)
        self._net = net
        gated = cast(Sequence[GatedBlock], net.gated)
        self._shifts = [block.modulate(condition) for block in gated]
        self._enter = ConvCache(net.enter, n)
        self._convs = [(ConvCache(b.first, n), ConvCache(b.second, n)) for b in gated]
        layers = cast(Sequence[CausalAttention], net.attention)
        self._attention = KeyValueCache(layers, n, net.grid.pixels)
        self._context = net.position if context is None else net.position + context

    def logits(self, position: int) -> Tensor:
        """``(n, codes) float32`` at the next position."""
        net = self._net
        x = self._enter.out(position) + self._context[..., position, :]
        for number, (first, second) in enumerate(self._convs):
            first.put(position, F.elu(x))
            second.put(position, F.elu(first.out(position) + self._shifts[number]))
            x = x + F.glu(second.out(position), -1)
            x = self._attention.out(number, position, x)
        logits: Tensor = net.leave(F.elu(x)).float() + net.bias[position]
        return logits

    def append(self, position: int, codes: Tensor) -> None:
        """Append ``(n,) int64`` codes at a position."""
        embedded = self._net.embed(codes)
        self._enter.put(position, embedded)
        self._attention.put(position, embedded)
