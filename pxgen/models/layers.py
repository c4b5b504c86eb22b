"""Layers and blocks that networks share, chosen by what they cost on a CPU.

Activations are ``(B, C, h, w)`` in channels_last memory, where convolutions are fastest and a norm
over channels reads memory in order; GroupNorm in that layout would cost more than the convolutions.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Canvas, Domain
from pxgen.noise import Noise

Wrap = tuple[bool, bool]
"""Seamless borders: top to bottom, and left to right."""
NO_WRAP: Wrap = (False, False)


class FeatureNorm(nn.RMSNorm):
    """RMS-norm (1910.07467) over the last dimension, in the precision of what comes in."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``(..., C)``; torch has a fast path for weights of the input's type only."""
        return F.rms_norm(x, self.normalized_shape, self.weight.to(x.dtype), self.eps)


class ChannelNorm(FeatureNorm):
    """RMS-norm over the channels of each position of ``(B, C, h, w)``."""

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, h, w)`` to the same; the memory layout stays channels_last."""
        normed: Tensor = super().forward(x.permute(0, 2, 3, 1))
        return normed.permute(0, 3, 1, 2)


class CanvasLinear(nn.Linear):
    """A linear layer over a whole canvas.

    Its rows or columns belong to places, so the optimizer steps each weight by itself (AdamW).
    """


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions around a feature-wise modulation (FiLM, 1709.07871).

    The last convolution starts at zero, so a new block is the identity.
    """

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.modulate = nn.Linear(condition, 2 * width)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        for layer in (self.modulate, self.second):
            nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.modulate.bias)

    def forward(self, x: Tensor, condition: Tensor, wrap: Wrap = NO_WRAP) -> Tensor:
        """``(B, C, h, w)`` and ``(B, condition)`` to ``(B, C, h, w)``."""
        scale, shift = self.modulate(condition)[:, :, None, None].chunk(2, dim=1)
        inner = convolve(self.first, self.norm(x), wrap) * (1 + scale) + shift
        return x + convolve(self.second, F.silu(inner), wrap)


