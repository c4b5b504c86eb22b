"""Encodings of palette entries for Gaussian diffusion: colours, or a vector an entry.

An encoding turns ``(B, P) int64`` tokens into ``(B, P, channels)`` clean vectors ``x0`` and reads
the network's features as *scores*, which give the expected ``x0`` and the entries that are decided
on. Guidance mixes scores.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Domain
from pxgen.models.axes import Axes
from pxgen.models.diffusion.given import Parts
from pxgen.models.diffusion.head import SpriteHead
from pxgen.models.diffusion.inpainting import log_probs


class Noisy(NamedTuple):
    """Sprites with noise added, ``x = √ᾱ · x0 + √(1 - ᾱ) · epsilon``."""

    tokens: Tensor
    """``(B, P) int64``."""
    x0: Tensor
    """``(B, P, channels)``."""
    epsilon: Tensor
    """``(B, P, channels)`` standard normal."""
    times: Tensor
    """``(B,) int64`` levels."""
    alpha_bar: Tensor
    """``(B, 1, 1)``."""
    parts: Parts
    """Of missing pixels ``x`` is noise alone, known ones have none; costs count the open ones."""

    @property
    def x(self) -> Tensor:
        """``(B, P, channels)``: the input of the network."""
        left = self.parts.signal(self.alpha_bar)
        return left.sqrt() * self.x0 + (1 - left).sqrt() * self.epsilon


class ColorEncoding(nn.Module):
    """Four numbers a pixel in [-1, 1]: the ordinary diffusion of colours, snapped at the end.

    Scores are ``x0`` itself, which the network predicts directly or by way of
    ``v = √ᾱ · epsilon - √(1 - ᾱ) · x0`` (2202.00512).
    """

    palette: Tensor
    cost_name = "error"

    def __init__(self, domain: Domain, *, predict: str) -> None:
        super().__init__()
        self.channels = self.rank = 4
        self.predicts_v = predict == "v"
        colors = torch.tensor(domain.palette, dtype=torch.float32) / 127.5 - 1
        self.register_buffer("palette", colors)

    def encode(self, tokens: Tensor) -> Tensor:
        """``(B, P)`` to ``(B, P, 4)``."""
        return self.palette[tokens]

    def scores(self, features: Tensor, x: Tensor, alpha_bar: Tensor) -> Tensor:
        """``(B, P, 4)`` clean colours; ``alpha_bar`` is ``(B, 1, 1)``."""
        if not self.predicts_v:
            return features
        return alpha_bar.sqrt() * x - (1 - alpha_bar).sqrt() * features

    def certain(self, tokens: Tensor) -> Tensor:
        """Scores of ``(P,)`` pixels that are known."""
        return self.encode(tokens)

    def log_probs(self, scores: Tensor, tokens: Tensor) -> Tensor:
        """``(B, P)`` log-probabilities of ``(P,)`` tokens, up to scale: negative squared error."""
        return -(self.expected_x0(scores) - self.encode(tokens)).square().sum(-1)

    def restrict(self, scores: Tensor, lock: Tensor) -> Tensor:
        """The same scores, which are colours: a lock restricts :meth:`decide`."""
        return scores

    def expected_x0(self, scores: Tensor) -> Tensor:
        """Scores clipped to the range of colours."""
        return scores.clamp(-1, 1)

    def decide(self, scores: Tensor, lock: Tensor | None = None) -> Tensor:
        """``(B, P) int64``, the nearest palette entries, of those that ``(K,) bool`` allows."""
        gaps = torch.cdist(self.expected_x0(scores), self.palette.expand(len(scores), -1, -1))
        return (gaps if lock is None else gaps.masked_fill(~lock, torch.inf)).argmin(-1)

    def cost(self, features: Tensor, scores: Tensor, noisy: Noisy) -> Tensor:
        """``(B,)`` mean squared error of the network's prediction, ``v`` or ``x0``."""
        signal, loud = noisy.alpha_bar.sqrt(), (1 - noisy.alpha_bar).sqrt()
        target = signal * noisy.epsilon - loud * noisy.x0 if self.predicts_v else noisy.x0
        return noisy.parts.mean((features.float() - target).square().mean(2))


class PaletteEncoding(SpriteHead):
    """A vector an entry, learnt or one-hot; scores are log-probabilities of the entries.

    The posterior of an entry is the network's prediction from all around times the likelihood of
    the noisy vector itself (2305.18619), so that the network need not learn Bayes' rule. Training
    is by cross-entropy (2211.15089), which is also what keeps learnt vectors apart. ``learnt`` is
    the size of a learnt vector, None for one-hot ones; ``length`` the norm of each.
    """

    axes: ClassVar[Axes] = {**SpriteHead.axes, "table": ("colors", 0)}
    cost_name = "cross_entropy"

    def __init__(
        self, domain: Domain, *, learnt: int | None, length: float, rank: int, template: bool
    ) -> None:
        super().__init__()
        K = domain.colors
        self.channels, self.rank, self.length = learnt or K, rank, length
        table = torch.empty(K, self.channels)
        self.table = nn.Parameter(nn.init.normal_(table)) if learnt else None
        self.add_head(domain, rank, template=template)

    def vectors(self) -> Tensor:
        """``(K, channels)``, all equally long."""
        if self.table is None:
            return torch.eye(self.channels, device=self.palette.device) * self.length
        return F.normalize(self.table, dim=1) * self.length

    def encode(self, tokens: Tensor) -> Tensor:
        """``(B, P)`` to ``(B, P, channels)``."""
        return F.embedding(tokens, self.vectors())

    def scores(self, features: Tensor, x: Tensor, alpha_bar: Tensor) -> Tensor:
        """``(B, P, K)`` log-probabilities."""
        # Vectors are equally long: what tells them apart is the product alone.
        likelihood = (x @ self.vectors().t()) * (alpha_bar.sqrt() / (1 - alpha_bar))
        return (self.logits(features) + likelihood).log_softmax(-1)

    def certain(self, tokens: Tensor) -> Tensor:
        """Scores of ``(P,)`` pixels that are known."""
        return F.one_hot(tokens, len(self.palette)).float().log()

    def log_probs(self, scores: Tensor, tokens: Tensor) -> Tensor:
        """``(B, P)`` log-probabilities of ``(P,)`` tokens."""
        return log_probs(scores, tokens)

    def restrict(self, scores: Tensor, lock: Tensor) -> Tensor:
        """No probability for entries that ``(K,) bool`` does not allow."""
        return scores.masked_fill(~lock, -torch.inf)

    def expected_x0(self, scores: Tensor) -> Tensor:
        """``(B, P, channels)``: the posterior mean of the vectors."""
        return scores.softmax(-1) @ self.vectors()

    def decide(self, scores: Tensor, lock: Tensor | None = None) -> Tensor:
        """``(B, P) int64``, the likeliest entries, of those that ``(K,) bool`` allows."""
        return (scores if lock is None else self.restrict(scores, lock)).argmax(-1)

    def cost(self, features: Tensor, scores: Tensor, noisy: Noisy) -> Tensor:
        """``(B,)`` cross-entropy a pixel in nats."""
        return self.nats(scores, noisy) / noisy.parts.open.sum(1)

    def nats(self, scores: Tensor, noisy: Noisy) -> Tensor:
        """``(B,)`` cross-entropy of the open pixels."""
        return -noisy.parts.sum(scores.gather(-1, noisy.tokens.unsqueeze(-1)).squeeze(-1))


DiffusionEncoding = ColorEncoding | PaletteEncoding
