"""The denoiser of masked diffusion: logits of every pixel of a partly masked index map.

The output is low-rank: a feature a pixel against a vector a colour, so that a large palette costs
little and single pixels can be predicted.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Domain
from pxgen.models.diffusion.backbone import EMBEDDING, Backbone, BackboneSpec
from pxgen.models.layers import NO_WRAP, Wrap, frequencies, prefer_channels_last


class Denoiser(Backbone):
    """Logits over the palette for chosen pixels of a partly masked sprite."""

    def __init__(self, spec: BackboneSpec, domain: Domain) -> None:
        super().__init__(spec, domain, nn.Embedding(domain.colors + 1, EMBEDDING), spec.rank)
        self.colors = domain.colors
        palette = torch.empty(domain.colors, spec.rank)
        self.palette = nn.Parameter(nn.init.normal_(palette, std=spec.rank**-0.5))
        self.bias = nn.Parameter(torch.zeros(domain.canvas.pixels, domain.colors))
        prefer_channels_last(self)

    @property
    def mask_token(self) -> int:
        """The token of a pixel that is not known yet."""
        return self.colors

    def forward(
        self, tokens: Tensor, labels: Tensor, places: Tensor, wrap: Wrap = NO_WRAP
    ) -> Tensor:
        """Logits of chosen pixels.

        Args:
            tokens: ``(B, P) int64`` palette indices or the mask token.
            labels: ``(B, L) float32`` in [-1, 1].
            places: ``(B, M) int64`` of the chosen pixels.
            wrap: borders that join.

        Returns:
            ``(B, M, K) float32`` logits.
        """
        features = self.read(tokens, labels, wrap)
        chosen = features.gather(1, places.unsqueeze(-1).expand(-1, -1, self.rank))
        # The loss and the draws need full precision whatever the network ran in.
        logits: Tensor = chosen.float() @ self.palette.t() + F.embedding(places, self.bias)
        return logits

    def read(self, tokens: Tensor, labels: Tensor, wrap: Wrap = NO_WRAP) -> Tensor:
        """``(B, P)`` tokens to ``(B, P, rank)`` features."""
        share = (tokens == self.mask_token).float().mean(1)
        T, H, W = self.canvas
        maps = self.pad(tokens.view(-1, T, H, W), self.mask_token)
        return self.features(self.embed(maps), labels, share, wrap)

    @torch.no_grad()
    def start_from(self, pixels: Tensor) -> None:
        """Set the bias to the frequencies of colours at each place of ``(N, T, H, W)`` sprites."""
        self.bias.copy_(frequencies(pixels.flatten(1), self.colors).log())
