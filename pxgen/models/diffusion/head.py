"""The head of a denoiser: logits over the palette at any places, cheap for large palettes."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Domain
from pxgen.models.axes import Axes
from pxgen.models.layers import start_bias

PLACE_RANK = 32
"""Rank of the bias by place. Of K colours fewer than that, K features make any bias; the others
stay zero, and are kept so that checkpoints have one shape."""


class SpriteHead(nn.Module):
    """Logits over the palette: a feature vector a pixel against one a colour, and a bias a colour.

    With a template there is a bias by place of low rank: each place has features of its own, which
    start at the frequencies of colours there. Networks inherit it.
    """

    axes: ClassVar[Axes] = {"palette": ("colors", 0), "bias": ("colors", 0)}
    reads_places: ClassVar[tuple[str, ...]] = ("palette",)
    """Weights whose last columns multiply the features of places."""
    palette: nn.Parameter
    bias: nn.Parameter
    places: nn.Parameter

    def add_head(self, domain: Domain, rank: int, *, template: bool) -> None:
        """Make the weights for features of ``rank`` numbers."""
        K, own = domain.colors, PLACE_RANK if template else 0
        self.palette = nn.Parameter(torch.zeros(K, rank + own))
        with torch.no_grad():
            nn.init.normal_(self.palette[:, :rank], std=rank**-0.5)
        self.bias = nn.Parameter(torch.zeros(K))
        self.places = nn.Parameter(torch.zeros(domain.canvas.pixels, own))

    def with_places(self, features: Tensor) -> Tensor:
        """``(B, P, rank)`` features as ``float32``, followed by those of each place."""
        return torch.cat([features.float(), self.places.expand(len(features), -1, -1)], -1)

    def project(self, placed: Tensor) -> Tensor:
        """``(..., R)`` features, those of the place among them, to ``(..., K)`` logits."""
        with torch.autocast(placed.device.type, enabled=False):
            return F.linear(placed, self.palette, self.bias)

    def logits(self, features: Tensor) -> Tensor:
        """``(B, P, rank)`` features to ``(B, P, K) float32``, whatever the network ran in."""
        return self.project(self.with_places(features))

    @torch.no_grad()
    def start_from(self, tokens: Tensor, present: Tensor | None = None) -> None:
        """Start at the frequencies of colours in ``(N, P)`` sprites, at each place if it can.

        Pixels that are not ``present``, ``(N, P) bool``, do not count.
        """
        counted = tokens.flatten() if present is None else tokens[present]
        counts = torch.bincount(counted, minlength=len(self.bias)) + 1.0
        self.bias.copy_((counts / counts.sum()).log())
        own = self.places.shape[1]
        if not own:
            return
        biases = torch.zeros(len(self.places), len(self.bias), device=tokens.device)
        start_bias(biases, tokens, present)
        left, scales, right = torch.linalg.svd(biases - self.bias, full_matrices=False)
        rank, scales = min(own, len(scales)), scales.sqrt()
        self.places[:, :rank] = left[:, :rank] * scales[:rank]
        self.palette[:, -own:][:, :rank] = right[:rank].t() * scales[:rank]
