"""The backbone of every diffusion: a U-Net with labels, from pixel embeddings to pixel features.

It works on cells of ``patch × patch`` pixels, where a convolution costs a quarter or less, with one
coarser level, and returns to pixels at the end beside one cheap convolution at full resolution.
Frames of a clip that are much alike, such as steps, are channels of one image. Others, such as
views, are images of their own under the same weights, which meet cell by cell, and in the overview
where sprites share a template, else in attention at the coarse level and at full resolution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Canvas, Domain
from pxgen.config.schema import setting
from pxgen.errors import UsageError
from pxgen.models.conditioning import LabelEmbedding, LabelTokens
from pxgen.models.diffusion.color_features import color_features
from pxgen.models.diffusion.label_mixing import LabelMixing
from pxgen.models.diffusion.label_planes import MAX_TABLE, make_label_planes
from pxgen.models.layers import (
    NO_WRAP,
    AttentionBlock,
    ChannelNorm,
    FrameMixing,
    GlobalBlock,
    ResidualBlock,
    Wrap,
    convolve,
)
from pxgen.models.protocol import AUGMENTATION, ModelSpec

MAX_CELLS = 576
"""Cells a canvas is divided into at most, unless told otherwise: more are learnt too slowly on a
CPU, and fewer, of 4×4 pixels, say too little of each."""
EMBEDDING = 16
"""Numbers of a pixel's embedding."""
HEADS = 4
DETAIL = 32
"""Channels at full resolution."""
TEMPLATE_SHARE = 0.25
"""Share of a pixel's bits that its place tells where sprites share a template: it tells more of
characters posed alike, from a few dozen on, and less of monsters and items."""
ALIKE_SHARE = 0.5
"""Share of what a frame shows that is the same in the first of its image, if they are alike: two
thirds of walks and loops, a quarter to a third of views."""
MAX_IMAGES = 8
"""Images that a clip is at most, unless more are asked for: each costs as much as a still."""
PRIOR_SPRITES = 4
"""Sprites that the frequencies of colours anywhere count as, beside those at a place."""


@dataclass(frozen=True, kw_only=True)
class BackboneSpec(ModelSpec):
    """Settings of the network's size."""

    template: Literal["auto", "yes", "no"] = setting(
        "auto", "whether sprites are drawn to one template; auto: found out from them"
    )
    images: int = setting(
        0, "images that a clip is, each of frames beside one another; 0: found out", low=0, high=256
    )
    patch: int = setting(
        0, "pixels of a cell's side; 0: 2, larger where that is more than 576 cells", low=0, high=64
    )
    width: int = setting(
        0, "channels of the fine level; 0: 32 with a template, else 48", low=0, high=1024
    )
    coarse: int = setting(0, "channels of the coarse level; 0: twice the width", low=0, high=2048)
    depth: int = setting(0, "blocks a level; 0: 1 with a template, else 2", low=0, high=16)
    hidden: int = setting(192, "width of the label vector and the overview", low=8, high=4096)
    overview: int = setting(
        16, "channels of each image that the overview of the whole canvas sees", low=1, high=256
    )
    label_planes: int = setting(
        16, "numbers that a label adds at each pixel, at most, with a template", low=0, high=16
    )
    label_mixing: Literal["auto", "yes", "no"] = setting(
        "auto",
        "whether labels, where they are summed, mix what others draw at a pixel; auto: with a "
        "template",
    )
    rank: int = setting(16, "features that tell colours apart", low=1, high=256)
    attention: Literal["auto", "yes", "no"] = setting(
        "auto",
        "whether places attend to one another at the coarse level; auto: without a template",
    )
    detail: Literal["auto", "yes", "no"] = setting(
        "auto",
        "whether a block at full resolution refines images of one frame; auto: those of stills, "
        "or without a template",
    )
    conditioning: Literal["sum", "attention", "both"] = setting(
        "sum", "how labels enter: their sum moves all features, places attend to them, or both"
    )

    @property
    def has_template(self) -> bool:
        """Whether the network is one for sprites of one template."""
        return self.template != "no"

    @property
    def has_attention(self) -> bool:
        """Whether places attend to one another, apart from where they do to labels."""
        return self.attention == "yes" or (self.attention == "auto" and not self.has_template)

    @property
    def has_label_mixing(self) -> bool:
        """Whether labels mix features of pixels, if their sum says which there are."""
        asked = self.label_mixing == "yes" or (self.label_mixing == "auto" and self.has_template)
        return asked and self.conditioning != "attention"

    def has_detail(self, frames: int) -> bool:
        """Whether a block at full resolution refines images of sprites of so many frames."""
        # It holds back how views of one template correspond, which stills have no use for.
        suits = not self.has_template or frames == 1
        asked = self.detail == "yes" or (self.detail == "auto" and suits)
        return asked and max(1, self.images) == frames

    def suited(self, pixels: Tensor) -> Self:
        """With a template where ``(N, T, H, W)`` sprites share one, and the sizes that suit."""
        template = self.template
        if template == "auto":
            template = "yes" if share_a_template(pixels) else "no"
        width = self.width or (32 if template == "yes" else 48)
        depth = self.depth or (1 if template == "yes" else 2)
        coarse = self.coarse or 2 * width
        images = self.images or images_of_likes(pixels)
        found = replace(self, template=template, images=images)
        patch = self.patch or Canvas(*pixels.shape[1:]).cell_side(MAX_CELLS)
        return replace(
            found,
            patch=patch,
            width=width,
            coarse=coarse,
            depth=depth,
            attention=_said(self.attention, found.has_attention),
            detail=_said(self.detail, found.has_detail(pixels.shape[1])),
            label_mixing=_said(self.label_mixing, found.has_label_mixing),
        )


