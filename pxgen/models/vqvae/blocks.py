"""Convolutional blocks that are causal in time."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.models.layers import ChannelNorm

PAST = 2
"""Earlier steps in time that a layer sees."""


class FrameBlock(nn.Module):
    """Two 3×3 convolutions within frames, and a linear one over past frames; starts as identity.

    A ``condition`` of that width modulates its features (FiLM, 1709.07871).
    """

    def __init__(self, frames: int, width: int, condition: int = 0) -> None:
        super().__init__()
        self.frames = frames
        self.norm = ChannelNorm(width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.past = nn.Linear(PAST * width, width) if frames > 1 else None
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        self.modulate = nn.Linear(condition, 2 * width) if condition else None
        if self.modulate is not None:
            nn.init.zeros_(self.modulate.weight)
            nn.init.zeros_(self.modulate.bias)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """``(B·T, C, h, w)`` and ``(B·T, condition)`` to ``(B·T, C, h, w)``."""
        inner: Tensor = self.first(self.norm(x))
        if self.past is not None:
            earlier = self.past(_earlier(inner, self.frames))
            inner = inner + earlier.permute(0, 1, 4, 2, 3).flatten(0, 1)
        if self.modulate is not None:
            scale, shift = self.modulate(condition)[:, :, None, None].chunk(2, dim=1)
            inner = inner * (1 + scale) + shift
        update: Tensor = self.second(F.silu(inner))
        return x + update


def _earlier(x: Tensor, frames: int) -> Tensor:
    """``(B·T, C, h, w)`` to ``(B, T, h, w, PAST·C)``: the frames before each, zero-padded."""
    clips = x.view(-1, frames, *x.shape[1:]).permute(0, 1, 3, 4, 2)
    shifted = [F.pad(clips, (0,) * 6 + (ago, 0))[:, :frames] for ago in range(1, PAST + 1)]
    return torch.cat(shifted, -1)
