"""Autoencoders of every kind as one composition.

Encoding (index, one-hot, RGBA, …) × body (dense, conv, plain) × latent (point, Gaussian,
categories) × where labels enter (encoder, decoder, target). Recipes name the known combinations.
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
from pxgen.models.autoencoder.density import AggregatePosterior, Density, Posteriors
from pxgen.models.autoencoder.encodings import (
    Encoding,
    IndexEncoding,
    OneHotEncoding,
    RgbaEncoding,
    SigmoidEncoding,
)
from pxgen.models.autoencoder.latents import GaussianLatent, GumbelLatent, PointLatent
from pxgen.models.autoencoder.support import SupportEncoding
from pxgen.models.conditioning import LABEL_DROPOUT, LabelledModel
from pxgen.models.layers import prefer_channels_last
from pxgen.models.protocol import Batch, ModelSpec, SamplingParams, Stage, or_own
from pxgen.noise import Noise

TRACE_STEPS = 8
MAX_SLOTS = 64
"""Logits a pixel has unless the settings say; sprites that need more follow no template."""
LABEL_PRIOR_WIDTH = 128
"""Wider ones learn too little in their share of the time."""


@dataclass(frozen=True, kw_only=True)
class AutoencoderSpec(ModelSpec):
    """``[model]`` of an autoencoder."""

    family: str = setting("autoencoder", "an encoder, a code, a decoder")
    encoding: Literal["index", "support", "onehot", "sigmoid", "rgba"] = setting(
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
    loss_pixels: int = setting(
        128, "index: random pixels of a sprite that a step learns; 0: all", low=0, high=2**24
    )
    slots: int = setting(
        0, "support: logits a pixel has on average; 0: what training sprites show", low=0, high=256
    )
    kl: float = setting(1.0, "weight of a code's divergence; 1 is the bound", low=0)
    temperature: float = setting(
        1.0, "scale of the deviation of sampled codes; below 1 plainer", low=0, high=100
    )

    def suited(self, pixels: Tensor) -> Self:
        """As many slots as the sprites show colours a place, and one for what they do not show."""
        if self.encoding != "support" or self.slots:
            return self
        ordered = pixels.flatten(1).t().sort(1).values
        colors = 1 + (ordered.diff(dim=1) != 0).sum(1)
        slots = math.ceil(float(colors.float().mean())) + 1
        return replace(self, slots=min(slots, MAX_SLOTS))


class Code(NamedTuple):
    """The input of the decoder."""

    values: Tensor
    """``(n, …)`` numbers."""
    labels: Tensor
    """``(n, L)`` in [-1, 1]."""
    keys: Tensor
    """``(n, size)`` in [0, 1): when each part of a mixture passes from one sprite to another."""


class Autoencoder(LabelledModel):
    """An autoencoder as a model: its prior is standard, or fitted to codes once they are learnt."""

    takes = frozenset({"temperature"})
    sampler = "direct"
    samplers: Mapping[str, frozenset[str]] = {sampler: frozenset()}

    def __init__(self, spec: AutoencoderSpec, domain: Domain) -> None:
        if spec.encoding == "support" and spec.body != "dense":
            raise InputError(
                '[model] encoding = "support" needs body = "dense": a convolution answers all '
                'places alike. Take encoding = "index"'
            )
        if spec.prior == "aggregate" and spec.latent != "gaussian":
            raise InputError(
                '[model] prior = "aggregate" needs latent = "gaussian": around other codes there '
                'is nothing to draw. Take prior = "fitted"'
            )
        self.spec, self.domain = spec, domain
        L = domain.label_count
        self.encoding = _encoding(spec, domain)
        self.latent = _latent(spec)
        self.has_bits = self.latent.has_kl and spec.encoding != "rgba"
        self.encoder = _encoder(spec, domain, self.encoding.enter, self.latent.param_count)
        self.decoder = _decoder(spec, domain, self.encoding.leave, self.latent.size)
        codec: dict[str, nn.Module] = {
            "pixels": self.encoding,
            "encoder": self.encoder,
            "decoder": self.decoder,
        }
        self.target = None
        if spec.target_labels and L:
            self.target = nn.Linear(self._code_size() + (L if spec.decoder_labels else 0), L)
            codec["target"] = self.target
        self.codec = nn.ModuleDict(codec)
        prefer_channels_last(self.codec)
        self.density = Density(self._code_size(), L)
        parts = {"codec": self.codec, "density": self.density}
        self.aggregate = None
        if spec.prior == "aggregate":
            self.aggregate = parts["posteriors"] = AggregatePosterior(self._code_size(), L)
        steerable = spec.decoder_labels or spec.prior == "fitted"
        super().__init__(domain, parts, LABEL_PRIOR_WIDTH, steerable=steerable)

    def sprite_stages(self) -> tuple[Stage, ...]:
        """The codec, to whose codes a prior is fitted."""
        codec = Stage(
            "codec",
            self.codec,
            self.loss,
            held_out=self.held_out,
            initialize=lambda batch: self.encoding.start_from(batch.pixels.flatten(1)),
            fit_prior=self._fit_prior,
            counts_in_bits=self.has_bits,
        )
        return (codec,)

    def loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """The costs of pixels, code and labels, in nats a pixel (squared error for RGBA)."""
        # All or none: codes that had to hold some labels of some sprites would hold all of all.
        labels = batch.labels * (noise.uniform(1) >= LABEL_DROPOUT)
        params, tokens = self._encoded(batch.pixels, labels)
        code, kl = self.latent.rsample(params, noise, progress)
        P = self.domain.canvas.pixels
        features = self.decoder(code, self._decoder_labels(labels))
        cost = self.encoding.estimate(features, tokens, noise)
        terms = {"pixels": cost.mean() / P}
        if self.latent.has_kl:
            terms["code"] = self.spec.kl * kl.mean() / P
        if self.target is not None:
            scores = self.target(torch.cat([code.flatten(1), self._decoder_labels(labels)], 1))
            target = (batch.labels > 0).to(scores.dtype)
            cost = F.binary_cross_entropy_with_logits(scores, target, reduction="sum")
            terms["labels"] = cost / len(scores) / P
        return terms

    def held_out(self, batch: Batch, noise: Noise) -> Mapping[str, Tensor]:
        """``(B,)`` each: exact share of the pixels, and bits a sprite where there is a bound."""
        params, tokens = self._encoded(batch.pixels, batch.labels)
        labels = self._decoder_labels(batch.labels)
        decided = self.encoding.decide(self.decoder(self.latent.mode(params), labels))
        exact = (decided == tokens).float()
        seen = (tokens > 0).float()
        # A sprite without a foreground misses none of it.
        missed = ((1 - exact) * seen).sum(1) / seen.sum(1).clamp(min=1)
        figures = {"exact": exact.mean(1), "foreground": 1 - missed}
        if self.has_bits:
            code, kl = self.latent.rsample(params, noise, 1.0)
            cost = self.encoding.cost(self.decoder(code, labels), tokens)
            figures |= {"bits": (cost + kl) / math.log(2), "code_bits": kl / math.log(2)}
        return figures

    def trace(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Iterator[Tensor]:
        """From the mean of all codes to the code drawn, evenly."""
        code = self.draw(labels, noise, sampling)
        center = self.latent.center(self.density)
        if self.aggregate is not None:
            center = self.aggregate.middle.mean(0)
        start = center.view(1, *self._code_shape()).expand_as(code.values)
        for step in range(TRACE_STEPS):
            values = self.latent.mix(start, code.values, step / (TRACE_STEPS - 1), code.keys)
            yield self.decode(code._replace(values=values), noise)

    def draw(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Code:
        """A code of the prior; open labels are drawn where labels steer."""
        labels = self.complete_labels(labels, noise)
        temperature = or_own(sampling.temperature, self.spec.temperature)
        if self.aggregate is not None:
            flat = self.aggregate.sample(labels, noise, temperature)
        else:
            flat = self.latent.sample(self.density, labels, noise, temperature)
        return Code(flat.view(-1, *self._code_shape()), labels, noise.uniform(self.spec.size))

    def encode(self, pixels: Tensor, labels: Tensor, noise: Noise) -> Code:
        """The likeliest code."""
        params, _ = self._encoded(pixels.long(), labels)
        return Code(self.latent.mode(params), labels, noise.uniform(self.spec.size))

    def decode(self, code: Code, noise: Noise) -> Tensor:
        """The likeliest sprite of a code."""
        decided = self.encoding.decide(self._features(code))
        return torch.unflatten(decided.to(torch.uint8), 1, self.domain.canvas)

    def mix(self, a: Code, b: Code, weight: float) -> Code:
        """Linear interpolation of codes, or group by group where they are categories."""
        labels = torch.lerp(a.labels, b.labels, weight) if weight < 1 else b.labels
        return Code(self.latent.mix(a.values, b.values, weight, a.keys), labels, a.keys)

    def code_use(self, batches: Iterable[Batch]) -> Mapping[str, int]:
        """Units of a code, and how many of them are active: differ from sprite to sprite."""
        codes = torch.cat([posteriors.mode for posteriors in self._posteriors(batches)])
        active = self.latent.active(codes)
        return {"units": len(active), "active_units": int(active.sum())}

    def decode_rgba(self, code: Code) -> Tensor | None:
        """``(n, T, H, W, 4)`` colours before they are snapped, of the RGBA encoding."""
        if not isinstance(self.encoding, RgbaEncoding):
            return None
        return torch.unflatten(self.encoding.rgba(self._features(code)), 1, self.domain.canvas)

    def _features(self, code: Code) -> Tensor:
        features: Tensor = self.decoder(code.values, self._decoder_labels(code.labels))
        return features

    def _encoded(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The parameters of sprites' posteriors, and their ``(B, P)`` tokens."""
        tokens = pixels.flatten(1)
        seen = labels if self.spec.encoder_labels else labels[:, :0]
        return self.encoder(self.encoding(tokens), seen), tokens

    def _decoder_labels(self, labels: Tensor) -> Tensor:
        return labels if self.spec.decoder_labels else labels[:, :0]

    def _code_shape(self) -> tuple[int, ...]:
        if not _maps(self.spec):
            return (self.latent.size,)
        stride = bodies.STRIDE if self.spec.body == "conv" else 1
        return (self.latent.size, *bodies.cells(self.domain.canvas, stride))

    def _code_size(self) -> int:
        return math.prod(self._code_shape())

    def _fit_prior(self, batches: Iterable[Batch]) -> None:
        if self.aggregate is not None:
            self.aggregate.fit(self._posteriors(batches))
        elif self.spec.prior == "fitted":
            self.density.fit(self._posteriors(batches))

    def _posteriors(self, batches: Iterable[Batch]) -> Iterator[Posteriors]:
        for batch in batches:
            params, _ = self._encoded(batch.pixels, batch.labels)
            mode, std = self.latent.mode(params), self.latent.std(params)
            yield Posteriors(mode.flatten(1), std.flatten(1), batch.labels)


