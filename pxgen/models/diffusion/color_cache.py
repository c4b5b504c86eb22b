"""Colours in use: logits lean to the colours of what is known already."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from pxgen.models.axes import Axes

STATISTICS = 3
"""Numbers that tell how a colour is used."""


class ColorCache(nn.Module):
    """A cache of the colours in use, as language models have one of words (1612.04426).

    A sprite has few colours of its palette, so one that it has shown already is far likelier than
    another. Each pixel says by its features how far it leans to colours in use; the network is told
    of them as it is of labels. All starts at zero.
    """

    axes: ClassVar[Axes] = {"tell.weight": ("colors", 1)}

    def __init__(self, colors: int, pixels: int, features: int, hidden: int) -> None:
        super().__init__()
        self.colors, self.pixels = colors, pixels
        self.lean = nn.Linear(features, STATISTICS)
        self.tell = nn.Linear(colors, hidden, bias=False)
        for parameter in self.parameters():
            nn.init.zeros_(parameter)

    def condition(self, tokens: Tensor) -> Tensor:
        """``(B, P)`` tokens to ``(B, hidden)``, to be added to the vector of labels."""
        told: Tensor = self.tell(self._counts(tokens).log1p())
        return told

    def logits(self, features: Tensor, tokens: Tensor) -> Tensor:
        """``(B, M, R)`` features of some pixels and ``(B, P)`` tokens to ``(B, M, K)``."""
        counts = self._counts(tokens)
        used = (counts > 0).float()
        known = counts.sum(1, keepdim=True).log1p()
        statistics = torch.stack([used, counts.log1p(), used * known], 1)
        leant: Tensor = self.lean(features) @ statistics
        return leant

    def _counts(self, tokens: Tensor) -> Tensor:
        """``(B, K)`` pixels of each colour, on a larger canvas as many as on the model's own."""
        ones = torch.ones_like(tokens, dtype=torch.float32)
        counts = ones.new_zeros(len(tokens), self.colors + 1).scatter_add(1, tokens, ones)
        return counts[:, :-1] * (self.pixels / tokens.shape[1])
