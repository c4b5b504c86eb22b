"""Temperature: how far a draw leans to what is likely."""

from __future__ import annotations

import torch
from torch import Tensor

TEMPERATURES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Of which one may suit a model best (temperature scaling, 1706.04599). Above 1 held-out monsters
cost 0.3 % fewer bits, and drawn ones have a third more stray pixels."""
MIN_GAIN = 0.01
"""Share of its held-out bits that a model must save by another temperature than 1."""
MIN_TEMPERATURE = 1e-4
"""Stands for lower ones: below it there is only the likeliest."""
PAYBACK = 0.2
"""Logits of being transparent that a pixel of debt adds, times temperatures above 1."""
MAX_BIAS, HALVINGS = 16.0, 14
"""Bounds of that bias either way, times such temperatures, and halvings that find it."""


def best_temperature(nats: Tensor) -> float:
    """That of :data:`TEMPERATURES` at which held-out sprites cost the fewest nats.

    It is 1 unless another saves enough; ``nats`` is ``(len(TEMPERATURES),)``.
    """
    least = int(nats.argmin())
    return TEMPERATURES[least] if nats[least] < (1 - MIN_GAIN) * nats[-1] else 1.0


def code_probs(logits: Tensor, temperature: float) -> Tensor:
    """``(..., K)`` logits of codes to the probabilities to draw by."""
    return (logits / max(temperature, MIN_TEMPERATURE)).softmax(-1)


def pixel_probs(logits: Tensor, temperature: float, transparent: Tensor) -> Tensor:
    """``(..., K)`` logits of entries to probabilities: colours at a temperature among themselves.

    ``transparent`` is the probability of the background, ``(..., 1)``.
    """
    # Where a lock leaves the background alone, colours are 0 / 0.
    colors = code_probs(logits[..., 1:], temperature).nan_to_num()
    return torch.cat([transparent, colors * (1 - transparent)], -1)


class PixelTemperature:
    """A temperature of palette entries that keeps the size of the silhouette.

    Where little is known yet, the background is the likeliest entry nearly everywhere, and a
    temperature below 1 that sharpened it would empty the canvas. So a bias is added to the logits
    of being transparent: the one by which as many pixels are expected to be so as without a
    temperature, up to a debt of a few pixels, which later draws pay back once it is booked.
    """

    def __init__(self, temperature: float) -> None:
        self._temperature = max(temperature, MIN_TEMPERATURE)
        self._debt: Tensor | float = 0.0

    def probs(self, logits: Tensor, counts: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """``(n, M, K)`` logits to the probabilities to draw by, and ``(n, M)`` what each lends.

        That is the expected number of transparent pixels by which it falls short. The silhouette
        is that of the ``(n, M) bool`` pixels that count, all unless told.
        """
        plain = logits.softmax(-1)
        if self._temperature == 1:
            return plain, torch.zeros_like(plain[..., 0])
        odds = logits[..., 0] - logits[..., 1:].logsumexp(-1)
        counts = torch.ones_like(odds) if counts is None else counts.to(odds)
        transparent = self._transparent(odds, plain[..., 0], counts)
        probabilities = pixel_probs(logits, self._temperature, transparent.unsqueeze(-1))
        return probabilities, plain[..., 0] - transparent

    def book(self, lent: Tensor, revealed: Tensor) -> None:
        """Add what was lent by the ``(n, M) bool`` pixels that keep their draw to the debt."""
        self._debt = self._debt + (lent * revealed).sum(-1, keepdim=True)

    def _transparent(self, odds: Tensor, plain: Tensor, counts: Tensor) -> Tensor:
        """``(n, M)`` probabilities of being transparent: those of the biased odds, sharpened."""

        def sharpened(bias: Tensor) -> Tensor:
            return ((odds + bias) / self._temperature).sigmoid()

        unit = max(self._temperature, 1.0)
        high = torch.full_like(odds[:, :1], MAX_BIAS * unit)
        low = -high
        for _ in range(HALVINGS):
            bias = (low + high) / 2
            lent = ((plain - sharpened(bias)) * counts).sum(-1, keepdim=True)
            owed = PAYBACK * unit * (self._debt + lent) > bias
            low, high = torch.where(owed, bias, low), torch.where(owed, high, bias)
        return sharpened((low + high) / 2)
