"""The grids of a codec's two levels of codes over the canvas and over one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Canvas
from pxgen.config.schema import setting
from pxgen.errors import InputError
from pxgen.models.protocol import ModelSpec
from pxgen.models.vqvae.quantizer import lattice_levels


@dataclass(frozen=True, kw_only=True)
class CodecSpec(ModelSpec):
    """Settings of the codec's size."""

    quantizer: Literal["codebook", "lattice"] = setting(
        "codebook", "codes that follow the data, or a fixed lattice (FSQ)"
    )
    codes: int = setting(256, "codes of each level", low=2, high=4096)
    code_size: int = setting(16, "codebook: numbers of a code's vector", low=2, high=256)
    rate_weight: float = setting(
        0.05, "codebook: squared distance that a nat of a bottom code's rate counts", low=0, high=10
    )
    patch: int = setting(2, "pixels along a side of a bottom code", low=1, high=32)
    bottom_frames: int = setting(1, "frames that a bottom code spans", low=1, high=64)
    top_frames: int = setting(
        1, "frames that a top code spans; a multiple of bottom_frames", low=1, high=64
    )
    width: int = setting(64, "channels of the encoder", low=8, high=1024)
    decoder_width: int = setting(64, "channels of the decoder", low=8, high=1024)
    depth: int = setting(2, "blocks of each part of the codec", low=1, high=16)
    rank: int = setting(16, "features that tell colours apart", low=1, high=256)
    hidden: int = setting(192, "width of the overview and the label vector", low=8, high=4096)
    decoder_labels: bool = setting(
        True, "the decoder sees the labels, so that codes hold only what these leave open"
    )

    @property
    def vector_size(self) -> int:
        """Numbers of a code's vector."""
        lattice = self.quantizer == "lattice"
        return len(lattice_levels(self.codes)) if lattice else self.code_size


class LevelCodes(NamedTuple):
    """The codes of sprites, level by level."""

    top: Tensor
    """``(B, N_top) int64`` in raster order over frames."""
    bottom: Tensor
    """``(B, N_bottom) int64``."""


class Grids(NamedTuple):
    """The grids of codes over a canvas."""

    padded: Canvas
    """The canvas with what is padded below, at the right and after it."""
    top: Canvas
    bottom: Canvas
    span: int
    """Frames of a bottom code."""
    steps: int
    """Bottom codes in time below a top code."""

    @classmethod
    def over(cls, canvas: Canvas, spec: CodecSpec) -> Grids:
        """The grids of codes over a canvas.

        Raises:
            InputError: top codes do not span whole bottom codes.
        """
        span, over, tile = spec.bottom_frames, spec.top_frames, 2 * spec.patch
        if over % span:
            raise InputError(
                f"[model] top_frames = {over} is no multiple of bottom_frames = {span}: a top code "
                "stands over whole bottom codes"
            )
        T, H, W = (
            -(-side // unit) * unit for side, unit in zip(canvas, (over, tile, tile), strict=True)
        )
        return cls(
            Canvas(T, H, W),
            Canvas(T // over, H // tile, W // tile),
            Canvas(T // span, H // spec.patch, W // spec.patch),
            span,
            over // span,
        )


class Upsample(nn.Module):
    """Vectors of top codes to features on the grid of bottom codes, by sub-pixel convolution."""

    def __init__(self, size: int, width: int, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.expand = nn.Conv2d(size, 4 * steps * width, 1)

    def forward(self, top: Tensor) -> Tensor:
        """``(B, t, h, w, D)`` vectors to ``(B·t', C, 2h, 2w)``."""
        coarse = self.expand(top.flatten(0, 1).permute(0, 3, 1, 2))
        return F.pixel_shuffle(torch.unflatten(coarse, 1, (self.steps, -1)).flatten(0, 1), 2)
