"""Autoencoders of every kind as one composition.

Pixels (index, one-hot, RGBA, …) × body (dense, conv, plain) × latent (point, Gaussian, categories)
× where labels enter (encoder, decoder, target). The recipes name the combinations known by name.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Domain
from pxgen.config.schema import setting
from pxgen.errors import InputError
from pxgen.models.autoencoder import bodies
from pxgen.models.autoencoder.density import Codes, Density, Posteriors
from pxgen.models.autoencoder.latents import GaussianLatent, GumbelLatent, Latent, PointLatent
from pxgen.models.autoencoder.pixels import (
    IndexPixels,
    OneHotPixels,
    Pixels,
    RgbaPixels,
    SigmoidPixels,
)
from pxgen.models.autoencoder.support import SupportPixels
from pxgen.models.conditioning import LabelPrior, label_stage
from pxgen.models.layers import prefer_channels_last
from pxgen.models.protocol import Batch, ModelSpec, SamplingParams, Stage
from pxgen.noise import Noise

TRACED = 8
"""Pictures of a trace: from the middle of the codes to the one drawn."""
MOST_SLOTS = 64
"""Logits a pixel has unless told otherwise: more than that is no template any more."""
BLIND = 0.1
"""Share of training sprites shown without labels, so that unlabelled images can be encoded."""
OVERVIEW = 128
"""Width of the model of labels: wider ones learn too little in their share of the time."""


@dataclass(frozen=True, kw_only=True)
class AutoencoderSpec(ModelSpec):
    """``[model]`` of an autoencoder."""

    family: str = setting("autoencoder", "an encoder, a code, a decoder")
    pixels: Literal["index", "support", "onehot", "sigmoid", "rgba"] = setting(
        "index",
        "what a pixel is: index (a palette entry), support (an entry among those seen at its "
        "place; dense bodies only), onehot (a plane an entry), sigmoid (the same, each plane "
        "learnt on its own) or rgba",
    )
    body: Literal["dense", "conv", "plain"] = setting(
        "dense", "layers between pixels and code; plain: convolutions that keep all positions"
    )
    latent: Literal["point", "gaussian", "gumbel"] = setting("point", "what a code is")
    size: int = setting(64, "numbers of a code (channels of a map; groups of gumbel)", low=1)
    categories: int = setting(64, "categories of a gumbel group", low=2, high=4096)
    keep_map: bool = setting(False, "conv with point codes: keep a map instead of a vector")
    prior: Literal["fitted", "standard", "aggregate"] = setting(
        "fitted",
        "codes to sample from: a density fitted to those of the training sprites, standard, or "
        "aggregate (near the code of a training sprite with like labels; Gaussian codes only)",
    )
    encoder_labels: bool = setting(False, "the encoder sees the labels")
    decoder_labels: bool = setting(False, "the decoder sees the labels, so that they steer it")
    target_labels: bool = setting(False, "the labels are reconstructed, too")
    width: int = setting(128, "hidden layer (dense) or channels (conv)", low=8, high=4096)
    embedding: int = setting(8, "index: numbers a pixel becomes on its way in", low=1, high=256)
    rank: int = setting(16, "index: features that tell colours apart", low=1, high=256)
    asked: int = setting(
        128, "index: random pixels of a sprite that a step learns; 0: all", low=0, high=2**24
    )
    slots: int = setting(
        0, "support: logits a pixel has on average; 0: what training sprites show", low=0, high=256
    )
    kl: float = setting(1.0, "weight of a code's divergence; 1 is the bound", low=0)
    temperature: float = setting(1.0, "spread of sampled codes; below 1 plainer", low=0, high=100)

    def suited(self, pixels: Tensor) -> Self:
        """As many slots as the sprites show colours a place, and one for what they do not show."""
        if self.pixels != "support" or self.slots:
            return self
        shown = pixels.flatten(1).t().sort(1).values
        colors = 1 + (shown.diff(dim=1) != 0).sum(1)
        slots = math.ceil(float(colors.float().mean())) + 1
        return replace(self, slots=min(slots, MOST_SLOTS))


class Code(NamedTuple):
    """A sprite as the decoder gets it."""

    values: Tensor
    """``(n, …)`` numbers."""
    labels: Tensor
    """``(n, L)`` in [-1, 1]."""
    keys: Tensor
    """``(n, size)`` in [0, 1): when each part of a mixture passes from one sprite to another."""


class Autoencoder:
    """Any autoencoder of palette sprites as a model."""

    takes = frozenset({"temperature"})
    sampler = "direct"
    samplers: Mapping[str, frozenset[str]] = {sampler: frozenset()}

    def __init__(self, spec: AutoencoderSpec, domain: Domain) -> None:
        if spec.pixels == "support" and spec.body != "dense":
            raise InputError(
                '[model] pixels = "support" needs body = "dense": a convolution answers all places '
                'alike. Take pixels = "index"'
            )
        if spec.prior == "aggregate" and spec.latent != "gaussian":
            raise InputError(
                '[model] prior = "aggregate" needs latent = "gaussian": around other codes there '
                'is nothing to draw. Take prior = "fitted"'
            )
        self.spec, self.domain = spec, domain
        L = domain.labels
        self.pixels = _pixels(spec, domain)
        self.latent = _latent(spec)
        self.encoder = _encoder(spec, domain, self.pixels.enter, self.latent.given)
        self.decoder = _decoder(spec, domain, self.pixels.leave, self.latent.size)
        parts: dict[str, nn.Module] = {
            "pixels": self.pixels,
            "encoder": self.encoder,
            "decoder": self.decoder,
        }
        self.target = None
        if spec.target_labels and L:
            self.target = nn.Linear(self._code_size() + (L if spec.decoder_labels else 0), L)
            parts["target"] = self.target
        self.codec = nn.ModuleDict(parts)
        prefer_channels_last(self.codec)
        fitted = spec.prior == "fitted"
        self.density = Density(self._code_size(), L)
        self.steerable = bool(L) and (spec.decoder_labels or fitted)
        self.prior = LabelPrior(L, OVERVIEW) if self.steerable else None
        self.module = nn.ModuleDict({"codec": self.codec, "density": self.density})
        self.posteriors = Posteriors(self._code_size(), L) if spec.prior == "aggregate" else None
        if self.posteriors is not None:
            self.module["posteriors"] = self.posteriors
        if self.prior is not None:
            self.module["labels"] = self.prior

    def stages(self) -> tuple[Stage, ...]:
        """Labels, where they steer; then the codec, with a density over its codes at the end."""
        has_bits = self.latent.has_cost and self.spec.pixels != "rgba"
        codec = Stage(
            "codec",
            self.codec,
            self.loss,
            held_out=self.held_out,
            begin=self._begin,
            settle=self._settle,
            codes_pixels=has_bits,
        )
        return (codec,) if self.prior is None else (label_stage(self.prior), codec)

    def loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """What pixels, code and labels cost, in nats a pixel (squared error for RGBA)."""
        # All or none: codes that had to say some labels of some sprites would say them of all.
        labels = batch.labels * (noise.uniform(1) >= BLIND)
        given, indices = self._given(batch.pixels, labels)
        code, divergence = self.latent.draw(given, noise, progress)
        P = self.domain.canvas.pixels
        features = self.decoder(code, self._decoder_labels(labels))
        cost = self.pixels.estimate(features, indices, noise)
        terms = {"pixels": cost.mean() / P}
        if self.latent.has_cost:
            terms["code"] = self.spec.kl * divergence.mean() / P
        if self.target is not None:
            scores = self.target(torch.cat([code.flatten(1), self._decoder_labels(labels)], 1))
            wanted = (batch.labels > 0).to(scores.dtype)
            cost = F.binary_cross_entropy_with_logits(scores, wanted, reduction="sum")
            terms["labels"] = cost / len(scores) / P
        return terms

    def held_out(self, batch: Batch, noise: Noise) -> Mapping[str, Tensor]:
        """``(B,)`` each: exact share of the pixels, and bits a sprite where there is a bound."""
        given, indices = self._given(batch.pixels, batch.labels)
        labels = self._decoder_labels(batch.labels)
        decided = self.pixels.decide(self.decoder(self.latent.likeliest(given), labels))
        exact = (decided == indices).float()
        seen = (indices > 0).float()
        # Of a sprite without a foreground none of it is wrong.
        missed = ((1 - exact) * seen).sum(1) / seen.sum(1).clamp(min=1)
        figures = {"exact": exact.mean(1), "foreground": 1 - missed}
        if self.latent.has_cost and self.spec.pixels != "rgba":
            code, divergence = self.latent.draw(given, noise, 1.0)
            cost = self.pixels.cost(self.decoder(code, labels), indices)
            figures |= {
                "bits": (cost + divergence) / math.log(2),
                "code_bits": divergence / math.log(2),
            }
        return figures

    def sample(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Tensor:
        """``(n, L)`` labels to ``(n, T, H, W) uint8`` index maps."""
        return self.decode(self.draw(labels, noise, sampling), noise)

    def trace(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Iterator[Tensor]:
        """The way from the middle of all codes to the code drawn."""
        code = self.draw(labels, noise, sampling)
        middle = self.latent.center(self.density)
        if self.posteriors is not None:
            middle = self.posteriors.middle.mean(0)
        start = middle.view(1, *self._code_shape()).expand_as(code.values)
        for step in range(TRACED):
            values = self.latent.mix(start, code.values, step / (TRACED - 1), code.keys)
            yield self.decode(code._replace(values=values), noise)

    def draw(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Code:
        """A code by the prior, for all labels where labels steer."""
        if self.prior is not None:
            labels = self.prior.complete(labels, noise)
        temperature = (
            self.spec.temperature if sampling.temperature is None else sampling.temperature
        )
        if self.posteriors is not None:
            flat = self.posteriors.draw(labels, noise, temperature)
        else:
            flat = self.latent.sample(self.density, labels, noise, temperature)
        return Code(flat.view(-1, *self._code_shape()), labels, noise.uniform(self.spec.size))

    def encode(self, pixels: Tensor, labels: Tensor, noise: Noise) -> Code:
        """The likeliest code."""
        given, _ = self._given(pixels.long(), labels)
        return Code(self.latent.likeliest(given), labels, noise.uniform(self.spec.size))

    def decode(self, code: Code, noise: Noise) -> Tensor:
        """The likeliest sprite of a code."""
        decided = self.pixels.decide(self._features(code))
        return torch.unflatten(decided.to(torch.uint8), 1, self.domain.canvas)

    def mix(self, a: Code, b: Code, weight: float) -> Code:
        """A straight line between two codes, or group by group where they are categories."""
        labels = torch.lerp(a.labels, b.labels, weight) if weight < 1 else b.labels
        return Code(self.latent.mix(a.values, b.values, weight, a.keys), labels, a.keys)

    def code_use(self, batches: Iterable[Batch]) -> Mapping[str, int]:
        """Units of a code, and how many of them are active: differ from sprite to sprite."""
        codes = torch.cat([codes.middle for codes in self._codes(batches)])
        active = self.latent.active(codes)
        return {"units": len(active), "active_units": int(active.sum())}

    def paint(self, code: Code) -> Tensor | None:
        """``(n, T, H, W, 4)`` colours before they are snapped to the palette, of RGBA models."""
        if not isinstance(self.pixels, RgbaPixels):
            return None
        return torch.unflatten(self.pixels.paint(self._features(code)), 1, self.domain.canvas)

    def _features(self, code: Code) -> Tensor:
        features: Tensor = self.decoder(code.values, self._decoder_labels(code.labels))
        return features

    def _given(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """What the encoder says of sprites, and their ``(B, P)`` indices."""
        indices = pixels.flatten(1)
        seen = labels if self.spec.encoder_labels else labels[:, :0]
        return self.encoder(self.pixels(indices), seen), indices

    def _decoder_labels(self, labels: Tensor) -> Tensor:
        return labels if self.spec.decoder_labels else labels[:, :0]

    def _code_shape(self) -> tuple[int, ...]:
        if not _maps(self.spec):
            return (self.latent.size,)
        stride = bodies.STRIDE if self.spec.body == "conv" else 1
        return (self.latent.size, *bodies.cells(self.domain.canvas, stride))

    def _code_size(self) -> int:
        return math.prod(self._code_shape())

    def _begin(self, batch: Batch) -> None:
        self.pixels.start_from(batch.pixels.flatten(1))

    def _settle(self, batches: Iterable[Batch]) -> None:
        if self.posteriors is not None:
            self.posteriors.fit(self._codes(batches))
        elif self.spec.prior == "fitted":
            self.density.fit(self._codes(batches))

    def _codes(self, batches: Iterable[Batch]) -> Iterator[Codes]:
        for batch in batches:
            given, _ = self._given(batch.pixels, batch.labels)
            middle, spread = self.latent.likeliest(given), self.latent.spread(given)
            yield Codes(middle.flatten(1), spread.flatten(1), batch.labels)


def _maps(spec: AutoencoderSpec) -> bool:
    return spec.keep_map and spec.body != "dense" and spec.latent == "point"


def _pixels(spec: AutoencoderSpec, domain: Domain) -> Pixels:
    if spec.pixels == "index":
        return IndexPixels(domain, embedding=spec.embedding, rank=spec.rank, asked=spec.asked)
    if spec.pixels == "support":
        return SupportPixels(domain, slots=spec.slots or MOST_SLOTS)
    return _PLANES[spec.pixels](domain)


_PLANES: Mapping[str, type[OneHotPixels | RgbaPixels]] = {
    "onehot": OneHotPixels,
    "sigmoid": SigmoidPixels,
    "rgba": RgbaPixels,
}


def _latent(spec: AutoencoderSpec) -> Latent:
    if spec.latent == "gumbel":
        return GumbelLatent(spec.size, spec.categories)
    return GaussianLatent(spec.size) if spec.latent == "gaussian" else PointLatent(spec.size)


def _encoder(spec: AutoencoderSpec, domain: Domain, channels: int, code: int) -> nn.Module:
    labels = domain.labels if spec.encoder_labels else 0
    if spec.body == "dense":
        return bodies.DenseEncoder(domain.canvas, channels, labels, spec.width, code)
    body = bodies.ConvEncoder if spec.body == "conv" else bodies.PlainEncoder
    return body(domain.canvas, channels, labels, spec.width, code, keep_map=_maps(spec))


def _decoder(spec: AutoencoderSpec, domain: Domain, channels: int, code: int) -> nn.Module:
    labels = domain.labels if spec.decoder_labels else 0
    if spec.body == "dense":
        return bodies.DenseDecoder(domain.canvas, channels, labels, spec.width, code)
    body = bodies.ConvDecoder if spec.body == "conv" else bodies.PlainDecoder
    return body(domain.canvas, channels, labels, spec.width, code, keep_map=_maps(spec))
