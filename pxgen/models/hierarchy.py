"""Index maps over frames to two levels of codes and back (1906.00446), causal in time.

The bottom level has a code a patch and is read knowing the top one, which has a quarter as many in
a frame. Codes may span several frames; none depends on frames after those that it spans, so what
is given of a clip keeps its codes.

Many bottom codes say the same of a patch, and a prior would have to learn which of them was taken.
So a small network foretells them from the top, and a code that it did not expect pays a toll when
codes are chosen (entropy-constrained quantization: Chou et al., IEEE TASSP 37(1), 1989).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Canvas, Domain
from pxgen.errors import InputError
from pxgen.models.conditioning import LabelEmbedding
from pxgen.models.layers import ChannelNorm, GlobalBlock, frequencies
from pxgen.models.protocol import ModelSpec
from pxgen.models.quantizer import Codebook, Lattice, Quantized, Quantizer, lattice_levels
from pxgen.tables import setting

EMBEDDING = 16
"""Numbers that a pixel becomes on its way in."""
PAST = 2
"""Steps in time before its own that a layer sees."""


@dataclass(frozen=True, kw_only=True)
class HierarchySpec(ModelSpec):
    """The part of ``[model]`` that sizes a codec of two levels."""

    quantizer: Literal["codebook", "lattice"] = setting(
        "codebook", "codes that follow the data, or a fixed lattice (FSQ)"
    )
    codes: int = setting(256, "codes of each level", low=2, high=4096)
    code_size: int = setting(16, "codebook: numbers of a code's vector", low=2, high=256)
    toll: float = setting(
        0.05, "codebook: what a nat of surprise at a bottom code counts in distance", low=0, high=10
    )
    patch: int = setting(2, "pixels along a side of a bottom code", low=1, high=32)
    bottom_frames: int = setting(1, "frames that a bottom code spans", low=1, high=64)
    top_frames: int = setting(
        1, "frames that a top code spans; a multiple of bottom_frames", low=1, high=64
    )
    width: int = setting(64, "channels of the codec", low=8, high=1024)
    depth: int = setting(2, "blocks of each part of the codec", low=1, high=16)
    rank: int = setting(16, "features that tell colours apart", low=1, high=256)
    hidden: int = setting(192, "width of the overview and the label vector", low=8, high=4096)
    told: bool = setting(True, "tell the decoder the labels: codes then say what these leave open")


class Levels(NamedTuple):
    """The codes of sprites."""

    top: Tensor
    """``(B, N_top) int64`` in raster order over frames."""
    bottom: Tensor
    """``(B, N_bottom) int64``."""


class FrameBlock(nn.Module):
    """Two 3×3 convolutions within frames, and a look at the frames before; starts as identity.

    A ``condition`` of that width moves its features (FiLM, 1709.07871).
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


