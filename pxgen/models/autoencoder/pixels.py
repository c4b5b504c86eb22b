"""What a pixel is to an autoencoder: how it enters, what leaves, and what a mistake costs.

Each kind turns ``(B, P) int64`` indices into ``(B, P, enter)`` features, and ``(B, P, leave)``
features that a body made into a loss and into indices again. ``index`` and ``support`` are pxgen's
own; ``onehot``, ``sigmoid`` and ``rgba`` are the forms they are measured against.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Domain
from pxgen.models.autoencoder.support import SupportPixels
from pxgen.models.layers import frequencies
from pxgen.noise import Noise


class IndexPixels(nn.Module):
    """An embedding in, a low-rank softmax over the palette out.

    A dense layer over one-hot planes is a look-up in disguise; this is the look-up, and a colour
    head of a few features a pixel instead of one a colour.
    """

    def __init__(self, domain: Domain, *, embedding: int, rank: int, asked: int) -> None:
        super().__init__()
        self.asked = asked
        self.enter, self.leave = embedding, rank
        self.embed = nn.Embedding(domain.colors, embedding)
        palette = torch.empty(domain.colors, rank)
        self.palette = nn.Parameter(nn.init.normal_(palette, std=rank**-0.5))
        self.bias = nn.Parameter(torch.zeros(domain.canvas.pixels, domain.colors))

    def forward(self, indices: Tensor) -> Tensor:
        """``(B, P)`` to ``(B, P, enter)``."""
        embedded: Tensor = self.embed(indices)
        return embedded

    def start_from(self, indices: Tensor) -> None:
        """Begin with how often each position of ``(N, P)`` sprites shows each colour."""
        with torch.no_grad():
            self.bias.copy_(frequencies(indices, self.bias.shape[1]).log())

    def logits(self, features: Tensor) -> Tensor:
        """``(B, P, leave)`` to ``(B, P, K)``."""
        scores: Tensor = features.float() @ self.palette.t() + self.bias
        return scores

    def cost(self, features: Tensor, indices: Tensor) -> Tensor:
        """``(B,)`` nats to name every pixel."""
        return _nats(self.logits(features), indices)

    def estimate(self, features: Tensor, indices: Tensor, noise: Noise) -> Tensor:
        """``(B,)`` nats of some random pixels, weighted up to all: colour heads are what costs."""
        P = indices.shape[1]
        if not 0 < self.asked < P:
            return self.cost(features, indices)
        chosen = noise.uniform(P).topk(self.asked, dim=1, sorted=False).indices
        some = features.gather(1, chosen.unsqueeze(-1).expand(-1, -1, self.leave))
        logits = some.float() @ self.palette.t() + F.embedding(chosen, self.bias)
        return _nats(logits, indices.gather(1, chosen)) * (P / self.asked)

    def decide(self, features: Tensor) -> Tensor:
        """``(B, P) int64``, the likeliest colours."""
        return self.logits(features).argmax(-1)


class OneHotPixels(nn.Module):
    """One plane a colour in and out, as pallets has it: the dense form, kept to measure against."""

    def __init__(self, domain: Domain) -> None:
        super().__init__()
        self.enter = self.leave = domain.colors

    def forward(self, indices: Tensor) -> Tensor:
        """``(B, P)`` to ``(B, P, K)`` zeros and ones."""
        return F.one_hot(indices, self.enter).float()

    def start_from(self, indices: Tensor) -> None:
        """Nothing: it starts from noise."""

    def cost(self, features: Tensor, indices: Tensor) -> Tensor:
        """``(B,)`` nats to name every pixel."""
        return _nats(features.float(), indices)

    def estimate(self, features: Tensor, indices: Tensor, noise: Noise) -> Tensor:
        """The cost itself."""
        return self.cost(features, indices)

    def decide(self, features: Tensor) -> Tensor:
        """``(B, P) int64``, the likeliest colours."""
        return features.argmax(-1)


class SigmoidPixels(OneHotPixels):
    """The same planes, each learnt as a yes or no of its own, as the VAEs of pallets are.

    Of independent planes of which exactly one says yes, it is plane k with a probability in
    proportion to exp(logit k): the softmax of their logits, which is what held-out sprites cost.
    """

    def estimate(self, features: Tensor, indices: Tensor, noise: Noise) -> Tensor:
        """``(B,)`` nats of all planes' answers."""
        planes = F.binary_cross_entropy_with_logits(
            features.float(), self(indices), reduction="none"
        )
        return planes.sum((1, 2))


class RgbaPixels(nn.Module):
    """Four numbers a pixel in and out: what leaves is seldom a colour of the palette."""

    palette: Tensor

    def __init__(self, domain: Domain) -> None:
        super().__init__()
        self.enter = self.leave = 4
        self.register_buffer("palette", torch.tensor(domain.palette, dtype=torch.float32) / 255)

    def forward(self, indices: Tensor) -> Tensor:
        """``(B, P)`` to ``(B, P, 4)`` in [0, 1]."""
        return self.palette[indices]

    def start_from(self, indices: Tensor) -> None:
        """Nothing: it starts from noise."""

    def paint(self, features: Tensor) -> Tensor:
        """``(B, P, 4)`` colours in [0, 1], before any is snapped to the palette."""
        return features.float().sigmoid()

    def cost(self, features: Tensor, indices: Tensor) -> Tensor:
        """``(B,)`` squared error over all pixels and channels."""
        return (self.paint(features) - self.palette[indices]).square().sum((1, 2))

    def estimate(self, features: Tensor, indices: Tensor, noise: Noise) -> Tensor:
        """The cost itself."""
        return self.cost(features, indices)

    def decide(self, features: Tensor) -> Tensor:
        """``(B, P) int64``, the nearest palette entries."""
        gaps = torch.cdist(self.paint(features), self.palette.expand(len(features), -1, -1))
        return gaps.argmin(-1)


def _nats(logits: Tensor, indices: Tensor) -> Tensor:
    """``(B, M, K)`` logits and ``(B, M)`` indices to ``(B,)`` nats."""
    nats = F.cross_entropy(logits.flatten(0, 1), indices.flatten(), reduction="none")
    return nats.view_as(indices).sum(1)


Pixels = IndexPixels | SupportPixels | OneHotPixels | SigmoidPixels | RgbaPixels
