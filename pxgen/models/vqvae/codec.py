"""The codec of a hierarchical VQ-VAE (1906.00446): index maps to two levels of codes, and back.

The bottom level has a code a patch and is encoded given the top one, which has a quarter as many in
a frame. Codes may span several frames. Encoder and decoder are causal in time: no code depends on
frames after those that it spans, so the first frames of a clip keep their codes whatever follows.

Several bottom codes may serve a patch as well, and a prior would have to learn which was taken. So
bottom codes are chosen by distance and rate, the bits that a small entropy model needs for them
given the top (entropy-constrained quantization: Chou et al., IEEE TASSP 37(1), 1989).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Canvas, Domain
from pxgen.models.layers import ChannelNorm
from pxgen.models.vqvae.blocks import FrameBlock
from pxgen.models.vqvae.decoder import Decoder
from pxgen.models.vqvae.grids import CodecSpec, Grids, LevelCodes, Upsample
from pxgen.models.vqvae.quantizer import Codebook, Lattice, Quantized, Quantizer, lattice_levels

EMBEDDING = 16
"""Numbers of a pixel's embedding."""


class EntropyModel(nn.Module):
    """A distribution of bottom codes given the top ones; uniform at the start."""

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


class Codec(nn.Module):
    """Encoder, quantizers and decoder of both levels."""

    rate_weight: Tensor

    def __init__(self, spec: CodecSpec, domain: Domain) -> None:
        super().__init__()
        self.canvas, self.patch = domain.canvas, spec.patch
        self.grids = grids = Grids.over(domain.canvas, spec)
        width, cells = spec.width, grids.bottom[1:]

        def blocks(grid: Canvas) -> nn.Sequential:
            return nn.Sequential(*(FrameBlock(grid.frames, width) for _ in range(spec.depth)))

        self.embed = nn.Embedding(domain.colors, EMBEDDING)
        self.stem = nn.Linear(grids.span * spec.patch**2 * EMBEDDING, width)
        self.position = nn.Parameter(nn.init.normal_(torch.empty(1, width, *cells), std=0.02))
        self.read_bottom = blocks(grids.bottom)
        self.down = nn.Conv2d(4 * grids.steps * width, width, 1)
        self.read_top = blocks(grids.top)
        self.to_top = nn.Conv2d(width, spec.vector_size, 1)
        self.top = _quantizer(spec)
        self.upsample = Upsample(spec.vector_size, width, grids.steps)
        self.refine = blocks(grids.bottom)
        self.to_bottom = nn.Conv2d(width, spec.vector_size, 1)
        self.bottom = _quantizer(spec)
        has_rate = spec.quantizer == "codebook" and spec.rate_weight > 0
        # Grows while the codec learns: a rate of codes that hold nothing yet would keep them empty.
        self.register_buffer("rate_weight", torch.zeros(()))
        self.max_rate_weight = spec.rate_weight
        self.entropy_model = EntropyModel(width, self.bottom.codes) if has_rate else None
        self.decode = Decoder(spec, domain, grids)

    def encode(self, pixels: Tensor) -> tuple[Quantized, Quantized]:
        """``(B, P) int64`` to top and bottom codes, on the grids of each.

        Always in full precision: bf16 rounds to other codes, and priors would be trained on those.
        """
        with torch.autocast(pixels.device.type, enabled=False):
            top, bottom, _ = self.quantize(pixels)
        return top, bottom

    def quantize(self, pixels: Tensor) -> tuple[Quantized, Quantized, Tensor | None]:
        """The same, and the entropy model's ``(B, t', 2h, 2w, codes)`` logits of bottom codes.

        Their gradient reaches the entropy model alone.
        """
        fine, vectors = self._encode_top(pixels)
        top = self.top(vectors)
        coarse = self.upsample(top.values)
        code_logits = self._code_logits(coarse)
        bottom = self.bottom(self._encode_bottom(fine, coarse), self._penalty(code_logits))
        return top, bottom, code_logits

    def _code_logits(self, coarse: Tensor) -> Tensor | None:
        """``(B, t', 2h, 2w, codes)`` logits of bottom codes."""
        if self.entropy_model is None:
            return None
        seen = (coarse + self.position).detach()
        logits = self.entropy_model(seen).permute(0, 2, 3, 1)
        return torch.unflatten(logits.float(), 0, (-1, self.grids.bottom.frames))

    def set_rate_weight(self, progress: float) -> None:
        """Set the weight of the rate for a ``progress`` of the training in [0, 1]."""
        self.rate_weight.fill_(self.max_rate_weight * progress)

    def _penalty(self, code_logits: Tensor | None) -> Tensor | None:
        """``(B, t', 2h, 2w, codes)``: the weighted rate of every code."""
        if code_logits is None:
            return None
        return code_logits.detach().log_softmax(-1).mul_(-self.rate_weight)

    def _encode_top(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Features on the bottom grid, and ``(B, t, h, w, D)`` vectors to quantize on the top."""
        after, below, right = (
            padded - side for padded, side in zip(self.grids.padded, self.canvas, strict=True)
        )
        maps = F.pad(torch.unflatten(pixels, 1, self.canvas), (0, right, 0, below, 0, after))
        # Pixels are gathered by code as indices, before each becomes many numbers.
        (t, h, w), span, side = self.grids.bottom, self.grids.span, self.patch
        parts = maps.view(-1, t, span, h, side, w, side).permute(0, 1, 3, 5, 2, 4, 6)
        seen = self.stem(self.embed(parts.flatten(4)).flatten(4)).flatten(0, 1)
        fine = self.read_bottom(seen.permute(0, 3, 1, 2) + self.position)
        steps = self.grids.steps
        quarters = torch.unflatten(F.pixel_unshuffle(fine, 2), 0, (-1, steps)).flatten(1, 2)
        coarse = self.read_top(self.down(quarters))
        return fine, self._last(self.to_top(coarse), self.grids.top)

    def _encode_bottom(self, fine: Tensor, coarse: Tensor) -> Tensor:
        """``(B, t', 2h, 2w, D)`` vectors to quantize on the bottom."""
        return self._last(self.to_bottom(self.refine(fine + coarse)), self.grids.bottom)

    def vectors(self, codes: LevelCodes) -> tuple[Tensor, Tensor]:
        """The vectors of codes, on the grids, as the decoder takes them."""
        top = self.top.look_up(codes.top).view(-1, *self.grids.top, self.top.size)
        bottom = self.bottom.look_up(codes.bottom).view(-1, *self.grids.bottom, self.bottom.size)
        return top, bottom

    @torch.no_grad()
    def start_from(self, pixels: Tensor, few: Tensor, draws: Tensor) -> None:
        """Set the bias by ``(N, P)`` sprites, and codebooks by ``(n, P)`` of them.

        ``(2, codes)`` draws in [0, 1) choose the vectors that codes start at.
        """
        self.decode.start_from(pixels)
        fine, vectors = self._encode_top(few)
        self.top.initialize(vectors.flatten(0, -2), draws[0])
        # The bottom is encoded given the top, whose codes come first.
        vectors = self._encode_bottom(fine, self.upsample(self.top(vectors).values))
        self.bottom.initialize(vectors.flatten(0, -2), draws[1])

    @torch.no_grad()
    def update(self, pixels: Tensor, draws: Tensor) -> None:
        """Update the codebooks by ``(B, P)`` sprites of a step and ``(2, codes)`` draws."""
        fine, vectors = self._encode_top(pixels)
        top = self.top(vectors)
        self.top.update(vectors.flatten(0, -2), draws[0])
        coarse = self.upsample(top.values)
        vectors = self._encode_bottom(fine, coarse)
        penalty = self._penalty(self._code_logits(coarse))
        penalties = None if penalty is None else penalty.flatten(0, -2)
        self.bottom.update(vectors.flatten(0, -2), draws[1], penalties)

    def _last(self, x: Tensor, grid: Canvas) -> Tensor:
        """``(B·t, D, h, w)`` to ``(B, t, h, w, D)``."""
        return torch.unflatten(x.permute(0, 2, 3, 1), 0, (-1, grid.frames))


def _quantizer(spec: CodecSpec) -> Quantizer:
    if spec.quantizer == "lattice":
        return Lattice(lattice_levels(spec.codes))
    return Codebook(spec.codes, spec.code_size)
