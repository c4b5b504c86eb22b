"""The backbone of every diffusion: a U-Net with labels, from pixel embeddings to pixel features.

It works on cells of ``patch × patch`` pixels, where a convolution costs a quarter or less, with one
coarser level, and returns to pixels at the end beside one cheap convolution at full resolution.
Frames of a clip are channels of the same cell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Canvas, Domain
from pxgen.config.schema import setting
from pxgen.errors import UsageError
from pxgen.models.conditioning import LabelEmbedding, LabelTokens
from pxgen.models.layers import (
    NO_WRAP,
    AttentionBlock,
    ChannelNorm,
    GlobalBlock,
    ResidualBlock,
    Wrap,
    convolve,
)
from pxgen.models.protocol import ModelSpec

MAX_CELLS = 256
"""Cells a canvas is divided into at most: more are learnt too slowly on a CPU."""
EMBEDDING = 16
"""Numbers of a pixel's embedding."""
HEADS = 4


@dataclass(frozen=True, kw_only=True)
class BackboneSpec(ModelSpec):
    """Settings of the network's size."""

    width: int = setting(32, "channels of the fine level", low=8, high=1024)
    coarse: int = setting(64, "channels of the coarse level", low=8, high=2048)
    depth: int = setting(1, "blocks a level", low=1, high=16)
    hidden: int = setting(192, "width of the label vector and the overview", low=8, high=4096)
    rank: int = setting(16, "features that tell colours apart", low=1, high=256)
    conditioning: Literal["sum", "attention", "both"] = setting(
        "sum", "how labels enter: their sum moves all features, places attend to them, or both"
    )


class Backbone(nn.Module):
    """Features of ``rank`` numbers a pixel from ``EMBEDDING`` numbers a pixel and labels.

    Subclasses call ``embed``, which makes the embeddings.
    """

    def __init__(self, spec: BackboneSpec, domain: Domain, embed: nn.Module, rank: int) -> None:
        super().__init__()
        canvas = domain.canvas
        self.canvas, self.rank = canvas, rank
        self.patch = patch_side(canvas)
        # Both levels must tile the canvas; the padding is cut off again.
        tile = 2 * self.patch
        self.padded = Canvas(
            canvas.frames, -(-canvas.height // tile) * tile, -(-canvas.width // tile) * tile
        )
        cells = (self.padded.height // self.patch, self.padded.width // self.patch)
        planes, area = EMBEDDING * canvas.frames, self.patch**2

        width, coarse, depth, hidden = spec.width, spec.coarse, spec.depth, spec.hidden
        self.embed = embed
        summed = 0 if spec.conditioning == "attention" else domain.label_count
        self.condition = LabelEmbedding(summed, hidden)
        attended = spec.conditioning != "sum" and domain.label_count > 0
        self.tokens = LabelTokens(domain.label_count, coarse) if attended else None
        self.stem = nn.Conv2d(planes * area, width, 1)
        self.position = nn.Parameter(nn.init.normal_(torch.empty(1, width, *cells), std=0.02))
        self.overview = GlobalBlock(width, cells, hidden, hidden)
        self.before = ResidualBlock(width, hidden)
        self.down = nn.Conv2d(4 * width, coarse, 1)
        heads = math.gcd(coarse, HEADS)
        self.coarse = nn.ModuleList(
            block
            for _ in range(depth)
            for block in (
                ResidualBlock(coarse, hidden),
                AttentionBlock(coarse, heads, reads_tokens=attended),
            )
        )
        self.up = nn.Conv2d(coarse, 4 * width, 1)
        self.after = nn.ModuleList(ResidualBlock(width, hidden) for _ in range(depth))
        self.norm = ChannelNorm(width)
        self.leave = nn.Conv2d(width, rank * canvas.frames * area, 1)
        self.fine = nn.Conv2d(planes, rank * canvas.frames, 3, padding=1)
        nn.init.zeros_(self.up.weight)

    def features(
        self, embedded: Tensor, labels: Tensor, level: Tensor, wrap: Wrap = NO_WRAP
    ) -> Tensor:
        """``(B, T, H', W', E)`` pixels on the padded canvas to ``(B, P, rank)``.

        ``level``, ``(B,)`` in [0, 1], is the share of the sprites that is masked or noise.

        Raises:
            UsageError: a padded canvas shall wrap round.
        """
        if wrap != NO_WRAP and self.padded != self.canvas:
            raise UsageError(
                f"--tile needs sides that {2 * self.patch} divides; this model draws "
                f"{self.canvas.width}x{self.canvas.height}"
            )
        condition = self.condition(labels, level)
        tokens = None if self.tokens is None else self.tokens(labels)
        planes = embedded.permute(0, 2, 3, 1, 4).flatten(3).permute(0, 3, 1, 2)
        x = self.stem(_channels_last(F.pixel_unshuffle(planes, self.patch))) + self.position
        x = self.before(self.overview(x, condition), condition, wrap)
        y = self.down(_channels_last(F.pixel_unshuffle(x, 2)))
        for block in self.coarse:
            attends = isinstance(block, AttentionBlock)
            y = block(y, tokens) if attends else block(y, condition, wrap)
        x = x + F.pixel_shuffle(self.up(y), 2)
        for block in self.after:
            x = block(x, condition, wrap)
        fine = F.pixel_shuffle(self.leave(self.norm(x)), self.patch)
        fine = fine + convolve(self.fine, planes, wrap)
        T, H, W = self.canvas
        pixels: Tensor = fine[:, :, :H, :W].reshape(-1, T, self.rank, H, W)
        return pixels.permute(0, 1, 3, 4, 2).reshape(len(labels), -1, self.rank)

    def pad(self, maps: Tensor, value: float) -> Tensor:
        """``(B, T, H, W)`` maps to the padded canvas, ``value`` below and at the right."""
        below = self.padded.height - self.canvas.height
        right = self.padded.width - self.canvas.width
        return F.pad(maps, (0, right, 0, below), value=value)


def patch_side(canvas: Canvas) -> int:
    """The smallest power of two, from 2, that makes at most ``MAX_CELLS`` cells of a canvas."""
    patch = 2
    while math.ceil(canvas.height / patch) * math.ceil(canvas.width / patch) > MAX_CELLS:
        patch *= 2
    return patch


def _channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)
