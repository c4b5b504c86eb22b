"""PixelSNAIL straight on the palette: every pixel is foretold by those before it.

The likelihood is exact. A code is the quantile at which each pixel was drawn: decoding a sprite's
quantiles gives the sprite back, and between those of two sprites lies a way.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Domain
from pxgen.config.schema import setting
from pxgen.models.autoregressive.pixelsnail import PixelSnail
from pxgen.models.autoregressive.truncation import likely
from pxgen.models.conditioning import LabelEmbedding, LabelPrior, hide_labels, label_stage
from pxgen.models.diffusion.solvers import slerp
from pxgen.models.layers import frequencies
from pxgen.models.protocol import Batch, ModelSpec, SamplingParams, Stage
from pxgen.noise import Noise

BLIND = 0.1
"""Share of training sprites shown without labels, so that unlabelled images can be encoded."""
TRACED = 16
"""Pictures of a trace."""
FURTHEST = 1 - 1e-6
"""The largest quantile; its normal deviate is finite."""


@dataclass(frozen=True, kw_only=True)
class PixelSnailSpec(ModelSpec):
    """``[model]`` of a PixelSNAIL on the palette."""

    family: str = setting("pixelsnail", "PixelSNAIL on palette indices, pixel by pixel")
    width: int = setting(64, "features a pixel", low=8, high=1024)
    blocks: int = setting(4, "pairs of convolutions and attention", low=1, high=32)
    hidden: int = setting(128, "width of the label vector", low=8, high=4096)
    dropout: float = setting(0.1, "share of features left out in training", low=0, high=0.9)
    temperature: float = setting(1.0, "below 1 plainer, above 1 wilder", low=0, high=100)


class Quantiles(NamedTuple):
    """A sprite as the luck that it was drawn with."""

    normal: Tensor
    """``(n, P)`` normal deviates of the quantiles of its pixels."""
    labels: Tensor
    """``(n, L)`` in [-1, 1]."""
    temperature: float
    sampling: SamplingParams = SamplingParams()
    """Which pixels are too unlikely to be drawn."""


class PixelSnailModel:
    """PixelSNAIL as a model: identity codec, autoregressive prior."""

    takes = frozenset({"sampler", "temperature", "top_k", "top_p"})
    sampler = "raster"
    samplers: Mapping[str, frozenset[str]] = {sampler: frozenset()}

    def __init__(self, spec: PixelSnailSpec, domain: Domain) -> None:
        self.spec, self.domain = spec, domain
        self.condition = LabelEmbedding(domain.labels, spec.hidden)
        self.net = PixelSnail(
            domain.canvas,
            domain.colors,
            width=spec.width,
            blocks=spec.blocks,
            condition=spec.hidden,
            dropout=spec.dropout,
        )
        self.pixels = nn.ModuleDict({"condition": self.condition, "net": self.net})
        self.steerable = domain.labels > 0
        self.module = nn.ModuleDict({"pixels": self.pixels})
        self.prior = LabelPrior(domain.labels, spec.hidden) if domain.labels else None
        if self.prior is not None:
            self.module["labels"] = self.prior

    def stages(self) -> tuple[Stage, ...]:
        """Which labels go together, if there are any; then pixels given labels."""
        pixels = Stage("pixels", self.pixels, self.loss, self.held_out, self.begin)
        return (pixels,) if self.prior is None else (label_stage(self.prior), pixels)

    def loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """Nats a pixel."""
        labels = hide_labels(batch.labels, noise, BLIND)
        return {"cross_entropy": self._nats(batch.pixels.flatten(1), labels, noise).mean()}

    def held_out(self, batch: Batch, noise: Noise) -> Mapping[str, Tensor]:
        """``(B,)`` bits a sprite given all its labels; exact."""
        nats = self._nats(batch.pixels.flatten(1), batch.labels)
        return {"bits": nats.sum(1) / math.log(2)}

    def _nats(self, flat: Tensor, labels: Tensor, noise: Noise | None = None) -> Tensor:
        """``(B, P)``; with noise a part of the network is left out."""
        logits = self.net(flat, self._condition(labels), noise=noise)
        return F.cross_entropy(logits.mT, flat, reduction="none")

    def _condition(self, labels: Tensor) -> Tensor:
        seen: Tensor = self.condition(labels, torch.zeros(len(labels), device=labels.device))
        return seen

    def begin(self, batch: Batch) -> None:
        """Start from the colours of each position."""
        with torch.no_grad():
            shares = frequencies(batch.pixels.flatten(1), self.domain.colors)
            self.net.bias.copy_(shares.log())

    def sample(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Tensor:
        """``(n, L)`` labels to ``(n, T, H, W) uint8`` index maps."""
        return self.decode(self.draw(labels, noise, sampling), noise)

    def trace(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Iterator[Tensor]:
        """The sprite as it is written, the rest of it transparent."""
        drawn = self.sample(labels, noise, sampling).flatten(1)
        P = drawn.shape[1]
        for part in range(TRACED):
            shown = torch.arange(P, device=drawn.device) < math.ceil((part + 1) * P / TRACED)
            yield self._maps(drawn * shown)

    def draw(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Quantiles:
        """The luck of every pixel."""
        if self.prior is not None:
            labels = self.prior.complete(labels, noise)
        temperature = (
            self.spec.temperature if sampling.temperature is None else sampling.temperature
        )
        return Quantiles(noise.normal(self.domain.canvas.pixels), labels, temperature, sampling)

    def encode(self, pixels: Tensor, labels: Tensor, noise: Noise) -> Quantiles:
        """The middle of the quantiles at which each pixel would have been drawn as it is."""
        flat = pixels.flatten(1).long()
        chances = self.net(flat, self._condition(labels)).double().softmax(-1)
        above = chances.cumsum(-1).gather(-1, flat.unsqueeze(-1)).squeeze(-1)
        own = chances.gather(-1, flat.unsqueeze(-1)).squeeze(-1)
        middle = (above - own / 2).clamp(1 - FURTHEST, FURTHEST)
        return Quantiles(torch.special.ndtri(middle).float(), labels, 1.0)

    def decode(self, code: Quantiles, noise: Noise) -> Tensor:
        """Draw every pixel at its quantile."""
        reader = self.net.reader(self._condition(code.labels))
        quantiles = torch.special.ndtr(code.normal.double())
        drawn = []
        for position in range(quantiles.shape[1]):
            chances = likely(reader.logits(position).double(), code.temperature, code.sampling)
            below = chances.cumsum(-1) <= quantiles[:, position, None]
            pixel = below.sum(-1).clamp(max=self.domain.colors - 1)
            reader.tell(position, pixel)
            drawn.append(pixel)
        return self._maps(torch.stack(drawn, 1))

    def paint(self, code: Quantiles) -> None:
        """Nothing: there are palette entries from end to end."""

    def code_use(self, batches: Iterable[Batch]) -> Mapping[str, int]:
        """Nothing: a code is all luck."""
        return {}

    def mix(self, a: Quantiles, b: Quantiles, weight: float) -> Quantiles:
        """Between two draws of luck on the arc; both ends exact."""
        if weight in (0, 1):
            return b if weight else a
        normal = slerp(a.normal.unsqueeze(1), b.normal.unsqueeze(1), weight).squeeze(1)
        labels = torch.lerp(a.labels, b.labels, weight)
        return Quantiles(normal, labels, a.temperature, a.sampling)

    def _maps(self, flat: Tensor) -> Tensor:
        return torch.unflatten(flat.to(torch.uint8), 1, self.domain.canvas)
