"""PixelSNAIL on palette indices: every pixel is predicted from those before it.

The likelihood is exact. A code is inverse-CDF noise, the quantile at which each pixel is drawn: a
sprite's quantiles decode to the sprite, and those of two sprites can be mixed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Domain
from pxgen.config.schema import setting
from pxgen.devices import in_doubles
from pxgen.models.autoregressive.pixelsnail import PixelSnail
from pxgen.models.autoregressive.truncation import truncated
from pxgen.models.conditioning import LabelEmbedding, LabelledModel, drop_labels
from pxgen.models.diffusion.solvers import slerp
from pxgen.models.layers import start_bias
from pxgen.models.protocol import Batch, ModelSpec, SamplingParams, Stage, or_own
from pxgen.models.temperature import pixel_probs
from pxgen.noise import Noise

TRACE_STEPS = 16
MAX_QUANTILE = 1 - 1e-6
"""Its normal deviate is finite."""


@dataclass(frozen=True, kw_only=True)
class PixelSnailSpec(ModelSpec):
    """``[model]`` of a PixelSNAIL on the palette."""

    family: str = setting("pixelsnail", "PixelSNAIL on palette indices, pixel by pixel")
    width: int = setting(64, "features a pixel", low=8, high=1024)
    blocks: int = setting(4, "pairs of convolutions and attention", low=1, high=32)
    hidden: int = setting(128, "width of the label vector", low=8, high=4096)
    dropout: float = setting(0.1, "share of features left out in training", low=0, high=0.9)
    temperature: float = setting(
        1.0, "of the colours: below 1 calmer, above 1 wilder", low=0, high=100
    )


class Quantiles(NamedTuple):
    """Inverse-CDF noise of a sprite."""

    normal: Tensor
    """``(n, P)`` normal deviates of the quantiles of its pixels."""
    labels: Tensor
    """``(n, L)`` in [-1, 1]."""
    temperature: float
    sampling: SamplingParams = SamplingParams()
    """Its ``top_k`` and ``top_p``."""


class PixelSnailModel(LabelledModel):
    """PixelSNAIL as a model: its codec is the identity, its prior autoregressive."""

    takes = frozenset({"sampler", "temperature", "top_k", "top_p"})
    sampler = "raster"
    samplers: Mapping[str, frozenset[str]] = {sampler: frozenset()}

    def __init__(self, spec: PixelSnailSpec, domain: Domain) -> None:
        self.spec = spec
        self.condition = LabelEmbedding(domain.label_count, spec.hidden)
        self.net = PixelSnail(
            domain.canvas,
            domain.colors,
            width=spec.width,
            blocks=spec.blocks,
            condition=spec.hidden,
            dropout=spec.dropout,
        )
        self.pixels = nn.ModuleDict({"condition": self.condition, "net": self.net})
        super().__init__(domain, {"pixels": self.pixels}, spec.hidden)

    def sprite_stages(self) -> tuple[Stage, ...]:
        """Pixels given labels."""
        return (Stage("pixels", self.pixels, self.loss, self.held_out, self.initialize),)

    def loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """Nats a pixel."""
        labels = drop_labels(batch.labels, noise)
        return {"cross_entropy": self._nats(batch.pixels.flatten(1), labels, noise).mean()}

    def held_out(self, batch: Batch, noise: Noise) -> Mapping[str, Tensor]:
        """``(B,)`` bits a sprite given all its labels; exact."""
        nats = self._nats(batch.pixels.flatten(1), batch.labels)
        return {"bits": nats.sum(1) / math.log(2)}

    def _nats(self, tokens: Tensor, labels: Tensor, noise: Noise | None = None) -> Tensor:
        """``(B, P)`` cross-entropy; dropout draws from the noise, if there is any."""
        logits = self.net(tokens, self.condition(labels), noise=noise)
        return F.cross_entropy(logits.mT, tokens, reduction="none")

    def initialize(self, batch: Batch) -> None:
        """Set the bias to the frequencies of colours at each place."""
        start_bias(self.net.bias, batch.pixels.flatten(1))

    def trace(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Iterator[Tensor]:
        """The sprite as it is written, the rest of it transparent."""
        drawn = self.sample(labels, noise, sampling).flatten(1)
        P = drawn.shape[1]
        for step in range(TRACE_STEPS):
            shown = torch.arange(P, device=drawn.device) < math.ceil((step + 1) * P / TRACE_STEPS)
            yield self._maps(drawn * shown)

    def draw(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Quantiles:
        """A random quantile for every pixel."""
        labels = self.complete_labels(labels, noise)
        temperature = or_own(sampling.temperature, self.spec.temperature)
        return Quantiles(noise.normal(self.domain.canvas.pixels), labels, temperature, sampling)

    def encode(self, pixels: Tensor, labels: Tensor, noise: Noise) -> Quantiles:
        """The middle of the quantiles that draw each pixel as it is."""
        tokens = pixels.flatten(1).long()
        probs = in_doubles(self.net(tokens, self.condition(labels))).softmax(-1)
        device, tokens = tokens.device, tokens.to(probs.device)
        above = probs.cumsum(-1).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
        own = probs.gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
        middle = (above - own / 2).clamp(1 - MAX_QUANTILE, MAX_QUANTILE)
        return Quantiles(torch.special.ndtri(middle).float().to(device), labels, 1.0)

    def decode(self, code: Quantiles, noise: Noise) -> Tensor:
        """Draw every pixel at its quantile."""
        cached = self.net.cached(self.condition(code.labels))
        quantiles = torch.special.ndtr(in_doubles(code.normal))
        drawn = []
        for position in range(quantiles.shape[1]):
            logits = in_doubles(cached.logits(position))
            probs = truncated(self._probs(logits, code.temperature), code.sampling)
            below = probs.cumsum(-1) <= quantiles[:, position, None]
            pixel = below.sum(-1).clamp(max=self.domain.colors - 1).to(code.normal.device)
            cached.append(position, pixel)
            drawn.append(pixel)
        return self._maps(torch.stack(drawn, 1))

    def _probs(self, logits: Tensor, temperature: float) -> Tensor:
        """A temperature is one of colours: sharpened, the background would soon be all there is."""
        plain = logits.softmax(-1)
        return plain if temperature == 1 else pixel_probs(logits, temperature, plain[..., :1])

    def mix(self, a: Quantiles, b: Quantiles, weight: float) -> Quantiles:
        """Spherical interpolation of the noise; both ends exact."""
        if weight in (0, 1):
            return b if weight else a
        normal = slerp(a.normal.unsqueeze(1), b.normal.unsqueeze(1), weight).squeeze(1)
        labels = torch.lerp(a.labels, b.labels, weight)
        return Quantiles(normal, labels, a.temperature, a.sampling)

    def _maps(self, tokens: Tensor) -> Tensor:
        return torch.unflatten(tokens.to(torch.uint8), 1, self.domain.canvas)
