"""A hierarchical VQ-VAE (1906.00446) over frames, with autoregressive priors over its codes.

The codec is trained first. Then codes are frozen, and its decoder, whose codes moved until then, is
trained on; then the priors p(top | labels) and p(bottom | top, labels), both exact. Held-out bits
are those of the codes and of the pixels given codes and labels, together a bound on a sprite.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from pxgen.canvas import Domain
from pxgen.config.schema import setting
from pxgen.models.autoregressive.truncation import truncated
from pxgen.models.conditioning import LabelledModel, drop_labels
from pxgen.models.protocol import Batch, SamplingParams, Stage, or_own
from pxgen.models.temperature import code_probs
from pxgen.models.vqvae.codec import Codec
from pxgen.models.vqvae.grids import LevelCodes
from pxgen.models.vqvae.prior import CachedNetwork, Prior, PriorSpec
from pxgen.models.vqvae.quantizer import usage
from pxgen.noise import Noise, categorical

DECODER_LABEL_DROPOUT = 0.25
"""More than of the priors: the decoder often has no labels, when it rebuilds images."""
LEVEL_DROPOUT = 0.1
"""Share of training sprites decoded from the top level alone, and of those from the bottom."""
DECODER_SHARE, TOP_SHARE, BOTTOM_SHARE = 0.5, 0.2, 0.5
"""Time of the later stages relative to that of the codec, the slowest to learn."""
PATIENCE = 4
"""Validations without progress after which decoder and priors only overfit."""
MAX_INITIAL_PIXELS = 2**19
"""Pixels that codebooks start from: thousands of patches, encoded at once."""
VECTORS_A_CODE = 2
"""Vectors a code that update a codebook in a step, if its batch has as many; a quarter of the batch
at least, since codes are averages over many steps."""
COMMITMENT = 0.25
"""Weight of the commitment loss."""


@dataclass(frozen=True, kw_only=True)
class VqVaeSpec(PriorSpec):
    """``[model]`` of a hierarchical VQ-VAE."""

    family: str = setting("vqvae", "two levels of codes over frames, with PixelSNAIL priors")
    corruption: float = setting(
        0.05, "bottom prior: share of top codes replaced at random in training", low=0, high=1
    )
    temperature: float = setting(1.0, "below 1 plainer, above 1 wilder", low=0, high=100)


class VqCode(NamedTuple):
    """The codes of sprites."""

    levels: LevelCodes
    labels: Tensor
    """``(n, L)`` in [-1, 1]."""
    keys: tuple[Tensor, Tensor]
    """In [0, 1) a code: when a mixture passes from one sprite to another."""


class VqVae(LabelledModel):
    """A hierarchical VQ-VAE as a model."""

    takes = frozenset({"sampler", "temperature", "top_k", "top_p", "prefix"})
    sampler = "raster"
    samplers: Mapping[str, frozenset[str]] = {sampler: frozenset()}

    def __init__(self, spec: VqVaeSpec, domain: Domain) -> None:
        self.spec = spec
        self.codec = Codec(spec, domain)
        self.top = Prior(spec, domain, self.codec, above=False)
        self.bottom = Prior(spec, domain, self.codec, above=True)
        parts = {"codec": self.codec, "top": self.top, "bottom": self.bottom}
        super().__init__(domain, parts, spec.hidden)

    def sprite_stages(self) -> tuple[Stage, ...]:
        """The codec; its decoder once more; both priors."""
        codec = Stage(
            "codec",
            self.codec,
            self.loss,
            self.held_out,
            initialize=self.initialize,
            before_step=self.update_codes,
            state=self.code_state,
            # The decoder's stage bounds them anew.
            counts_in_bits=False,
        )
        on_codes = partial(Stage, precompute=self.precompute, patience=PATIENCE)
        decoder = on_codes(
            "decoder",
            self.codec.decode,
            self.decoder_loss,
            self.held_out,
            share=DECODER_SHARE,
            continues=True,
        )
        top = on_codes("top", self.top, self.top_loss, self.top_held_out, share=TOP_SHARE)
        bottom = on_codes(
            "bottom", self.bottom, self.bottom_loss, self.bottom_held_out, share=BOTTOM_SHARE
        )
        return codec, decoder, top, bottom

    def initialize(self, batch: Batch) -> None:
        """Set the bias by all the sprites, and codebooks by some of them."""
        tokens = batch.pixels.flatten(1)
        few = tokens[: max(1, MAX_INITIAL_PIXELS // tokens.shape[1])]
        ramp = torch.arange(self.spec.codes, device=tokens.device) + 0.5
        # Far apart in the sample: multiples of the golden ratio are evenly distributed.
        draws = torch.stack([ramp * 0.6180339887 % 1, ramp * 0.7548776662 % 1])
        self.codec.start_from(tokens, few, draws)

    def update_codes(self, batch: Batch, noise: Noise) -> None:
        """Update the codebooks by sprites of a step."""
        draws = noise.uniform(2 * self.spec.codes)[0].view(2, -1)
        enough = VECTORS_A_CODE * self.spec.codes / self.codec.grids.top.pixels
        some = batch.pixels[: math.ceil(max(len(batch.pixels) / 4, enough))]
        self.codec.update(some.flatten(1), draws)

    def loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """Nats a pixel from both levels or one of them, commitment, and rate of bottom codes."""
        self.codec.set_rate_weight(progress)
        top, bottom, code_logits = self.codec.quantize(batch.pixels.flatten(1))
        cost = top.cost.mean() + bottom.cost.mean()
        nats = self._nats_of_pixels(top.values, bottom.values, batch, noise)
        terms = {"cross_entropy": nats, "code": COMMITMENT * cost}
        if code_logits is None:
            return terms
        rate = F.cross_entropy(code_logits.flatten(0, -2), bottom.codes.flatten())
        return terms | {"rate": rate}

    def decoder_loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """The same nats a pixel from frozen codes."""
        vectors = self.codec.vectors(self._codes(batch))
        return {"cross_entropy": self._nats_of_pixels(*vectors, batch, noise)}

    def _nats_of_pixels(self, top: Tensor, bottom: Tensor, batch: Batch, noise: Noise) -> Tensor:
        labels = drop_labels(batch.labels, noise, DECODER_LABEL_DROPOUT)
        uniform = noise.uniform(1)
        # Columns: top, bottom. Either is dropped now and then, so that the other can stand alone.
        no_top = uniform < LEVEL_DROPOUT
        shown = torch.cat([~no_top, no_top | (uniform >= 2 * LEVEL_DROPOUT)], 1)
        logits = self.codec.decode(top, bottom, labels, shown)
        return F.cross_entropy(logits.flatten(0, 1), batch.pixels.flatten())

    def held_out(self, batch: Batch, noise: Noise) -> Mapping[str, Tensor]:
        """``(B,)`` each: share of exact pixels by both levels and each, and bits given codes."""
        tokens = batch.pixels.flatten(1)
        top, bottom = self.codec.encode(tokens)
        figures = {}
        for name, levels in (("exact", (1, 1)), ("top_exact", (1, 0)), ("bottom_exact", (0, 1))):
            shown = torch.tensor([levels], device=tokens.device).bool().expand(len(tokens), -1)
            logits = self.codec.decode(top.values, bottom.values, batch.labels, shown)
            figures[name] = (logits.argmax(-1) == tokens).float().mean(1)
            if name == "exact":
                nats = F.cross_entropy(logits.mT, tokens, reduction="none").sum(1)
                figures["bits"] = nats / math.log(2)
                figures["whole"] = (logits.argmax(-1) == tokens).all(1).float()
        return figures

    def code_state(self) -> Mapping[str, float]:
        """The share of each level's codes in use, and their perplexity."""
        figures = {}
        for name, level in (("top", self.codec.top), ("bottom", self.codec.bottom)):
            figures[f"{name}_usage"], figures[f"{name}_perplexity"] = level.use()
        return figures

    def precompute(self, batch: Batch) -> Tensor:
        """``(B, N_top + N_bottom)`` codes."""
        return torch.cat([*self._codes(batch)], 1)

    def top_loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """Nats a top code."""
        labels = drop_labels(batch.labels, noise)
        nats = self.top(self._codes(batch).top, labels, None, noise)
        return {"cross_entropy": nats.mean()}

    def top_held_out(self, batch: Batch, noise: Noise) -> Mapping[str, Tensor]:
        """``(B,)`` bits of the top codes."""
        return _bits_of_codes(self.top(self._codes(batch).top, batch.labels, None))

    def bottom_loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """Nats a bottom code given top codes, a few of them wrong, as drawn ones may be."""
        labels = drop_labels(batch.labels, noise)
        levels = self._codes(batch)
        uniform, other = noise.uniform(2, levels.top.shape[1]).unbind(1)
        random = (other * self.codec.top.codes).long().clamp(max=self.codec.top.codes - 1)
        top = torch.where(uniform < self.spec.corruption, random, levels.top)
        nats = self.bottom(levels.bottom, labels, top, noise)
        return {"cross_entropy": nats.mean()}

    def bottom_held_out(self, batch: Batch, noise: Noise) -> Mapping[str, Tensor]:
        """``(B,)`` bits of the bottom codes given the top ones."""
        levels = self._codes(batch)
        return _bits_of_codes(self.bottom(levels.bottom, batch.labels, levels.top))

    @torch.no_grad()
    def _codes(self, batch: Batch) -> LevelCodes:
        if batch.codes is not None:
            return LevelCodes(*batch.codes.tensor_split([self.codec.grids.top.pixels], 1))
        top, bottom = self.codec.encode(batch.pixels.flatten(1))
        return LevelCodes(top.codes.flatten(1), bottom.codes.flatten(1))

    def sample(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Tensor:
        """``(n, L)`` labels to ``(n, T, H, W) uint8`` index maps."""
        return self._kept(self.decode(self.draw(labels, noise, sampling), noise), sampling)

    def trace(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Iterator[Tensor]:
        """The sprite decoded from the top level alone, then from both."""
        code = self.draw(labels, noise, sampling)
        for bottom in (False, True):
            yield self._kept(self.decode_levels(code, top=True, bottom=bottom), sampling)

    def _kept(self, pixels: Tensor, sampling: SamplingParams) -> Tensor:
        """The pixels, whose first frames are those of the prefix, where there is one."""
        if sampling.prefix is not None:
            pixels[:, : len(sampling.prefix)] = sampling.prefix
        return pixels

    def draw(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> VqCode:
        """Top codes, then bottom ones."""
        # The labels that a prefix shows are unknown, so those that nobody named stay open.
        if sampling.prefix is None:
            labels = self.complete_labels(labels, noise)
        known = self._prefix_codes(sampling.prefix, len(labels))
        cached, positions = self.top.cached(labels, None), self.codec.grids.top.pixels
        top = self._draw_level(cached, noise.uniform(positions), sampling, known.top)
        cached, positions = self.bottom.cached(labels, top), self.codec.grids.bottom.pixels
        bottom = self._draw_level(cached, noise.uniform(positions), sampling, known.bottom)
        return VqCode(LevelCodes(top, bottom), labels, self._keys(noise))

    def _prefix_codes(self, prefix: Tensor | None, n: int) -> LevelCodes:
        """The codes of the first frames, which do not depend on later ones."""
        if prefix is None:
            nothing = torch.zeros(n, 0, dtype=torch.long)
            return LevelCodes(nothing, nothing)
        T = self.domain.canvas.frames
        clip = torch.cat([prefix, prefix[-1:].expand(T - len(prefix), -1, -1)]).long()
        levels = self._codes(Batch(clip.unsqueeze(0), clip.new_zeros(1, 0)))
        # Known are the top codes whose frames all lie in the prefix, and the bottom ones below
        # them. Where there is none, the first is taken as if the last frame were repeated: a guess
        # at some frames, but without it another sprite would follow.
        whole = max(1, len(prefix) // self.spec.top_frames)
        of = self.codec.grids.top.frames
        parts = (codes[:, : whole * codes.shape[1] // of] for codes in levels)
        return LevelCodes(*(part.expand(n, -1) for part in parts))

    def _draw_level(
        self,
        cached: CachedNetwork,
        uniform: Tensor,
        sampling: SamplingParams,
        known: Tensor,
    ) -> Tensor:
        """``(n, N)`` codes, one after another by ``(n, N)`` draws; the first are known."""
        temperature = or_own(sampling.temperature, self.spec.temperature)
        drawn = []
        for position in range(uniform.shape[1]):
            logits = cached.logits(position)
            if position < known.shape[1]:
                drawn.append(known[:, position])
            else:
                probs = truncated(code_probs(logits, temperature), sampling)
                drawn.append(categorical(probs, uniform[:, position]))
            cached.append(position, drawn[-1])
        return torch.stack(drawn, 1)

    def encode(self, pixels: Tensor, labels: Tensor, noise: Noise) -> VqCode:
        """The codes of sprites."""
        levels = self._codes(Batch(pixels.long(), labels))
        return VqCode(levels, labels, self._keys(noise))

    def decode(self, code: VqCode, noise: Noise) -> Tensor:
        """The likeliest sprite given both levels."""
        return self.decode_levels(code, top=True, bottom=True)

    def decode_levels(self, code: VqCode, *, top: bool, bottom: bool) -> Tensor:
        """The likeliest sprite given one level of codes, or both."""
        shown = torch.tensor([[top, bottom]], device=code.labels.device)
        shown = shown.expand(len(code.labels), -1)
        logits = self.codec.decode(*self.codec.vectors(code.levels), code.labels, shown)
        return torch.unflatten(logits.argmax(-1).to(torch.uint8), 1, self.domain.canvas)

    def code_use(self, batches: Iterable[Batch]) -> Mapping[str, int]:
        """Codes of both levels, and how many of them occur over the sprites."""
        levels = [self._codes(batch) for batch in batches]
        of = (self.codec.top.codes, self.codec.bottom.codes)
        parts = (torch.cat([each[k] for each in levels]) for k in (0, 1))
        used = [usage(codes, count)[0] * count for codes, count in zip(parts, of, strict=True)]
        return {"units": sum(of), "active_units": round(sum(used))}

    def mix(self, a: VqCode, b: VqCode, weight: float) -> VqCode:
        """Pass from ``a`` to ``b`` code by code; labels are interpolated."""
        labels = torch.lerp(a.labels, b.labels, weight) if weight < 1 else b.labels
        levels = LevelCodes(
            *(
                torch.where(key < weight, theirs, own)
                for key, own, theirs in zip(a.keys, a.levels, b.levels, strict=True)
            )
        )
        return VqCode(levels, labels, a.keys)

    def _keys(self, noise: Noise) -> tuple[Tensor, Tensor]:
        grids = self.codec.grids
        return noise.uniform(grids.top.pixels), noise.uniform(grids.bottom.pixels)


def _bits_of_codes(nats: Tensor) -> Mapping[str, Tensor]:
    bits = nats.sum(1) / math.log(2)
    return {"bits": bits, "code_bits": bits}
