"""How labels enter a network, and how training hides them so that any part of them can be asked.

A user asks for `alien` and says nothing about hats: that is another question than an alien known
to wear none. So a label has three states — asked for (1), forbidden (-1), unknown (0) — and
training hides a random part of what it knows of each sprite.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pxgen.noise import Noise


class LabelEmbedding(nn.Module):
    """Labels and one scalar (the share of hidden pixels) to a vector.

    The embeddings of the labels present and of those known absent are summed, each weighted.
    """

    def __init__(self, labels: int, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(2 * labels + 2, width)
        self.mix = nn.Linear(width, width)

    def forward(self, labels: Tensor, share: Tensor) -> Tensor:
        """``(B, L)`` labels and a ``(B,)`` share in [0, 1] to ``(B, width)``."""
        time = share.unsqueeze(1)
        state = torch.cat([labels.relu(), labels.neg().relu(), time, time.square()], dim=1)
        return nn.functional.silu(self.mix(nn.functional.silu(self.project(state))))


def hide_labels(labels: Tensor, noise: Noise, blind: float) -> Tensor:
    """Turn a random part of ``(B, L)`` labels in {-1, 1} to 0, unknown.

    A share ``blind`` of the sprites loses all labels, which trains the unconditional model that
    guidance needs (2207.12598). Of the others four in ten keep all; five in ten keep a random part
    of the present ones only, which is how people ask; one in ten keeps a random part of all.
    """
    mode, rate = noise.uniform(2).unbind(1)
    kept = noise.uniform(labels.shape[1]) < rate.unsqueeze(1)
    all_known = (mode < 0.4).unsqueeze(1)
    only_present = (mode < 0.9).unsqueeze(1)
    known = all_known | (kept & ~(only_present & (labels < 0)))
    # `mode` and `rate` are spent; whether a sprite goes blind is a draw of its own.
    sighted = noise.uniform(1) >= blind
    return labels * (known & sighted)
