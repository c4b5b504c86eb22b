"""How labels enter a network, and how what is not said of them is filled in.

A user asks for `alien` and says nothing about hats: that is another question than an alien known
to wear none. So a label has three states: asked for (1), forbidden (-1), unknown (0). Unknown
labels are drawn first, from a small model of which labels go together; the sprite is then drawn
knowing all of them. Deciding on a hat is easy for a model of labels and hard for single pixels,
each of which would have to agree on one.
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


class LabelPrior(nn.Module):
    """Which labels go together: each hidden label's chance given those known.

    Trained and drawn in any order, one label at a time (2110.02037).
    """

    CALLS = 128
    """Network calls of one completion at most; a larger vocabulary draws several labels a call."""

    def __init__(self, labels: int, width: int) -> None:
        super().__init__()
        self.enter = nn.Linear(2 * labels, width)
        self.middle = nn.Linear(width, width)
        self.leave = nn.Linear(width, labels)

    def forward(self, labels: Tensor) -> Tensor:
        """``(B, L)`` labels, 0 where unknown, to ``(B, L)`` logits of being present."""
        state = torch.cat([labels.relu(), labels.neg().relu()], dim=1)
        hidden = nn.functional.silu(self.enter(state))
        logits: Tensor = self.leave(hidden + nn.functional.silu(self.middle(hidden)))
        return logits

    def loss(self, labels: Tensor, noise: Noise) -> Tensor:
        """``(B,)`` nats a label of ``(B, L)`` labels in {-1, 1}, a random number of them hidden."""
        L = labels.shape[1]
        count = (noise.uniform(1) * L).long() + 1
        hidden = noise.uniform(L).argsort(dim=1) < count
        logits = self(labels.masked_fill(hidden, 0.0)).float()
        nats = nn.functional.softplus(-labels * logits)
        return (nats * hidden).sum(1) / count.squeeze(1)

    def complete(self, asked: Tensor, noise: Noise) -> Tensor:
        """Draw the unknown labels of ``(n, L)``; what was asked for keeps its weight."""
        L = asked.shape[1]
        order, chance = noise.uniform(L).argsort(dim=1), noise.uniform(L)
        labels = asked
        for places in torch.split(order, -(-L // self.CALLS), dim=1):
            present = chance < self(labels).sigmoid()
            due = torch.zeros_like(present).scatter(1, places, True)
            labels = torch.where(due & (labels == 0), present * 2.0 - 1, labels)
        return labels


def hide_labels(labels: Tensor, noise: Noise, blind: float) -> Tensor:
    """Turn a random part of ``(B, L)`` labels in {-1, 1} to 0, unknown.

    A share ``blind`` of the sprites loses all labels, which trains the unconditional model that
    guidance needs (2207.12598). Of the others eight in ten keep all; one in ten keeps a random
    part of the present ones only; one in ten keeps a random part of all.
    """
    mode, rate = noise.uniform(2).unbind(1)
    kept = noise.uniform(labels.shape[1]) < rate.unsqueeze(1)
    all_known = (mode < 0.8).unsqueeze(1)
    only_present = (mode < 0.9).unsqueeze(1)
    known = all_known | (kept & ~(only_present & (labels < 0)))
    # `mode` and `rate` are spent; whether a sprite goes blind is a draw of its own.
    sighted = noise.uniform(1) >= blind
    return labels * (known & sighted)
