"""The network of a masked diffusion: what every pixel of a partly hidden index map may be.

The output is low-rank: a feature a pixel against a vector a colour, so that a large palette costs
little and one pixel can be asked alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Domain
from pxgen.models.diffusion.backbone import EMBEDDING, Trunk, TrunkSpec
from pxgen.models.layers import NOWHERE, Wrap, frequencies, prefer_channels_last


class Denoiser(Trunk):
    """Logits over the palette for chosen pixels of a partly hidden sprite."""

    def __init__(self, spec: TrunkSpec, domain: Domain) -> None:
        super().__init__(spec, domain, nn.Embedding(domain.colors + 1, EMBEDDING), spec.rank)
        self.colors = domain.colors
        palette = torch.empty(domain.colors, spec.rank)
        self.palette = nn.Parameter(nn.init.normal_(palette, std=spec.rank**-0.5))
        self.bias = nn.Parameter(torch.zeros(domain.canvas.pixels, domain.colors))
        prefer_channels_last(self)

    @property
    def hidden_token(self) -> int:
        """The index that stands for a pixel not yet known."""
        return self.colors

    def forward(
        self, tokens: Tensor, labels: Tensor, where: Tensor, wrap: Wrap = NOWHERE
    ) -> Tensor:
        """Logits at chosen pixels.

        Args:
            tokens: ``(B, P) int64`` palette indices or the hidden token, P pixels in reading order.
            labels: ``(B, L) float32`` in [-1, 1].
            where: ``(B, M) int64`` pixels asked for.
            wrap: borders that join.

        Returns:
            ``(B, M, K) float32`` logits.
        """
        features = self.read(tokens, labels, wrap)
        chosen = features.gather(1, where.unsqueeze(-1).expand(-1, -1, self.rank))
        # The loss and the draws need full precision whatever the network ran in.
        logits: Tensor = chosen.float() @ self.palette.t() + F.embedding(where, self.bias)
        return logits

    def read(self, tokens: Tensor, labels: Tensor, wrap: Wrap = NOWHERE) -> Tensor:
        """``(B, P)`` tokens to ``(B, P, rank)`` features."""
        share = (tokens == self.hidden_token).float().mean(1)
        T, H, W = self.canvas
        maps = self.pad(tokens.view(-1, T, H, W), self.hidden_token)
        return self.features(self.embed(maps), labels, share, wrap)

    @torch.no_grad()
    def start_from(self, pixels: Tensor) -> None:
        """Begin with what each position of ``(N, T, H, W)`` training sprites holds on its own."""
        self.bias.copy_(frequencies(pixels.flatten(1), self.colors).log())