class Foresight(nn.Module):
    """What top codes say of the bottom codes below them; expects all alike at the start."""

    def __init__(self, width: int, codes: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(width)
        self.around = nn.Conv2d(width, width, 3, padding=1)
        self.name = nn.Conv2d(width, codes, 1)
        nn.init.zeros_(self.name.weight)

    def forward(self, x: Tensor) -> Tensor:
        """``(B·T, C, h, w)`` to ``(B·T, codes, h, w)`` logits."""
        logits: Tensor = self.name(F.silu(self.around(self.norm(x))))
        return logits


def _earlier(x: Tensor, frames: int) -> Tensor:
    """``(B·T, C, h, w)`` to ``(B, T, h, w, PAST·C)``: the frames before each, zero before all."""
    clips = x.view(-1, frames, *x.shape[1:]).permute(0, 1, 3, 4, 2)
    shifted = [F.pad(clips, (0,) * 6 + (ago, 0))[:, :frames] for ago in range(1, PAST + 1)]
    return torch.cat(shifted, -1)


class Hierarchy(nn.Module):
    """The codec."""

    toll: Tensor

    def __init__(self, spec: HierarchySpec, domain: Domain) -> None:
        super().__init__()
        canvas, patch, width = domain.canvas, spec.patch, spec.width
        span, over = spec.bottom_frames, spec.top_frames
        if over % span:
            raise InputError(
                f"[model] top_frames = {over} is no multiple of bottom_frames = {span}: a top code "
                "stands over whole bottom codes"
            )
        self.canvas, self.patch, self.rank = canvas, patch, spec.rank
        self.span, self.steps = span, over // span
        tile = 2 * patch
        T, H, W = self.padded = Canvas(
            -(-canvas.frames // over) * over,
            -(-canvas.height // tile) * tile,
            -(-canvas.width // tile) * tile,
        )
        self.bottom_grid = Canvas(T // span, H // patch, W // patch)
        self.top_grid = Canvas(T // over, H // tile, W // tile)
        cells = self.bottom_grid[1:]

        def blocks(grid: Canvas) -> nn.Sequential:
            return nn.Sequential(*(FrameBlock(grid.frames, width) for _ in range(spec.depth)))

        self.embed = nn.Embedding(domain.colors, EMBEDDING)
        self.stem = nn.Conv2d(span * EMBEDDING * patch**2, width, 1)
        self.position = nn.Parameter(nn.init.normal_(torch.empty(1, width, *cells), std=0.02))
        self.read_bottom = blocks(self.bottom_grid)
        self.down = nn.Conv2d(4 * self.steps * width, width, 1)
        self.read_top = blocks(self.top_grid)
        self.to_top = nn.Conv2d(width, _size(spec), 1)
        self.top = _quantizer(spec)
        self.from_top = nn.Conv2d(_size(spec), 4 * self.steps * width, 1)
        self.refine = blocks(self.bottom_grid)
        self.to_bottom = nn.Conv2d(width, _size(spec), 1)
        self.bottom = _quantizer(spec)
        tolled = spec.quantizer == "codebook" and spec.toll > 0
        # Grows while the codec learns: a toll on codes that say nothing yet would leave them so.
        self.register_buffer("toll", torch.zeros(()))
        self.most_toll = spec.toll
        self.foretell = Foresight(width, self.bottom.codes) if tolled else None
        self.from_bottom = nn.Conv2d(_size(spec), width, 1)
        # What stands for a level that is not there.
        self.no_top = nn.Parameter(torch.zeros(width, 1, 1))
        self.no_bottom = nn.Parameter(torch.zeros(width, 1, 1))
        self.labels = LabelEmbedding(domain.labels if spec.told else 0, spec.hidden)
        self.times = nn.Parameter(torch.zeros(self.bottom_grid.frames, spec.hidden))
        self.overview = GlobalBlock(width, cells, spec.hidden, spec.hidden)
        self.write = nn.ModuleList(
            FrameBlock(self.bottom_grid.frames, width, spec.hidden) for _ in range(spec.depth)
        )
        self.norm = ChannelNorm(width)
        self.leave = nn.Conv2d(width, span * spec.rank * patch**2, 1)
        palette = torch.empty(domain.colors, spec.rank)
        self.palette = nn.Parameter(nn.init.normal_(palette, std=spec.rank**-0.5))
        self.bias = nn.Parameter(torch.zeros(canvas.pixels, domain.colors))

    def encode(self, pixels: Tensor) -> tuple[Quantized, Quantized]:
        """``(B, P) int64`` to top and bottom codes, on the grids of each."""
        top, bottom, _ = self.read(pixels)
        return top, bottom

    def read(self, pixels: Tensor) -> tuple[Quantized, Quantized, Tensor | None]:
        """The same, and the ``(B, t', 2h, 2w, codes)`` logits that foretell the bottom codes.

        Those teach nothing but to foretell: no gradient leaves the network that they come from.
        """
        fine, asked = self._ask_top(pixels)
        top = self.top(asked)
        foretold = self._foretold(top.values)
        bottom = self.bottom(self._ask_bottom(fine, top.values), self._toll(foretold))
        return top, bottom, foretold

    def _foretold(self, top: Tensor) -> Tensor | None:
        """``(B, t', 2h, 2w, codes)`` logits of bottom codes."""
        if self.foretell is None:
            return None
        seen = (self._rise(top) + self.position).detach()
        logits = self.foretell(seen).permute(0, 2, 3, 1)
        return torch.unflatten(logits.float(), 0, (-1, self.bottom_grid.frames))

    def ripen(self, progress: float) -> None:
        """Set the toll for a ``progress`` of the training in [0, 1]."""
        self.toll.fill_(self.most_toll * progress)

    def _toll(self, foretold: Tensor | None) -> Tensor | None:
        if foretold is None:
            return None
        return foretold.detach().log_softmax(-1).mul_(-self.toll)

    def _ask_top(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """What is seen, and the ``(B, T, h, w, D)`` vectors that top codes are asked for."""
        after, below, right = (
            padded - side for padded, side in zip(self.padded, self.canvas, strict=True)
        )
        maps = F.pad(torch.unflatten(pixels, 1, self.canvas), (0, right, 0, below, 0, after))
        # Frames of one code become channels of it.
        spans = torch.unflatten(self.embed(maps).flatten(0, 1), 0, (-1, self.span))
        planes = spans.permute(0, 1, 4, 2, 3).flatten(1, 2)
        planes = planes.contiguous(memory_format=torch.channels_last)
        x = self.stem(F.pixel_unshuffle(planes, self.patch)) + self.position
        fine = self.read_bottom(x)
        quarters = torch.unflatten(F.pixel_unshuffle(fine, 2), 0, (-1, self.steps)).flatten(1, 2)
        coarse = self.read_top(self.down(quarters))
        return fine, self._last(self.to_top(coarse), self.top_grid)

    def _ask_bottom(self, fine: Tensor, top: Tensor) -> Tensor:
        asked = self.to_bottom(self.refine(fine + self._rise(top)))
        return self._last(asked, self.bottom_grid)

    def decode(
        self, top: Tensor, bottom: Tensor, labels: Tensor, shown: Tensor | None = None
    ) -> Tensor:
        """Logits of the pixels.

        Args:
            top: ``(B, t, h, w, D)`` vectors.
            bottom: ``(B, t', 2h, 2w, D)`` vectors.
            labels: ``(B, L)`` in [-1, 1].
            shown: ``(B, 2) bool``: whether the top and the bottom level are there; both if None.

        Returns:
            ``(B, P, K) float32``.
        """
        coarse = self._rise(top)
        fine = self.from_bottom(bottom.flatten(0, 1).permute(0, 3, 1, 2))
        if shown is not None:
            seen = shown.repeat_interleave(self.bottom_grid.frames, 0)[:, :, None, None, None]
            coarse = torch.where(seen[:, 0], coarse, self.no_top)
            fine = torch.where(seen[:, 1], fine, self.no_bottom)
        x = coarse + fine + self.position
        known = self.labels(labels[:, : self.labels.labels], labels.new_zeros(len(labels)))
        moved = (known.unsqueeze(1) + self.times).flatten(0, 1)
        x = self.overview(x, moved)
        for block in self.write:
            x = block(x, moved)
        planes = F.pixel_shuffle(self.leave(F.silu(self.norm(x))), self.patch)
        frames = torch.unflatten(planes, 1, (self.span, self.rank)).flatten(0, 1)
        T, H, W = self.canvas
        clips = torch.unflatten(frames[:, :, :H, :W], 0, (-1, self.padded.frames))[:, :T]
        pixels = clips.permute(0, 1, 3, 4, 2).reshape(-1, T * H * W, self.rank)
        logits: Tensor = pixels.float() @ self.palette.t() + self.bias
        return logits

    def vectors(self, levels: Levels) -> tuple[Tensor, Tensor]:
        """The vectors of ``(B, N)`` codes, as :meth:`decode` takes them."""
        top = self.top.look_up(levels.top).view(-1, *self.top_grid, self.top.size)
        bottom = self.bottom.look_up(levels.bottom).view(-1, *self.bottom_grid, self.bottom.size)
        return top, bottom

    @torch.no_grad()
    def start_from(self, pixels: Tensor, few: Tensor, draws: Tensor) -> None:
        """Lay colours out by ``(N, P)`` sprites, codes by ``(n, P)`` and draws.

        Those are ``(2, codes)`` in [0, 1).
        """
        self.bias.copy_(frequencies(pixels, len(self.palette)).log())
        fine, asked = self._ask_top(few)
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
        asked, toll = self._ask_bottom(fine, top.values), self._toll(self._foretold(top.values))
        tolls = None if toll is None else toll.flatten(0, -2)
        self.bottom.follow(asked.flatten(0, -2), draws[1], tolls)

    def _rise(self, top: Tensor) -> Tensor:
        """``(B, t, h, w, D)`` vectors to ``(B·t', C, 2h, 2w)``, the places of bottom codes."""
        coarse = self.from_top(top.flatten(0, 1).permute(0, 3, 1, 2))
        return F.pixel_shuffle(torch.unflatten(coarse, 1, (self.steps, -1)).flatten(0, 1), 2)

    def _last(self, x: Tensor, grid: Canvas) -> Tensor:
        """``(B·t, D, h, w)`` to ``(B, t, h, w, D)``."""
        return torch.unflatten(x.permute(0, 2, 3, 1), 0, (-1, grid.frames))


def _size(spec: HierarchySpec) -> int:
    lattice = spec.quantizer == "lattice"
    return len(lattice_levels(spec.codes)) if lattice else spec.code_size


def _quantizer(spec: HierarchySpec) -> Quantizer:
    if spec.quantizer == "lattice":
        return Lattice(lattice_levels(spec.codes))
    return Codebook(spec.codes, spec.code_size)
