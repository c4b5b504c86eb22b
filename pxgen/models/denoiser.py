"""The network that reads a partly hidden index map and says what every pixel may be.

It works on cells of ``patch × patch`` pixels, where a convolution costs a quarter or less, with one
coarser level, and returns to pixels at the end beside one cheap convolution at full resolution.
Frames of a clip are channels of the same cell. The output is low-rank: a feature a pixel against a
vector a colour, so that a large palette costs little and one pixel can be asked alone.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Canvas, Domain
from pxgen.models.conditioning import LabelEmbedding
from pxgen.models.layers import (
    AttentionBlock,
    ChannelNorm,
    GlobalBlock,
    ResidualBlock,
    frequencies,
    prefer_channels_last,
)

CELLS = 256
"""Cells a canvas is divided into at most: what lies above is learnt too slowly on a CPU."""
EMBEDDING = 16
HEADS = 4


class Denoiser(nn.Module):
    """Logits over the palette for chosen pixels of a partly hidden sprite."""

    def __init__(
        self, domain: Domain, *, width: int, coarse: int, depth: int, hidden: int, rank: int
    ) -> None:
        super().__init__()
        canvas = domain.canvas
        self.canvas, self.colors, self.rank = canvas, domain.colors, rank
        self.patch = patch_side(canvas)
        # Both levels must tile the canvas; what is added lies outside and is cut off again.
        tile = 2 * self.patch
        self.padded = Canvas(
            canvas.frames, -(-canvas.height // tile) * tile, -(-canvas.width // tile) * tile
        )
        cells = (self.padded.height // self.patch, self.padded.width // self.patch)
        planes, area = EMBEDDING * canvas.frames, self.patch**2

        self.embed = nn.Embedding(domain.colors + 1, EMBEDDING)
        self.condition = LabelEmbedding(domain.labels, hidden)
        self.stem = nn.Conv2d(planes * area, width, 1)
        self.position = nn.Parameter(nn.init.normal_(torch.empty(1, width, *cells), std=0.02))
        self.overview = GlobalBlock(width, cells, hidden, hidden)
        self.before = ResidualBlock(width, hidden)
        self.down = nn.Conv2d(4 * width, coarse, 1)
        self.coarse = nn.ModuleList(
            block
            for _ in range(depth)
            for block in (
                ResidualBlock(coarse, hidden),
                AttentionBlock(coarse, math.gcd(coarse, HEADS)),
            )
        )
        self.up = nn.Conv2d(coarse, 4 * width, 1)
        self.after = nn.ModuleList(ResidualBlock(width, hidden) for _ in range(depth))
        self.norm = ChannelNorm(width)
        self.leave = nn.Conv2d(width, rank * canvas.frames * area, 1)
        self.fine = nn.Conv2d(planes, rank * canvas.frames, 3, padding=1)
        palette = torch.empty(domain.colors, rank)
        self.palette = nn.Parameter(nn.init.normal_(palette, std=rank**-0.5))
        self.bias = nn.Parameter(torch.zeros(canvas.pixels, domain.colors))
        nn.init.zeros_(self.up.weight)
        prefer_channels_last(self)

    @property
    def hidden_token(self) -> int:
        """The index that stands for a pixel not yet known."""
        return self.colors

    def forward(self, tokens: Tensor, labels: Tensor, where: Tensor) -> Tensor:
        """Logits at chosen pixels.

        Args:
            tokens: ``(B, P) int64`` palette indices or the hidden token, P pixels in reading order.
            labels: ``(B, L) float32`` in [-1, 1].
            where: ``(B, M) int64`` pixels asked for.

        Returns:
            ``(B, M, K) float32`` logits.
        """
        features = self.features(tokens, labels)
        chosen = features.gather(1, where.unsqueeze(-1).expand(-1, -1, self.rank))
        # The loss and the draws need full precision whatever the network ran in.
        logits: Tensor = chosen.float() @ self.palette.t() + F.embedding(where, self.bias)
        return logits

    def features(self, tokens: Tensor, labels: Tensor) -> Tensor:
        """``(B, P)`` tokens to ``(B, P, rank)`` features."""
        share = (tokens == self.hidden_token).float().mean(1)
        condition = self.condition(labels, share)
        planes = self._planes(tokens)
        x = self.stem(_channels_last(F.pixel_unshuffle(planes, self.patch))) + self.position
        x = self.before(self.overview(x, condition), condition)
        y = self.down(_channels_last(F.pixel_unshuffle(x, 2)))
        for block in self.coarse:
            y = block(y, condition)
        x = x + F.pixel_shuffle(self.up(y), 2)
        for block in self.after:
            x = block(x, condition)
        fine = F.pixel_shuffle(self.leave(self.norm(x)), self.patch) + self.fine(planes)
        T, H, W = self.canvas
        pixels: Tensor = fine[:, :, :H, :W].unflatten(1, (T, self.rank))
        return pixels.permute(0, 1, 3, 4, 2).reshape(len(tokens), -1, self.rank)

    def _planes(self, tokens: Tensor) -> Tensor:
        """``(B, P)`` to ``(B, T·E, H', W')``, the hidden token outside the canvas."""
        T, H, W = self.canvas
        below, right = self.padded.height - H, self.padded.width - W
        maps = F.pad(tokens.view(-1, T, H, W), (0, right, 0, below), value=self.hidden_token)
        embedded: Tensor = self.embed(maps).permute(0, 2, 3, 1, 4).flatten(3)
        return embedded.permute(0, 3, 1, 2)

    @torch.no_grad()
    def start_from(self, pixels: Tensor) -> None:
        """Begin with what each position of ``(N, T, H, W)`` training sprites holds on its own."""
        self.bias.copy_(frequencies(pixels.flatten(1), self.colors).log())


def patch_side(canvas: Canvas) -> int:
    """The smallest power of two, from 2, that divides the canvas into at most ``CELLS`` cells."""
    patch = 2
    while math.ceil(canvas.height / patch) * math.ceil(canvas.width / patch) > CELLS:
        patch *= 2
    return patch


def _channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)
