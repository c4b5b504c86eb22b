"""What pixels are to a Gaussian diffusion: colours, or vectors that stand for palette entries.

Each kind lifts ``(B, P) int64`` indices to ``(B, P, channels)`` clean planes and reads the
network's features as *scores*: what clean planes are expected of, and indices decided by. Guidance
mixes scores.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Domain
from pxgen.models.diffusion.inpainting import log_chances


class Noisy(NamedTuple):
    """Sprites under noise."""

    indices: Tensor
    """``(B, P) int64``."""
    clean: Tensor
    """``(B, P, channels)``."""
    added: Tensor
    """``(B, P, channels)`` standard normal."""
    times: Tensor
    """``(B,) int64`` levels."""
    kept: Tensor
    """``(B, 1, 1)`` shares of the clean planes' variance that are left."""

    @property
    def x(self) -> Tensor:
        """``(B, P, channels)``: what the network sees."""
        return self.kept.sqrt() * self.clean + (1 - self.kept).sqrt() * self.added


class RgbaPlanes(nn.Module):
    """Four numbers a pixel in [-1, 1]: the ordinary diffusion of colours, snapped at the end.

    Scores are the clean planes themselves, which the network names directly or by way of
    v = √kept · noise - √(1 - kept) · clean (2202.00512).
    """

    palette: Tensor
    cost_name = "error"

    def __init__(self, domain: Domain, *, predict: str) -> None:
        super().__init__()
        self.channels = self.rank = 4
        self.by_v = predict == "v"
        colors = torch.tensor(domain.palette, dtype=torch.float32) / 127.5 - 1
        self.register_buffer("palette", colors)

    def lift(self, indices: Tensor) -> Tensor:
        """``(B, P)`` to ``(B, P, 4)``."""
        return self.palette[indices]

    def scores(self, features: Tensor, x: Tensor, kept: Tensor) -> Tensor:
        """``(B, P, 4)`` clean planes; ``kept`` is ``(B, 1, 1)``."""
        if not self.by_v:
            return features
        return kept.sqrt() * x - (1 - kept).sqrt() * features

    def certain(self, indices: Tensor) -> Tensor:
        """The scores of ``(P,)`` pixels that are known."""
        return self.lift(indices)

    def explain(self, scores: Tensor, indices: Tensor) -> Tensor:
        """``(B, P)``: how well scores foresee ``(P,)`` indices; larger is better."""
        return -(self.expect(scores) - self.lift(indices)).square().sum(-1)

    def restrict(self, scores: Tensor, lock: Tensor) -> Tensor:
        """Colours are not entries yet: only :meth:`decide` can hold to some of them."""
        return scores

    def expect(self, scores: Tensor) -> Tensor:
        """Colours that exist."""
        return scores.clamp(-1, 1)

    def decide(self, scores: Tensor, lock: Tensor | None = None) -> Tensor:
        """``(B, P) int64``, the nearest palette entries, of those that ``(K,) bool`` allows."""
        gaps = torch.cdist(self.expect(scores), self.palette.expand(len(scores), -1, -1))
        return (gaps if lock is None else gaps.masked_fill(~lock, torch.inf)).argmin(-1)

    def cost(self, features: Tensor, scores: Tensor, noisy: Noisy) -> Tensor:
        """``(B,)`` mean squared error of what the network names."""
        signal, loud = noisy.kept.sqrt(), (1 - noisy.kept).sqrt()
        wanted = signal * noisy.added - loud * noisy.clean if self.by_v else noisy.clean
        return (features.float() - wanted).square().mean((1, 2))


class PalettePlanes(nn.Module):
    """A vector an entry, learnt or one-hot; what leaves are chances of the entries.

    The chance that a noisy vector was entry k is what the network says from all around it times
    what the vector itself says (2305.18619), so that the network need not learn Bayes' rule. It is
    trained by cross-entropy (2211.15089), which is also what keeps learnt vectors apart.
    """

    cost_name = "cross_entropy"

    def __init__(self, domain: Domain, *, learnt: int | None, length: float, rank: int) -> None:
        super().__init__()
        K = domain.colors
        self.rank, self.length = rank, length
        self.channels = K if learnt is None else learnt
        self.table = None
        if learnt is not None:
            self.table = nn.Parameter(nn.init.normal_(torch.empty(K, learnt)))
        palette = torch.empty(K, rank)
        self.palette = nn.Parameter(nn.init.normal_(palette, std=rank**-0.5))
        self.bias = nn.Parameter(torch.zeros(domain.canvas.pixels, K))

    def vectors(self) -> Tensor:
        """``(K, channels)``, all equally long."""
        if self.table is None:
            return torch.eye(self.channels, device=self.palette.device) * self.length
        return F.normalize(self.table, dim=1) * self.length

    def lift(self, indices: Tensor) -> Tensor:
        """``(B, P)`` to ``(B, P, channels)``."""
        return F.embedding(indices, self.vectors())

    def scores(self, features: Tensor, x: Tensor, kept: Tensor) -> Tensor:
        """``(B, P, K)`` log-chances."""
        around = features.float() @ self.palette.t() + self.bias
        # Vectors are equally long: what tells them apart is the product alone.
        itself = (x @ self.vectors().t()) * (kept.sqrt() / (1 - kept))
        return (around + itself).log_softmax(-1)

    def certain(self, indices: Tensor) -> Tensor:
        """The scores of ``(P,)`` pixels that are known."""
        return F.one_hot(indices, len(self.palette)).float().log()

    def explain(self, scores: Tensor, indices: Tensor) -> Tensor:
        """``(B, P)``: how well scores foresee ``(P,)`` indices; larger is better."""
        return log_chances(scores, indices)

    def restrict(self, scores: Tensor, lock: Tensor) -> Tensor:
        """No chance for entries that ``(K,) bool`` does not allow."""
        return scores.masked_fill(~lock, -torch.inf)

    def expect(self, scores: Tensor) -> Tensor:
        """The mean of the vectors by their chances."""
        return scores.softmax(-1) @ self.vectors()

    def decide(self, scores: Tensor, lock: Tensor | None = None) -> Tensor:
        """``(B, P) int64``, the likeliest entries, of those that ``(K,) bool`` allows."""
        return (scores if lock is None else self.restrict(scores, lock)).argmax(-1)

    def cost(self, features: Tensor, scores: Tensor, noisy: Noisy) -> Tensor:
        """``(B,)`` nats a pixel to name its entry."""
        return self.surprise(scores, noisy.indices) / noisy.indices.shape[1]

    def surprise(self, scores: Tensor, indices: Tensor) -> Tensor:
        """``(B,)`` nats to name all entries."""
        return -scores.gather(-1, indices.unsqueeze(-1)).sum((1, 2))


Planes = RgbaPlanes | PalettePlanes