def _said(asked: Literal["auto", "yes", "no"], found: bool) -> Literal["yes", "no"]:
    """What is left open as it was found."""
    if asked != "auto":
        return asked
    return "yes" if found else "no"


class Backbone(nn.Module):
    """Features of ``rank`` numbers a pixel from ``EMBEDDING`` numbers a pixel and conditions.

    Subclasses call ``embed``, which makes the embeddings.
    """

    def __init__(self, spec: BackboneSpec, domain: Domain, embed: nn.Module, rank: int) -> None:
        super().__init__()
        canvas = domain.canvas
        self.canvas, self.rank = canvas, rank
        self.patch = spec.patch or canvas.cell_side(MAX_CELLS)
        # Both levels must tile the canvas; the padding is cut off again.
        tile = 2 * self.patch
        self.padded = Canvas(
            canvas.frames, -(-canvas.height // tile) * tile, -(-canvas.width // tile) * tile
        )
        cells = (self.padded.height // self.patch, self.padded.width // self.patch)
        area, images = self.patch**2, max(1, spec.images)
        if canvas.frames % images:
            raise UsageError(
                f"[model] images = {images}: {canvas.frames} frames are not as many images; take a "
                "number that divides them"
            )
        self.per_image = canvas.frames // images
        channels, ranks = EMBEDDING * self.per_image, rank * self.per_image

        width, depth, hidden = spec.width or 32, spec.depth or 1, spec.hidden
        coarse = spec.coarse or 2 * width
        self.embed = embed
        summed = 0 if spec.conditioning == "attention" else domain.label_count
        self.label_count = domain.label_count
        self.condition = LabelEmbedding(summed, hidden)
        self.augmentation = nn.Linear(AUGMENTATION, hidden, bias=False)
        nn.init.zeros_(self.augmentation.weight)
        attended = spec.conditioning != "sum" and domain.label_count > 0
        attends = attended or spec.has_attention
        self.tokens = LabelTokens(domain.label_count, coarse) if attended else None
        self.label_planes = (
            make_label_planes(domain.label_count, self.padded, spec.label_planes, EMBEDDING)
            if spec.has_template
            else None
        )
        self.stem = nn.Conv2d(channels * area, width, 1)
        self.position = nn.Parameter(nn.init.normal_(torch.empty(images, width, *cells), std=0.02))
        self.overview = (
            GlobalBlock(width, Canvas(images, *cells), hidden, hidden, spec.overview)
            if spec.has_template
            else None
        )
        self.before = ResidualBlock(width, hidden)
        self.meet = nn.ModuleList(FrameMixing(width, images) for _ in range(2 * (images > 1)))
        self.down = nn.Conv2d(4 * width, coarse, 1)
        heads = math.gcd(coarse, HEADS)
        self.coarse = nn.ModuleList(
            block
            for _ in range(depth)
            for block in (
                ResidualBlock(coarse, hidden),
                *([AttentionBlock(coarse, heads, reads_tokens=attended)] if attends else []),
            )
        )
        self.up = nn.Conv2d(coarse, 4 * width, 1)
        self.after = nn.ModuleList(ResidualBlock(width, hidden) for _ in range(depth))
        self.norm = ChannelNorm(width)
        self.leave = nn.Conv2d(width, ranks * area, 1)
        # One convolution serves each frame, and one of 1x1 joins the frames of an image.
        self.fine = nn.Conv2d(EMBEDDING, rank, 3, padding=1)
        self.across = nn.Conv2d(channels, ranks, 1) if self.per_image > 1 else None
        detailed = spec.has_detail(canvas.frames)
        self.detail = DetailBlock(EMBEDDING + rank, rank, images) if detailed else None
        nn.init.zeros_(self.up.weight)
        # Made last, so that networks with and without it begin alike.
        mixes = summed > 0 and spec.has_label_mixing
        small = hidden * rank**2 <= MAX_TABLE
        self.mix_planes = LabelMixing(hidden, EMBEDDING) if mixes and self.label_planes else None
        self.mix_features = LabelMixing(hidden, rank) if mixes and small else None

    def features(
        self, embedded: Tensor, conditions: Tensor, level: Tensor, wrap: Wrap = NO_WRAP
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
        labels, augmentation = conditions.tensor_split([self.label_count], dim=1)
        told = self.augmentation(augmentation) if augmentation.shape[1] else 0.0
        condition = self.condition(labels, level, told)
        tokens = None if self.tokens is None else self.tokens(labels)
        if self.label_planes is not None:
            # Where a sprite was moved or recoloured its labels draw neither there nor so.
            unchanged = (augmentation == 0).all(1, keepdim=True)
            drawn = self.label_planes(labels * unchanged)
            mixed = drawn if self.mix_planes is None else self.mix_planes(drawn, condition)
            embedded = embedded + mixed
        B, images = len(embedded), self.position.shape[0]
        apart = torch.unflatten(embedded, 1, (images, -1)).flatten(0, 1)
        planes = apart.permute(0, 2, 3, 1, 4).flatten(3).permute(0, 3, 1, 2)
        x = self.stem(_channels_last(F.pixel_unshuffle(planes, self.patch)))
        x = x + self.position.repeat(B, 1, 1, 1)
        if self.overview is not None:
            x = self.overview(x, condition)
        of_image = condition.repeat_interleave(images, 0)
        x = self.before(x, of_image, wrap)
        for meet in self.meet[:1]:
            x = meet(x)
        y = self.down(_channels_last(F.pixel_unshuffle(x, 2)))
        for block in self.coarse:
            attends = isinstance(block, AttentionBlock)
            y = block(y, tokens, images) if attends else block(y, of_image, wrap)
        x = x + F.pixel_shuffle(self.up(y), 2)
        for meet in self.meet[1:]:
            x = meet(x)
        for block in self.after:
            x = block(x, of_image, wrap)
        fine = F.pixel_shuffle(self.leave(self.norm(x)), self.patch)
        planes = _channels_last(planes)
        each = embedded.flatten(0, 1).permute(0, 3, 1, 2)
        fine = fine + convolve(self.fine, each, wrap).reshape(fine.shape)
        if self.across is not None:
            fine = fine + self.across(planes)
        if self.detail is not None:
            fine = self.detail(fine, planes, wrap)
        T, H, W = self.canvas
        maps = fine[:, :, :H, :W].reshape(B, T, self.rank, H, W)
        pixels: Tensor = maps.permute(0, 1, 3, 4, 2).reshape(B, -1, self.rank)
        return pixels if self.mix_features is None else self.mix_features(pixels, condition)

    def pad(self, maps: Tensor, value: float) -> Tensor:
        """``(B, T, H, W)`` maps to the padded canvas, ``value`` below and at the right."""
        below = self.padded.height - self.canvas.height
        right = self.padded.width - self.canvas.width
        return F.pad(maps, (0, right, 0, below), value=value)


def color_embedding(domain: Domain, more: int = 0) -> nn.Embedding:
    """An embedding of palette entries, and of so many other tokens after them."""
    embed = nn.Embedding(domain.colors + more, EMBEDDING)
    with torch.no_grad():
        embed.weight[: domain.colors] = color_features(domain.palette, EMBEDDING)
    return embed


class DetailBlock(nn.Module):
    """A residual block at full resolution: cells do not say which colour goes beside which.

    Of several images that are the frames of a clip it sees all at once.
    """

    def __init__(self, inputs: int, rank: int, images: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(images * inputs, DETAIL, 3, padding=1)
        self.leave = nn.Conv2d(DETAIL, images * rank, 1)
        nn.init.zeros_(self.leave.weight)

    def forward(self, features: Tensor, embedded: Tensor, wrap: Wrap) -> Tensor:
        """``(B·T, rank, H, W)`` features and ``(B·T, E, H, W)`` pixels to the former."""
        seen = torch.cat([features, embedded], 1)
        joined = _channels_last(seen.reshape(-1, self.enter.in_channels, *seen.shape[2:]))
        update: Tensor = self.leave(F.silu(convolve(self.enter, joined, wrap)))
        return features + update.reshape(features.shape)


def images_of_likes(pixels: Tensor) -> int:
    """The fewest images into which frames of ``(N, T, H, W)`` clips go with frames alike.

    They are if most of what a frame shows is the same in the first of its image. If they are so in
    no way that is cheap enough, as many images as are.
    """
    frames = pixels.shape[1]
    ways = [n for n in range(1, MAX_IMAGES + 1) if frames % n == 0]
    return next((n for n in ways if _alike(pixels, n)), ways[-1])


def _alike(pixels: Tensor, images: int) -> bool:
    runs = torch.unflatten(pixels, 1, (images, -1))
    first, others = runs[:, :, :1], runs[:, :, 1:]
    shown = (others != 0) | (first != 0)
    return bool((others == first)[shown].float().mean() > ALIKE_SHARE) if shown.any() else True


def share_a_template(pixels: Tensor) -> bool:
    """Whether ``(N, T, H, W)`` sprites are drawn to one template, as heads of one set are.

    They are if a pixel's place tells a quarter of its bits: each is coded by the frequencies of
    the others' colours there.
    """
    tokens = pixels.flatten(1).t().long()
    P, N = tokens.shape
    K = int(tokens.max()) + 1 if tokens.numel() else 1
    totals = torch.bincount(tokens.flatten(), minlength=K) + 1.0
    anywhere = (totals / totals.sum())[tokens]
    counts = torch.zeros(P, K, device=tokens.device)
    others = counts.scatter_add_(1, tokens, torch.ones_like(anywhere)).gather(1, tokens) - 1
    there = (others + PRIOR_SPRITES * anywhere) / (N - 1 + PRIOR_SPRITES)
    return bool(there.log().sum() > (1 - TEMPLATE_SHARE) * anywhere.log().sum())


def _channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)