def _maps(spec: AutoencoderSpec) -> bool:
    return spec.keep_map and spec.body != "dense" and spec.latent == "point"


def _encoding(spec: AutoencoderSpec, domain: Domain) -> Encoding:
    if spec.encoding == "index":
        return IndexEncoding(
            domain, embedding=spec.embedding, rank=spec.rank, loss_pixels=spec.loss_pixels
        )
    if spec.encoding == "support":
        return SupportEncoding(domain, slots=spec.slots or MAX_SLOTS)
    return _PLANES[spec.encoding](domain)


_PLANES: Mapping[str, type[OneHotEncoding | RgbaEncoding]] = {
    "onehot": OneHotEncoding,
    "sigmoid": SigmoidEncoding,
    "rgba": RgbaEncoding,
}


def _latent(spec: AutoencoderSpec) -> PointLatent:
    if spec.latent == "gumbel":
        return GumbelLatent(spec.size, spec.categories)
    return GaussianLatent(spec.size) if spec.latent == "gaussian" else PointLatent(spec.size)


def _encoder(spec: AutoencoderSpec, domain: Domain, channels: int, code: int) -> nn.Module:
    label_count = domain.label_count if spec.encoder_labels else 0
    if spec.body == "dense":
        return bodies.DenseEncoder(domain.canvas, channels, label_count, spec.width, code)
    body = bodies.ConvEncoder if spec.body == "conv" else bodies.PlainEncoder
    return body(domain.canvas, channels, label_count, spec.width, code, keep_map=_maps(spec))


def _decoder(spec: AutoencoderSpec, domain: Domain, channels: int, code: int) -> nn.Module:
    label_count = domain.label_count if spec.decoder_labels else 0
    if spec.body == "dense":
        return bodies.DenseDecoder(domain.canvas, channels, label_count, spec.width, code)
    body = bodies.ConvDecoder if spec.body == "conv" else bodies.PlainDecoder
    return body(domain.canvas, channels, label_count, spec.width, code, keep_map=_maps(spec))
