"""Colours in use: logits lean to the colours of what is known already."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

STATISTICS = 3
"""Numbers that tell how a colour is used."""


class ColorCache(nn.Module):
    """A cache of the colours in use, as language models have one of words (1612.04426).

    A sprite has few colours of its palette, so one that it has shown already is far likelier than
    another. Each pixel says by its features how far it leans to colours in use, at first not at
    all.
    """

    indivisible: ClassVar[bool] = True

    def __init__(self, colors: int, pixels: int, features: int) -> None:
        super().__init__()
        self.colors, self.pixels = colors, pixels
        self.lean = nn.Linear(features, STATISTICS)
        for parameter in self.parameters():
            nn.init.zeros_(parameter)

    def forward(self, features: Tensor, tokens: Tensor) -> Tensor:
        """``(B, M, R)`` features of some pixels of ``(B, P)`` tokens to ``(B, M, K)`` logits.

        Tokens beyond the colours are of pixels that are not known.
        """
        ones = torch.ones_like(tokens, dtype=torch.float32)
        counts = ones.new_zeros(len(tokens), self.colors + 1).scatter_add(1, tokens, ones)
        used = (counts[:, :-1] > 0).float()
        # On a larger canvas as many as on the model's own, which are one at least.
        counts = used * (counts[:, :-1] * (self.pixels / tokens.shape[1])).clamp(min=1)
        known = counts.sum(1, keepdim=True).log1p()
        statistics = torch.stack([used, counts.log1p(), used * known], 1)
        with torch.autocast(features.device.type, enabled=False):
            logits: Tensor = self.lean(features) @ statistics
        return logits
