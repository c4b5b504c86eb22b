"""Index maps over frames to two levels of codes and back (1906.00446), causal in time.

The bottom level has a code a patch and is read knowing the top one, which has a quarter as many in
a frame. Codes may span several frames; none depends on frames after those that it spans, so what
is given of a clip keeps its codes.

Many bottom codes say the same of a patch, and a prior would have to learn which of them was taken.
So a small network foretells them from the top, and a code that it did not expect pays a toll when
codes are chosen (entropy-constrained quantization: Chou et al., IEEE TASSP 37(1), 1989).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Canvas, Domain
from pxgen.models.layers import ChannelNorm, frequencies
from pxgen.models.vqvae.blocks import FrameBlock
from pxgen.models.vqvae.decoder import Decoder
from pxgen.models.vqvae.grids import Grids, HierarchySpec, Levels, Rise
from pxgen.models.vqvae.quantizer import Codebook, Lattice, Quantized, Quantizer, lattice_levels

EMBEDDING = 16
"""Numbers that a pixel becomes on its way in."""


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


class Hierarchy(nn.Module):
    """The codec."""

    toll: Tensor

    def __init__(self, spec: HierarchySpec, domain: Domain) -> None:
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
        self.rise = Rise(spec.vector_size, width, grids.steps)
        self.refine = blocks(grids.bottom)
        self.to_bottom = nn.Conv2d(width, spec.vector_size, 1)
        self.bottom = _quantizer(spec)
        tolled = spec.quantizer == "codebook" and spec.toll > 0
        # Grows while the codec learns: a toll on codes that say nothing yet would leave them so.
        self.register_buffer("toll", torch.zeros(()))
        self.most_toll = spec.toll
        self.foretell = Foresight(width, self.bottom.codes) if tolled else None
        self.decode = Decoder(spec, domain, grids)

    def encode(self, pixels: Tensor) -> tuple[Quantized, Quantized]:
        """``(B, P) int64`` to top and bottom codes, on the grids of each.

        In full precision whatever the training's: half of it rounds away what tells neighbouring
        codes apart, and priors would learn other codes than they are asked about.
        """
        with torch.autocast(pixels.device.type, enabled=False):
            top, bottom, _ = self.read(pixels)
        return top, bottom

    def read(self, pixels: Tensor) -> tuple[Quantized, Quantized, Tensor | None]:
        """The same, and the ``(B, t', 2h, 2w, codes)`` logits that foretell the bottom codes.

        Those teach nothing but to foretell: no gradient leaves the network that they come from.
        """
        fine, asked = self._ask_top(pixels)
        top = self.top(asked)
        coarse = self.rise(top.values)
        foretold = self._foretold(coarse)
        bottom = self.bottom(self._ask_bottom(fine, coarse), self._toll(foretold))
        return top, bottom, foretold

    def _foretold(self, coarse: Tensor) -> Tensor | None:
        """``(B, t', 2h, 2w, codes)`` logits of bottom codes."""
        if self.foretell is None:
            return None
        seen = (coarse + self.position).detach()
        logits = self.foretell(seen).permute(0, 2, 3, 1)
        return torch.unflatten(logits.float(), 0, (-1, self.grids.bottom.frames))

    def ripen(self, progress: float) -> None:
        """Set the toll for a ``progress`` of the training in [0, 1]."""
        self.toll.fill_(self.most_toll * progress)

    def _toll(self, foretold: Tensor | None) -> Tensor | None:
        if foretold is None:
            return None
        return foretold.detach().log_softmax(-1).mul_(-self.toll)

    def _ask_top(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """What is seen, and the ``(B, t, h, w, D)`` vectors that top codes are asked for."""
        after, below, right = (
            padded - side for padded, side in zip(self.grids.padded, self.canvas, strict=True)
        )
        maps = F.pad(torch.unflatten(pixels, 1, self.canvas), (0, right, 0, below, 0, after))
        # The pixels of a code come together as indices, before each becomes many numbers.
        (t, h, w), span, side = self.grids.bottom, self.grids.span, self.patch
        parts = maps.view(-1, t, span, h, side, w, side).permute(0, 1, 3, 5, 2, 4, 6)
        seen = self.stem(self.embed(parts.flatten(4)).flatten(4)).flatten(0, 1)
        fine = self.read_bottom(seen.permute(0, 3, 1, 2) + self.position)
        steps = self.grids.steps
        quarters = torch.unflatten(F.pixel_unshuffle(fine, 2), 0, (-1, steps)).flatten(1, 2)
        coarse = self.read_top(self.down(quarters))
        return fine, self._last(self.to_top(coarse), self.grids.top)

    def _ask_bottom(self, fine: Tensor, coarse: Tensor) -> Tensor:
        asked = self.to_bottom(self.refine(fine + coarse))
        return self._last(asked, self.grids.bottom)

    def vectors(self, levels: Levels) -> tuple[Tensor, Tensor]:
        """The vectors of ``(B, N)`` codes, as the decoder takes them."""
        top = self.top.look_up(levels.top).view(-1, *self.grids.top, self.top.size)
        bottom = self.bottom.look_up(levels.bottom).view(-1, *self.grids.bottom, self.bottom.size)
        return top, bottom

    @torch.no_grad()
    def start_from(self, pixels: Tensor, few: Tensor, draws: Tensor) -> None:
        """Lay colours out by ``(N, P)`` sprites, codes by ``(n, P)`` and draws.

        Those are ``(2, codes)`` in [0, 1).
        """
        bias = self.decode.bias
        bias.copy_(frequencies(pixels, bias.shape[1]).log())
        fine, asked = self._ask_top(few)
        self.top.lay_out(asked.flatten(0, -2), draws[0])
        # The bottom is read knowing the top, whose codes must lie before.
        asked = self._ask_bottom(fine, self.rise(self.top(asked).values))
        self.bottom.lay_out(asked.flatten(0, -2), draws[1])

    @torch.no_grad()
    def follow(self, pixels: Tensor, draws: Tensor) -> None:
        """Let codes follow the ``(B, P)`` sprites of a step."""
        fine, asked = self._ask_top(pixels)
        top = self.top(asked)
        self.top.follow(asked.flatten(0, -2), draws[0])
        coarse = self.rise(top.values)
        asked, toll = self._ask_bottom(fine, coarse), self._toll(self._foretold(coarse))
        tolls = None if toll is None else toll.flatten(0, -2)
        self.bottom.follow(asked.flatten(0, -2), draws[1], tolls)

    def _last(self, x: Tensor, grid: Canvas) -> Tensor:
        """``(B·t, D, h, w)`` to ``(B, t, h, w, D)``."""
        return torch.unflatten(x.permute(0, 2, 3, 1), 0, (-1, grid.frames))


def _quantizer(spec: HierarchySpec) -> Quantizer:
    if spec.quantizer == "lattice":
        return Lattice(lattice_levels(spec.codes))
    return Codebook(spec.codes, spec.code_size)
