"""Index maps over frames to two levels of codes and back (1906.00446), causal in time.

The bottom level has a code a patch and is read knowing the top one, which has a quarter as many.
No frame's codes depend on later frames, so what is given of a clip keeps its codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Canvas, Domain
from pxgen.models.layers import ChannelNorm, GlobalBlock, frequencies
from pxgen.models.protocol import ModelSpec
from pxgen.models.quantizer import Codebook, Lattice, Quantized, Quantizer, lattice_levels
from pxgen.tables import setting

EMBEDDING = 16
"""Numbers that a pixel becomes on its way in."""
PAST = 2
"""Frames before its own that a layer sees."""


@dataclass(frozen=True, kw_only=True)
class HierarchySpec(ModelSpec):
    """The part of ``[model]`` that sizes a codec of two levels."""

    quantizer: Literal["codebook", "lattice"] = setting(
        "codebook", "codes that follow the data, or a fixed lattice (FSQ)"
    )
    codes: int = setting(256, "codes of each level", low=2, high=4096)
    code_size: int = setting(16, "codebook: numbers of a code's vector", low=2, high=256)
    patch: int = setting(2, "pixels along a side of a bottom code", low=1, high=32)
    width: int = setting(64, "channels of the codec", low=8, high=1024)
    depth: int = setting(2, "blocks of each part of the codec", low=1, high=16)
    rank: int = setting(16, "features that tell colours apart", low=1, high=256)
    hidden: int = setting(192, "width of the overview and the label vector", low=8, high=4096)


class Levels(NamedTuple):
    """The codes of sprites."""

    top: Tensor
    """``(B, N_top) int64`` in raster order over frames."""
    bottom: Tensor
    """``(B, N_bottom) int64``."""


class FrameBlock(nn.Module):
    """Two 3×3 convolutions within frames, and a look at the frames before; starts as identity."""

    def __init__(self, frames: int, width: int) -> None:
        super().__init__()
        self.frames = frames
        self.norm = ChannelNorm(width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.past = nn.Linear(PAST * width, width) if frames > 1 else None
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        """``(B·T, C, h, w)`` to the same."""
        inner: Tensor = self.first(self.norm(x))
        if self.past is not None:
            earlier = self.past(_earlier(inner, self.frames))
            inner = inner + earlier.permute(0, 1, 4, 2, 3).flatten(0, 1)
        update: Tensor = self.second(F.silu(inner))
        return x + update


def _earlier(x: Tensor, frames: int) -> Tensor:
    """``(B·T, C, h, w)`` to ``(B, T, h, w, PAST·C)``: the frames before each, zero before all."""
    clips = x.view(-1, frames, *x.shape[1:]).permute(0, 1, 3, 4, 2)
    shifted = [F.pad(clips, (0,) * 6 + (ago, 0))[:, :frames] for ago in range(1, PAST + 1)]
    return torch.cat(shifted, -1)


class Hierarchy(nn.Module):
    """The codec."""

    def __init__(self, spec: HierarchySpec, domain: Domain) -> None:
        super().__init__()
        canvas, patch, width = domain.canvas, spec.patch, spec.width
        self.canvas, self.patch, self.rank = canvas, patch, spec.rank
        tile = 2 * patch
        self.padded = Canvas(
            canvas.frames, -(-canvas.height // tile) * tile, -(-canvas.width // tile) * tile
        )
        T, H, W = self.padded
        self.bottom_grid = Canvas(T, H // patch, W // patch)
        self.top_grid = Canvas(T, H // tile, W // tile)
        cells = self.bottom_grid[1:]

        def blocks() -> nn.Sequential:
            return nn.Sequential(*(FrameBlock(T, width) for _ in range(spec.depth)))

        self.embed = nn.Embedding(domain.colors, EMBEDDING)
        self.stem = nn.Conv2d(EMBEDDING * patch**2, width, 1)
        self.position = nn.Parameter(nn.init.normal_(torch.empty(1, width, *cells), std=0.02))
        self.read_bottom = blocks()
        self.down = nn.Conv2d(4 * width, width, 1)
        self.read_top = blocks()
        self.to_top = nn.Conv2d(width, _size(spec), 1)
        self.top = _quantizer(spec)
        self.from_top = nn.Conv2d(_size(spec), 4 * width, 1)
        self.refine = blocks()
        self.to_bottom = nn.Conv2d(width, _size(spec), 1)
        self.bottom = _quantizer(spec)
        self.from_bottom = nn.Conv2d(_size(spec), width, 1)
        # What stands for a level that is not there.
        self.no_top = nn.Parameter(torch.zeros(width, 1, 1))
        self.no_bottom = nn.Parameter(torch.zeros(width, 1, 1))
        self.overview = GlobalBlock(width, cells, 0, spec.hidden)
        self.write = blocks()
        self.norm = ChannelNorm(width)
        self.leave = nn.Conv2d(width, spec.rank * patch**2, 1)
        palette = torch.empty(domain.colors, spec.rank)
        self.palette = nn.Parameter(nn.init.normal_(palette, std=spec.rank**-0.5))
        self.bias = nn.Parameter(torch.zeros(canvas.pixels, domain.colors))

    def encode(self, pixels: Tensor) -> tuple[Quantized, Quantized]:
        """``(B, P) int64`` to top and bottom codes, ``(B, T, h, w)`` each."""
        fine, asked = self._ask_top(pixels)
        top = self.top(asked)
        return top, self.bottom(self._ask_bottom(fine, top.values))

    def _ask_top(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """What is seen, and the ``(B, T, h, w, D)`` vectors that top codes are asked for."""
        T, H, W = self.canvas
        below, right = self.padded.height - H, self.padded.width - W
        maps = F.pad(pixels.view(-1, T, H, W), (0, right, 0, below))
        planes = self.embed(maps).flatten(0, 1).permute(0, 3, 1, 2)
        x = self.stem(F.pixel_unshuffle(planes, self.patch)) + self.position
        fine = self.read_bottom(x)
        coarse = self.read_top(self.down(F.pixel_unshuffle(fine, 2)))
        return fine, self._last(self.to_top(coarse))

    def _ask_bottom(self, fine: Tensor, top: Tensor) -> Tensor:
        return self._last(self.to_bottom(self.refine(fine + self._rise(top))))

    def decode(self, top: Tensor, bottom: Tensor, shown: Tensor | None = None) -> Tensor:
        """Logits of the pixels.

        Args:
            top: ``(B, T, h, w, D)`` vectors.
            bottom: ``(B, T, 2h, 2w, D)`` vectors.
            shown: ``(B, 2) bool``: whether the top and the bottom level are there; both if None.

        Returns:
            ``(B, P, K) float32``.
        """
        coarse = self._rise(top)
        fine = self.from_bottom(bottom.flatten(0, 1).permute(0, 3, 1, 2))
        if shown is not None:
            seen = shown.repeat_interleave(self.canvas.frames, 0)[:, :, None, None, None]
            coarse = torch.where(seen[:, 0], coarse, self.no_top)
            fine = torch.where(seen[:, 1], fine, self.no_bottom)
        x = coarse + fine + self.position
        x = self.write(self.overview(x, x.new_zeros(len(x), 0)))
        planes = F.pixel_shuffle(self.leave(F.silu(self.norm(x))), self.patch)
        T, H, W = self.canvas
        pixels = planes[:, :, :H, :W].permute(0, 2, 3, 1).reshape(-1, T * H * W, self.rank)
        logits: Tensor = pixels.float() @ self.palette.t() + self.bias
        return logits

    def vectors(self, levels: Levels) -> tuple[Tensor, Tensor]:
        """The vectors of ``(B, N)`` codes, as :meth:`decode` takes them."""
        top = self.top.look_up(levels.top).view(-1, *self.top_grid, self.top.size)
        bottom = self.bottom.look_up(levels.bottom).view(-1, *self.bottom_grid, self.bottom.size)
        return top, bottom

    @torch.no_grad()
    def start_from(self, pixels: Tensor, draws: Tensor) -> None:
        """Lay colours and codes out by ``(N, P)`` sprites and ``(2, codes)`` draws in [0, 1)."""
        self.bias.copy_(frequencies(pixels, len(self.palette)).log())
        fine, asked = self._ask_top(pixels)
        self.top.lay_out(asked.flatten(0, -2), draws[0])
        # The bottom is read knowing the top, whose codes must lie before.
        asked = self._ask_bottom(fine, self.top(asked).values)
        self.bottom.lay_out(asked.flatten(0, -2), draws[1])

    @torch.no_grad()
    def follow(self, pixels: Tensor, draws: Tensor) -> None:
        """Let codes follow the ``(B, P)`` sprites of a step."""
        fine, asked = self._ask_top(pixels)
        top = self.top(asked)
        self.top.follow(asked.flatten(0, -2), draws[0])
        asked = self._ask_bottom(fine, top.values)
        self.bottom.follow(asked.flatten(0, -2), draws[1])

    def _rise(self, top: Tensor) -> Tensor:
        """``(B, T, h, w, D)`` vectors to ``(B·T, C, 2h, 2w)``."""
        coarse = self.from_top(top.flatten(0, 1).permute(0, 3, 1, 2))
        return F.pixel_shuffle(coarse, 2)

    def _last(self, x: Tensor) -> Tensor:
        """``(B·T, D, h, w)`` to ``(B, T, h, w, D)``."""
        frames, (height, width) = self.canvas.frames, x.shape[2:]
        return x.permute(0, 2, 3, 1).reshape(-1, frames, height, width, x.shape[1])


def _size(spec: HierarchySpec) -> int:
    lattice = spec.quantizer == "lattice"
    return len(lattice_levels(spec.codes)) if lattice else spec.code_size


def _quantizer(spec: HierarchySpec) -> Quantizer:
    if spec.quantizer == "lattice":
        return Lattice(lattice_levels(spec.codes))
    return Codebook(spec.codes, spec.code_size)
