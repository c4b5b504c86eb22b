"""Colours in use: logits lean to the colours of what is known already, each by its role."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

STATISTICS = 3
"""Numbers that tell how a colour is used."""


class ColorCache(nn.Module):
    """A cache of the colours in use, as language models have one of words (1612.04426).

    A sprite has few colours of its palette, so one that it has shown already is far likelier than
    another. Each pixel says by its features how far it leans to colours in use. With keys of
    ``rank`` numbers it asks for some of them, too: a colour's key is the mean of the features where
    it is known, its role in this sprite, whatever colour plays it. At first neither says anything.
    """

    indivisible: ClassVar[bool] = True

    def __init__(self, colors: int, pixels: int, features: int, rank: int) -> None:
        super().__init__()
        self.colors, self.pixels, self.rank = colors, pixels, rank
        self.lean = nn.Linear(features, STATISTICS)
        for parameter in self.parameters():
            nn.init.zeros_(parameter)
        if rank:
            self.key = nn.Linear(rank, rank)
            self.query = nn.Linear(rank, rank, bias=False)
            nn.init.zeros_(self.query.weight)

    def forward(self, asking: Tensor, features: Tensor, tokens: Tensor) -> Tensor:
        """``(B, M, R)`` features of some pixels to ``(B, M, K)`` logits.

        ``features``, ``(B, P, R)``, are those of all ``(B, P)`` tokens. Tokens beyond the colours
        are of pixels that are not known.
        """
        with torch.autocast(features.device.type, enabled=False):
            ones = torch.ones_like(tokens, dtype=torch.float32)
            counts = ones.new_zeros(len(tokens), self.colors + 1).scatter_add(1, tokens, ones)
            logits: Tensor = self.lean(asking) @ self._statistics(counts[:, :-1], tokens.shape[1])
            if self.rank:
                keys = self._keys(features, tokens, counts)
                logits += self.query(asking[..., : self.rank]) @ keys.transpose(1, 2)
        return logits

    def _keys(self, features: Tensor, tokens: Tensor, counts: Tensor) -> Tensor:
        """``(B, K, rank)``: the mean key of the pixels of each colour; zero of one not in use."""
        each: Tensor = self.key(features[..., : self.rank])
        index = tokens.unsqueeze(-1).expand(-1, -1, self.rank)
        sums = each.new_zeros(*counts.shape, self.rank).scatter_add(1, index, each)
        return sums[:, :-1] / counts[:, :-1].clamp(min=1).unsqueeze(-1)

    def _statistics(self, counts: Tensor, pixels: int) -> Tensor:
        """``(B, STATISTICS, K)``: whether each colour is used, how much, and of how much known."""
        used = (counts > 0).float()
        # On a larger canvas as many as on the model's own, which are one at least.
        counts = used * (counts * (self.pixels / pixels)).clamp(min=1)
        known = counts.sum(1, keepdim=True).log1p()
        return torch.stack([used, counts.log1p(), used * known], 1)
