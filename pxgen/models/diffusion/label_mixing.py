"""Label mixing: features of pixels mixed as the labels say, so that one label colours another's."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LabelMixing(nn.Module):
    """A linear map of each pixel's features, made by the conditions (a hypernetwork, 1609.09106).

    Long hair and red hair add up to no long red hair: one label says where, the other which
    colour, and that is a product. Starts as the identity.
    """

    def __init__(self, hidden: int, features: int) -> None:
        super().__init__()
        self.change = nn.Linear(hidden, features * features)
        nn.init.zeros_(self.change.weight)
        nn.init.zeros_(self.change.bias)

    def forward(self, pixels: Tensor, condition: Tensor) -> Tensor:
        """``(B, ..., F)`` features of pixels and ``(B, hidden)`` conditions to the former."""
        rows = pixels.flatten(1, -2)
        changes = self.change(condition).view(len(rows), rows.shape[-1], rows.shape[-1])
        return torch.baddbmm(rows, rows, changes).view_as(pixels)
