"""The decoder from two levels of codes to pixels, causal in time.

One of its cells holds all pixels of a bottom code in all their colours, far more than the encoder
passes on, so it is wider than the encoder.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Canvas, Domain
from pxgen.models.conditioning import LabelEmbedding
from pxgen.models.layers import ChannelNorm, GlobalBlock, PaletteHead
from pxgen.models.vqvae.blocks import FrameBlock
from pxgen.models.vqvae.grids import CodecSpec, Grids, Upsample


class Decoder(PaletteHead):
    """Logits of pixels from the vectors of codes, and from labels where the settings say so."""

    def __init__(self, spec: CodecSpec, domain: Domain, grids: Grids) -> None:
        super().__init__()
        self.canvas, self.grids = domain.canvas, grids
        self.patch, self.rank = spec.patch, spec.rank
        width, cells = spec.decoder_width, grids.bottom[1:]
        self.upsample = Upsample(spec.vector_size, width, grids.steps)
        self.from_bottom = nn.Conv2d(spec.vector_size, width, 1)
        # They stand for a level that is dropped.
        self.no_top = nn.Parameter(torch.zeros(width, 1, 1))
        self.no_bottom = nn.Parameter(torch.zeros(width, 1, 1))
        self.position = nn.Parameter(nn.init.normal_(torch.empty(1, width, *cells), std=0.02))
        self.labels = LabelEmbedding(domain.label_count if spec.decoder_labels else 0, spec.hidden)
        self.times = nn.Parameter(torch.zeros(grids.bottom.frames, spec.hidden))
        self.overview = GlobalBlock(width, Canvas(1, *cells), spec.hidden, spec.hidden)
        self.write = nn.ModuleList(
            FrameBlock(grids.bottom.frames, width, spec.hidden) for _ in range(spec.depth)
        )
        self.norm = ChannelNorm(width)
        self.leave = nn.Conv2d(width, grids.span * spec.rank * spec.patch**2, 1)
        self.add_head(domain, spec.rank)

    def forward(
        self, top: Tensor, bottom: Tensor, labels: Tensor, shown: Tensor | None = None
    ) -> Tensor:
        """``(B, t, h, w, D)`` and ``(B, t', 2h, 2w, D)`` vectors to ``(B, P, K)`` logits.

        ``(B, 2) bool`` says whether the top and the bottom level are shown; both are if None.
        """
        coarse = self.upsample(top)
        fine = self.from_bottom(bottom.flatten(0, 1).permute(0, 3, 1, 2))
        if shown is not None:
            seen = shown.repeat_interleave(self.grids.bottom.frames, 0)[:, :, None, None, None]
            coarse = torch.where(seen[:, 0], coarse, self.no_top)
            fine = torch.where(seen[:, 1], fine, self.no_bottom)
        x = coarse + fine + self.position
        condition = (self.labels(labels).unsqueeze(1) + self.times).flatten(0, 1)
        x = self.overview(x, condition)
        for block in self.write:
            x = block(x, condition)
        planes = F.pixel_shuffle(self.leave(F.silu(self.norm(x))), self.patch)
        frames = torch.unflatten(planes, 1, (self.grids.span, self.rank)).flatten(0, 1)
        T, H, W = self.canvas
        clips = torch.unflatten(frames[:, :, :H, :W], 0, (-1, self.grids.padded.frames))[:, :T]
        return self.logits(clips.permute(0, 1, 3, 4, 2).reshape(-1, T * H * W, self.rank))
