"""A Markov chain of three colours, whose every conditional is known in closed form."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from pxgen.models.layers import at_places

CHAIN = torch.tensor([[0.8, 0.15, 0.05], [0.2, 0.7, 0.1], [0.1, 0.3, 0.6]])
"""``(3, 3)``: the chances of the next colour given the one before."""
START = torch.linalg.matrix_power(CHAIN, 500)[0]
"""``(3,)``: the share of each colour anywhere in the chain."""
PAIRS = START.unsqueeze(1) * CHAIN
"""``(3, 3)``: the share of each pair of neighbours."""


def conditionals(tokens: Tensor, places: Tensor, progress: float) -> Tensor:
    """``(n, N)`` tokens, 3 where masked, to exact log-probabilities ``(n, M, 3)`` at the places."""
    n, length = tokens.shape
    seen = F.one_hot(tokens.clamp(max=2), 3).float()
    evidence = torch.where((tokens < 3).unsqueeze(-1), seen, torch.ones(3))
    forward, backward = torch.zeros(n, length, 3), torch.ones(n, length, 3)
    forward[:, 0] = START
    for i in range(1, length):
        message = (forward[:, i - 1] * evidence[:, i - 1]) @ CHAIN
        forward[:, i] = message / message.sum(1, keepdim=True)
    for i in reversed(range(length - 1)):
        message = (backward[:, i + 1] * evidence[:, i + 1]) @ CHAIN.t()
        backward[:, i] = message / message.sum(1, keepdim=True)
    return at_places((forward * backward).clamp(min=1e-12).log(), places)
