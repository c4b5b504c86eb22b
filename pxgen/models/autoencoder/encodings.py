"""Encodings of pixels for autoencoders, with the likelihood or error of each.

An encoding turns ``(B, P) int64`` tokens into ``(B, P, enter)`` input features, and a body's
``(B, P, leave)`` output features into a loss and into tokens again. ``index`` and ``support`` are
pxgen's own; ``onehot``, ``sigmoid`` and ``rgba`` are the forms they are measured against.
"""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Domain
from pxgen.models.layers import PaletteHead
from pxgen.noise import Noise


class Encoding(nn.Module):
    """A form of pixels with its likelihood or error."""

    enter: int
    leave: int

    def start_from(self, tokens: Tensor) -> None:
        """Set weights by ``(N, P)`` training sprites; without an effect they start at random."""

    @abstractmethod
    def cost(self, features: Tensor, tokens: Tensor) -> Tensor:
        """``(B,)`` nats or squared error of sprites."""

    def estimate(self, features: Tensor, tokens: Tensor, noise: Noise) -> Tensor:
        """``(B,)`` costs that are learnt from: the exact ones where nothing is cheaper."""
        return self.cost(features, tokens)

    @abstractmethod
    def decide(self, features: Tensor) -> Tensor:
        """``(B, P) int64``, the likeliest colours."""


class IndexEncoding(PaletteHead, Encoding):
    """An embedding in, a low-rank softmax over the palette out.

    A dense layer over one-hot planes is a look-up in disguise; this is the look-up, and a colour
    head of a few features a pixel instead of one a colour.
    """

    def __init__(self, domain: Domain, *, embedding: int, rank: int, loss_pixels: int) -> None:
        super().__init__()
        self.loss_pixels = loss_pixels
        self.enter, self.leave = embedding, rank
        self.embed = nn.Embedding(domain.colors, embedding)
        self.add_head(domain, rank)

    def forward(self, tokens: Tensor) -> Tensor:
        """``(B, P)`` to ``(B, P, enter)``."""
        embedded: Tensor = self.embed(tokens)
        return embedded

    def cost(self, features: Tensor, tokens: Tensor) -> Tensor:
        """``(B,)`` cross-entropy in nats."""
        return _nats(self.logits(features), tokens)

    def estimate(self, features: Tensor, tokens: Tensor, noise: Noise) -> Tensor:
        """``(B,)`` nats of some random pixels, weighted up to all: colour heads are what costs."""
        P = tokens.shape[1]
        if not 0 < self.loss_pixels < P:
            return self.cost(features, tokens)
        chosen = noise.uniform(P).topk(self.loss_pixels, dim=1, sorted=False).indices
        logits = self.logits_at(features, chosen)
        return _nats(logits, tokens.gather(1, chosen)) * (P / self.loss_pixels)

    def decide(self, features: Tensor) -> Tensor:
        """``(B, P) int64``, the likeliest colours."""
        return self.logits(features).argmax(-1)


class OneHotEncoding(Encoding):
    """One plane a colour in and out, as pallets has it: the dense form, kept to measure against."""

    def __init__(self, domain: Domain) -> None:
        super().__init__()
        self.enter = self.leave = domain.colors

    def forward(self, tokens: Tensor) -> Tensor:
        """``(B, P)`` to ``(B, P, K)`` zeros and ones."""
        return F.one_hot(tokens, self.enter).float()

    def cost(self, features: Tensor, tokens: Tensor) -> Tensor:
        """``(B,)`` cross-entropy in nats."""
        return _nats(features.float(), tokens)

    def decide(self, features: Tensor) -> Tensor:
        """``(B, P) int64``, the likeliest colours."""
        return features.argmax(-1)


class SigmoidEncoding(OneHotEncoding):
    """The same planes trained by binary cross-entropy, as the VAEs of pallets are.

    Of independent planes of which exactly one is on, it is plane k with a probability in
    proportion to exp(logit k): the softmax of their logits, which is what held-out sprites cost.
    """

    def estimate(self, features: Tensor, tokens: Tensor, noise: Noise) -> Tensor:
        """``(B,)`` binary cross-entropy over all planes in nats."""
        planes = F.binary_cross_entropy_with_logits(
            features.float(), self(tokens), reduction="none"
        )
        return planes.sum((1, 2))


class RgbaEncoding(Encoding):
    """Four numbers a pixel in and out, snapped to the palette at the end."""

    palette: Tensor

    def __init__(self, domain: Domain) -> None:
        super().__init__()
        self.enter = self.leave = 4
        self.register_buffer("palette", torch.tensor(domain.palette, dtype=torch.float32) / 255)

    def forward(self, tokens: Tensor) -> Tensor:
        """``(B, P)`` to ``(B, P, 4)`` in [0, 1]."""
        return self.palette[tokens]

    def rgba(self, features: Tensor) -> Tensor:
        """``(B, P, 4)`` colours in [0, 1], before any is snapped to the palette."""
        return features.float().sigmoid()

    def cost(self, features: Tensor, tokens: Tensor) -> Tensor:
        """``(B,)`` squared error over all pixels and channels."""
        return (self.rgba(features) - self.palette[tokens]).square().sum((1, 2))

    def decide(self, features: Tensor) -> Tensor:
        """``(B, P) int64``, the nearest palette entries."""
        gaps = torch.cdist(self.rgba(features), self.palette.expand(len(features), -1, -1))
        return gaps.argmin(-1)


def _nats(logits: Tensor, tokens: Tensor) -> Tensor:
    """``(B, M, K)`` logits and ``(B, M)`` tokens to ``(B,)`` nats."""
    nats = F.cross_entropy(logits.flatten(0, 1), tokens.flatten(), reduction="none")
    return nats.view_as(tokens).sum(1)
