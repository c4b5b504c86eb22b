"""Temperature: how far a draw leans to what is likely."""

from __future__ import annotations

import torch
from torch import Tensor

MIN_TEMPERATURE = 1e-4
"""Stands for lower ones: below it there is only the likeliest."""
PAYBACK = 0.2
"""Logits of being transparent that a pixel of debt adds."""
MAX_SHIFT, HALVINGS = 16.0, 14
"""Bounds of that shift either way, and halvings by which it is found between them."""


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
    temperature below 1 that sharpened it would empty the canvas. So it is sharpened about another
    middle: the logits of being transparent are shifted until as many pixels are to be expected as
    without a temperature, up to a debt of a few pixels, which later draws pay back.
    """

    def __init__(self, temperature: float) -> None:
        self._temperature = max(temperature, MIN_TEMPERATURE)
        self._debt: Tensor | float = 0.0

    def probs(self, logits: Tensor, drawn: Tensor | None = None) -> Tensor:
        """``(n, M, K)`` logits to the probabilities to draw by.

        Draws follow one another: of these ``(n, M) bool`` ones count, all unless told.
        """
        plain = logits.softmax(-1)
        if self._temperature == 1:
            return plain
        odds = logits[..., 0] - logits[..., 1:].logsumexp(-1)
        counts = torch.ones_like(odds) if drawn is None else drawn.to(odds)
        clear = self._transparent(odds, plain[..., 0], counts).unsqueeze(-1)
        return pixel_probs(logits, self._temperature, clear)

    def _transparent(self, odds: Tensor, plain: Tensor, counts: Tensor) -> Tensor:
        """``(n, M)`` probabilities of being transparent, sharpened about their middle."""

        def debt(shift: Tensor) -> Tensor:
            sharp = ((odds + shift) / self._temperature).sigmoid()
            return self._debt + ((plain - sharp) * counts).sum(-1, keepdim=True)

        low = torch.full_like(odds[:, :1], -MAX_SHIFT)
        high = -low
        for _ in range(HALVINGS):
            shift = (low + high) / 2
            owed = PAYBACK * debt(shift) > shift
            low, high = torch.where(owed, shift, low), torch.where(owed, high, shift)
        shift = (low + high) / 2
        self._debt = debt(shift)
        return ((odds + shift) / self._temperature).sigmoid()
