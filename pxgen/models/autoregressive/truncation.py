"""Truncated sampling: top-k and top-p."""

from __future__ import annotations

import torch
from torch import Tensor

from pxgen.models.protocol import SamplingParams


def truncated(probs: Tensor, sampling: SamplingParams) -> Tensor:
    """``(..., K)`` probabilities without what top-k and top-p leave out.

    ``top_k`` keeps so many of the likeliest (1805.04833), ``top_p`` after that the fewest whose sum
    reaches it (1904.09751); at least one always stays.
    """
    if sampling.top_k is None and sampling.top_p is None:
        return probs
    ordered, order = probs.sort(stable=True, dim=-1, descending=True)
    K = probs.shape[-1]
    kept = torch.arange(K, device=probs.device) < (K if sampling.top_k is None else sampling.top_k)
    # Rounded sums may reach 1 before the last.
    if sampling.top_p is not None and sampling.top_p < 1:
        total = ordered * kept
        total = total / total.sum(-1, keepdim=True)
        kept = kept & (total.cumsum(-1) - total < sampling.top_p)
    kept = kept.expand_as(ordered).clone()
    kept[..., 0] = True
    probs = probs * torch.zeros_like(kept).scatter(-1, order, kept)
    return probs / probs.sum(-1, keepdim=True)