class AttentionBlock(nn.Module):
    """Self-attention over positions (1706.03762), and cross-attention to tokens; starts at zero."""

    def __init__(self, width: int, heads: int, *, reads_tokens: bool) -> None:
        super().__init__()
        self.heads = heads
        self.norm = FeatureNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.read = nn.Linear(width, 2 * width) if reads_tokens else None
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor, tokens: Tensor | None, frames: int = 1) -> Tensor:
        """``(B·T, C, h, w)`` and ``(B, N, C)`` tokens, if it reads them, to ``(B·T, C, h, w)``.

        Positions attend to those of all ``frames``, T, of their sprite.
        """
        C, h, w = x.shape[1:]
        stream = x.permute(0, 2, 3, 1).reshape(-1, frames * h * w, C)
        B, P, _ = stream.shape
        qkv = self.qkv(self.norm(stream)).view(B, P, 3, self.heads, C // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        if self.read is not None and tokens is not None:
            read = self.read(tokens).view(B, -1, 2, self.heads, C // self.heads)
            more_keys, more_values = read.permute(2, 0, 3, 1, 4)
            key, value = torch.cat([key, more_keys], 2), torch.cat([value, more_values], 2)
        mixed = F.scaled_dot_product_attention(query, key, value)
        stream = stream + self.out(mixed.transpose(1, 2).reshape(B, P, C))
        image: Tensor = stream.view(-1, h, w, C).permute(0, 3, 1, 2)
        return image


class FrameMixing(nn.Module):
    """A residual perceptron over the frames of a clip at each position; starts at zero."""

    def __init__(self, width: int, frames: int) -> None:
        super().__init__()
        self.channels = 16
        mixed = self.channels * frames
        self.norm = ChannelNorm(width)
        self.squeeze = nn.Conv2d(width, self.channels, 1)
        self.mix = nn.Conv2d(mixed, mixed, 1)
        self.leave = nn.Conv2d(mixed, mixed, 1)
        self.expand = nn.Conv2d(self.channels, width, 1)
        nn.init.zeros_(self.expand.weight)

    def forward(self, x: Tensor) -> Tensor:
        """``(B·T, C, h, w)`` to the same."""
        h, w = x.shape[2:]
        apart = self.squeeze(self.norm(x))
        together = apart.reshape(-1, self.mix.in_channels, h, w)
        together = self.leave(F.silu(self.mix(together)))
        update: Tensor = self.expand(F.silu(together.reshape(-1, self.channels, h, w)))
        return x + update


class GlobalBlock(nn.Module):
    """A residual perceptron over the whole canvas: position-specific and almost free.

    Sprites of one set are drawn to one template, which a dense layer learns where it is and
    convolutions everywhere. On a CPU its weights cost one multiplication a sprite each, a
    convolution's cost one a position.
    """

    indivisible: ClassVar[bool] = True

    def __init__(
        self, width: int, cells: Canvas, condition: int, hidden: int, channels: int = 16
    ) -> None:
        super().__init__()
        self.cells, self.channels = cells, channels
        flat = self.channels * cells.pixels
        self.squeeze = nn.Conv2d(width, self.channels, 1)
        self.enter = CanvasLinear(flat + condition, hidden)
        self.middle = nn.Linear(hidden, hidden)
        self.leave = CanvasLinear(hidden, flat)
        self.expand = nn.Conv2d(self.channels, width, 1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """``(B·T, C, h, w)`` and ``(B, condition)`` to ``(B·T, C, h, w)``."""
        B = len(condition)
        flat = self.squeeze(x).permute(0, 2, 3, 1).reshape(B, -1)
        # The first layer of [flat, condition], without the copy that joining them would cost.
        split = flat.shape[1]
        hidden = F.linear(flat, self.enter.weight[:, :split], self.enter.bias)
        hidden = F.silu(hidden + F.linear(condition, self.enter.weight[:, split:]))
        hidden = hidden + F.silu(self.middle(hidden))
        planes = self.leave(hidden).view(len(x), *self.cells[1:], self.channels)
        planes = planes.permute(0, 3, 1, 2)
        update: Tensor = self.expand(planes)
        return x + update


class PaletteHead(nn.Module):
    """Logits over the palette: a feature vector a pixel against one a colour, and a bias a place.

    Low rank: a large palette costs little, and single pixels can be predicted. Networks inherit it.
    """

    palette: nn.Parameter
    bias: nn.Parameter

    def add_head(self, domain: Domain, rank: int) -> None:
        """Make the weights for features of ``rank`` numbers."""
        palette = torch.empty(domain.colors, rank)
        self.palette = nn.Parameter(nn.init.normal_(palette, std=rank**-0.5))
        self.bias = nn.Parameter(torch.zeros(domain.canvas.pixels, domain.colors))

    def logits(self, features: Tensor) -> Tensor:
        """``(B, P, rank)`` features to ``(B, P, K) float32``, whatever the network ran in."""
        return features.float() @ self.palette.t() + self.bias

    def logits_at(self, features: Tensor, places: Tensor) -> Tensor:
        """The same at ``(B, M) int64`` places alone: ``(B, M, K)``."""
        return at_places(features, places).float() @ self.palette.t() + F.embedding(
            places, self.bias
        )

    def start_from(self, tokens: Tensor) -> None:
        """Set the bias to the frequencies of colours at each place of ``(N, P)`` sprites."""
        start_bias(self.bias, tokens)


def at_places(features: Tensor, places: Tensor) -> Tensor:
    """``(B, P, C)`` features at ``(B, M) int64`` places: ``(B, M, C)``."""
    return features.gather(1, places.unsqueeze(-1).expand(-1, -1, features.shape[-1]))


def convolve(layer: nn.Conv2d, x: Tensor, wrap: Wrap) -> Tensor:
    """A 3×3 convolution of ``(B, C, h, w)`` with circular padding where borders wrap round."""
    if wrap == NO_WRAP:
        image: Tensor = layer(x)
        return image
    down, across = wrap
    x = F.pad(x, (0, 0, 1, 1), mode="circular" if down else "constant")
    x = F.pad(x, (1, 1, 0, 0), mode="circular" if across else "constant")
    return F.conv2d(x, layer.weight, layer.bias)


def to_planes(features: Tensor, canvas: Canvas, tile: int) -> Tensor:
    """``(B, P, C)`` features to ``(B, T·C, H', W')`` planes whose sides divide by ``tile``.

    Zeros are padded below and at the right.
    """
    T, H, W = canvas
    planes = torch.unflatten(features, 1, (T, H, W)).permute(0, 1, 4, 2, 3).flatten(1, 2)
    padded = F.pad(planes, (0, -W % tile, 0, -H % tile))
    return padded.contiguous(memory_format=torch.channels_last)


def dropout_features(x: Tensor, rate: float, noise: Noise | None) -> Tensor:
    """Dropout (1207.0580) of ``(B, ...)`` features by the noise of a step; none without noise.

    Draws of torch's own would depend on what had been drawn before, in whichever thread: a resumed
    training could not repeat them.
    """
    if noise is None or not rate:
        return x
    return x * (noise.uniform(*x.shape[1:]) >= rate) / (1 - rate)


@torch.no_grad()
def start_bias(bias: Tensor, tokens: Tensor, present: Tensor | None = None) -> None:
    """Set a ``(P, K)`` bias to the log-frequencies of colours at each place of ``(N, P)`` sprites.

    Smoothed by the overall frequencies, so that no colour is impossible anywhere. Pixels that are
    not ``present``, ``(N, P) bool``, do not count.
    """
    counts = torch.zeros_like(bias)
    counted = torch.ones_like(tokens) if present is None else present
    counts.scatter_add_(1, tokens.t(), counted.t().to(counts.dtype))
    overall = counts.sum(0) + 1
    shares = (counts + 2 * overall / overall.sum()) / (counts.sum(1, keepdim=True) + 2)
    bias.copy_(shares.log())


def prefer_channels_last(module: nn.Module) -> None:
    """Lay convolution weights out in channels_last, as inputs are, so that no call copies them."""
    for parameter in module.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


def prefer_columns(module: nn.Module) -> None:
    """Lay a layer that spreads few numbers over a canvas out by its columns, for drawing.

    For one picture alone that is a sum of columns at the speed of memory; by its rows it would be
    as many short dot products as it has outputs, which take three times as long.
    """
    for part in module.modules():
        if isinstance(part, CanvasLinear) and part.out_features > part.in_features:
            part.weight.data = part.weight.data.t().contiguous().t()
