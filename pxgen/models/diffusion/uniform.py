"""Uniform discrete diffusion on palette indices (2102.05379, 2107.03006).

The forward process replaces pixels by random palette entries, so that no pixel tells whether it
is still right, and every step may change each of them again. The network predicts a pixel from all
around it; the likelihood of the pixel itself is known and need not be learnt.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from pxgen.canvas import Domain
from pxgen.config.schema import setting
from pxgen.models.axes import Axes
from pxgen.models.diffusion.backbone import EMBEDDING, Backbone, BackboneSpec, color_embedding
from pxgen.models.diffusion.base import Diffusion, DiffusionSpec, low_discrepancy_levels
from pxgen.models.diffusion.given import KnownEmbedding, Parts
from pxgen.models.diffusion.head import SpriteHead
from pxgen.models.diffusion.inpainting import edit_mask, log_probs
from pxgen.models.diffusion.schedule import Schedule, Step
from pxgen.models.diffusion.tiling import View
from pxgen.models.layers import NO_WRAP, Wrap, prefer_channels_last
from pxgen.models.protocol import EDITS, Batch, SamplingParams, or_own
from pxgen.models.temperature import PixelTemperature
from pxgen.noise import Noise, categorical

STRATA = 16
"""Levels of noise that held-out figures average over, stratified."""
ENCODED_LEVEL = 0.5
"""The level of noise of a code."""
PSI = "psi"
SAMPLERS = (PSI, "ancestral")
"""Also afresh from the clean sprite predicted, or each step from the last one alone."""
PSI_SHARE, PSI_LEVELS = 0.4, (0.02, 0.5)
"""The share that Psi draws afresh, and between which shares of all levels: with more noise nothing
is there to correct yet, with less no step would be left to correct what it drew."""


@dataclass(frozen=True, kw_only=True)
class UniformSpec(DiffusionSpec):
    """``[model]`` of a uniform diffusion."""

    family: str = setting("uniform", "uniform discrete diffusion on palette indices")
    levels: int = setting(500, "levels of noise", low=2, high=10_000)
    steps: int = setting(64, "drawing steps unless told otherwise", low=1, high=10_000)
    sampler: str = setting(PSI, f"how a step is drawn: {', '.join(SAMPLERS)}", choices=SAMPLERS)
    temperature: float = setting(
        1.0, "of the colours: below 1 calmer, above 1 wilder", low=0, high=100
    )


class UniformCode(NamedTuple):
    """A sprite of which some pixels are replaced at random."""

    tokens: Tensor
    """``(n, P) int64``."""
    level: float
    """Of noise: 0 none, 1 all."""
    labels: Tensor
    """``(n, L)`` in [-1, 1]."""
    keys: Tensor
    """``(n, P)`` in [0, 1): from which weight of a mixture on a pixel is the second's."""
    random: Tensor
    """``(n, P) int64``: random entries for pixels that a mixture replaces."""
    sampling: SamplingParams
    """How it is denoised."""


class UniformDenoiser(Backbone, SpriteHead):
    """Logits of every pixel from all around it."""

    axes: ClassVar[Axes] = {**SpriteHead.axes, "embed.weight": ("colors", 0)}

    def __init__(self, spec: BackboneSpec, domain: Domain) -> None:
        super().__init__(spec, domain, color_embedding(domain), spec.rank)
        self.add_head(domain, spec.rank, template=spec.has_template)
        self.known = KnownEmbedding(EMBEDDING) if domain.canvas.frames > 1 else None
        prefer_channels_last(self)

    def forward(
        self,
        tokens: Tensor,
        conditions: Tensor,
        level: Tensor,
        wrap: Wrap = NO_WRAP,
        known: Tensor | None = None,
    ) -> Tensor:
        """``(B, P)`` tokens, some ``(B, P) bool`` known, to ``(B, P, K)`` logits."""
        embedded = self.embed(self.pad(tokens.view(-1, *self.canvas), 0))
        if self.known is not None and known is not None:
            embedded = self.known(embedded, self.pad(known.view(-1, *self.canvas), 0))
        return self.logits(self.features(embedded, conditions, level, wrap))


class UniformDiffusion(Diffusion):
    """Uniform diffusion as a model: its codec is the identity, its prior a discrete diffusion."""

    takes = frozenset({"steps", "sampler", "guidance", "temperature", *EDITS})
    samplers: Mapping[str, frozenset[str]] = dict.fromkeys(SAMPLERS, frozenset())

    def __init__(self, spec: UniformSpec, domain: Domain) -> None:
        self.spec, self.sampler = spec, spec.sampler
        self.schedule = Schedule(spec.levels)
        self.denoiser = UniformDenoiser(spec, domain)
        super().__init__(spec, domain, "denoiser", self.denoiser, self.denoiser)

    def loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """Cross-entropy of the clean pixels, nats a pixel."""
        conditions = self.training_conditions(batch, noise)
        times = self.schedule.level(low_discrepancy_levels(len(batch.pixels), noise))
        clean, parts = batch.pixels.flatten(1), Parts.of(batch, self.given(noise))
        noisy = self._corrupt(clean, parts.signal(self.schedule.alpha_bar(times)), noise)
        gain = self._log_likelihood(noisy, parts.known, conditions, times, clean)
        return {"cross_entropy": -gain[parts.open].mean()}

    def bound(self, batch: Batch, given: Tensor | None, noise: Noise) -> Tensor:
        """``(B,)`` bits of the pixels that are not given: the bound of 2107.03006."""
        clean, parts = batch.pixels.flatten(1), Parts.of(batch, given)
        nats = torch.zeros(len(clean), device=clean.device)
        for stratum in range(STRATA):
            times = self.schedule.level((stratum + noise.uniform(1)[:, 0]) / STRATA)
            nats += self._divergence(batch, parts, times, noise) / STRATA
        # The reconstruction term: the clean pixels given those of the first level.
        first = torch.zeros_like(times)
        noisy = self._corrupt(clean, parts.signal(self.schedule.alpha_bar(first)), noise)
        left = parts.sum(self._log_likelihood(noisy, parts.known, batch.labels, first, clean))
        return (self.spec.levels * nats - left) / math.log(2)

    def _divergence(self, batch: Batch, parts: Parts, times: Tensor, noise: Noise) -> Tensor:
        """``(B,)`` nats between the true and the predicted step from each level to the next."""
        clean = batch.pixels.flatten(1)
        alpha_bar = self.schedule.alpha_bar(times)
        alpha_bar_next = self.schedule.alpha_bar((times - 1).clamp(min=0))
        noisy = self._corrupt(clean, parts.signal(alpha_bar), noise)
        certain = F.one_hot(clean, self.domain.colors).float().log()
        true = reverse_step(noisy, certain, alpha_bar, alpha_bar_next)
        log_x0 = self._log_x0(noisy, parts.known, batch.labels, times)
        predicted = reverse_step(noisy, log_x0, alpha_bar, alpha_bar_next)
        gaps = true * (true.clamp(min=1e-20).log() - predicted.clamp(min=1e-20).log())
        # Below the first level lies the sprite itself, which is counted apart.
        return parts.sum(gaps.sum(-1)) * (times > 0)

    def _log_likelihood(
        self, noisy: Tensor, known: Tensor, conditions: Tensor, times: Tensor, clean: Tensor
    ) -> Tensor:
        """``(B, P)`` log-probabilities of the clean pixels."""
        log_x0 = self._log_x0(noisy, known, conditions, times)
        return log_x0.gather(-1, clean.unsqueeze(-1)).squeeze(-1)

    def _log_x0(self, noisy: Tensor, known: Tensor, conditions: Tensor, times: Tensor) -> Tensor:
        """``(B, P, K)`` log-probabilities of clean entries given ``(B, P)`` noisy pixels."""
        logits = self.denoiser(noisy, conditions, (times + 1) / self.spec.levels, known=known)
        return posterior_x0(logits, noisy, self.schedule.alpha_bar(times))

    def _corrupt(self, tokens: Tensor, signal: Tensor, noise: Noise) -> Tensor:
        """``(B, P)`` tokens, each kept with the probability of ``(B, P or 1, 1)``."""
        entries = (noise.uniform(tokens.shape[1]) * self.domain.colors).long()
        replaced = noise.uniform(tokens.shape[1]) >= signal.squeeze(-1)
        return torch.where(replaced, entries.clamp(max=self.domain.colors - 1), tokens)

    def sample(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Tensor:
        """``(n, L)`` labels to ``(n, T, H, W) uint8`` index maps."""
        return self.maps(self.draw(labels, noise, sampling).tokens, sampling)

    def trace(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Iterator[Tensor]:
        """The sample after each step, from random pixels to itself."""
        start, labels = self._start(labels, noise, sampling)
        for tokens in self._denoise(start, sampling.edit_strength, labels, noise, sampling):
            yield self.maps(tokens, sampling)

    def draw(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> UniformCode:
        """A whole sprite without noise."""
        start, labels = self._start(labels, noise, sampling)
        *_, tokens = self._denoise(start, sampling.edit_strength, labels, noise, sampling)
        return self._code(tokens, 0.0, labels, noise, sampling)

    def encode(self, pixels: Tensor, labels: Tensor, noise: Noise) -> UniformCode:
        """The sprite at ``ENCODED_LEVEL``."""
        level = torch.full((len(pixels),), ENCODED_LEVEL, device=labels.device)
        times = (self.schedule.level(level) - 1).clamp(min=0)
        tokens = self._corrupt(pixels.flatten(1).long(), self.schedule.alpha_bar(times), noise)
        return self._code(tokens, ENCODED_LEVEL, labels, noise, SamplingParams())

    def decode(self, code: UniformCode, noise: Noise) -> Tensor:
        """Denoise from the code's level."""
        *_, tokens = self._denoise(code.tokens, code.level, code.labels, noise, code.sampling)
        return self.maps(tokens, code.sampling)

    def mix(self, a: UniformCode, b: UniformCode, weight: float) -> UniformCode:
        """Pass from ``a`` to ``b`` pixel by pixel; half-way some are random, and denoised."""
        between = 4 * weight * (1 - weight)
        tokens = torch.where(a.keys < weight, b.tokens, a.tokens)
        replaced = (a.tokens != b.tokens) & (b.keys < between * ENCODED_LEVEL)
        labels = torch.lerp(a.labels, b.labels, weight) if weight < 1 else b.labels
        level = a.level + (b.level - a.level) * weight if weight < 1 else b.level
        return UniformCode(
            torch.where(replaced, a.random, tokens),
            max(level, between * ENCODED_LEVEL),
            labels,
            a.keys,
            a.random,
            a.sampling,
        )

    def _code(
        self, tokens: Tensor, level: float, labels: Tensor, noise: Noise, sampling: SamplingParams
    ) -> UniformCode:
        keys, uniform = noise.uniform(tokens.shape[1]), noise.uniform(tokens.shape[1])
        random = (uniform * self.domain.colors).long().clamp(max=self.domain.colors - 1)
        return UniformCode(tokens, level, labels, keys, random, sampling)

    def _start(
        self, labels: Tensor, noise: Noise, sampling: SamplingParams
    ) -> tuple[Tensor, Tensor]:
        """``(n, P)`` tokens to set out from, and all labels of the sprite."""
        P = self.canvas(sampling).pixels
        blank = torch.zeros(len(labels), P, dtype=torch.long, device=labels.device)
        nothing = torch.zeros(1, 1, 1, device=labels.device)
        if sampling.init is None or sampling.from_scratch:
            labels = self.complete_labels(labels, noise)
            return self._corrupt(blank, nothing, noise), labels
        init = sampling.init.flatten().long()
        masked = edit_mask(sampling, self.canvas(sampling), noise).to(labels.device)
        random = self._corrupt(blank, nothing, noise)

        def of_init(sets: Tensor) -> Tensor:
            unseen = random.repeat_interleave(len(sets) // len(random), 0)
            return log_probs(self._logits(unseen, sets, self.spec.levels - 1, sampling), init)

        labels = self.infer_labels(labels, ~masked, of_init, noise)
        steps = self._steps(sampling, sampling.edit_strength)
        alpha_bar = torch.full_like(nothing, steps[0].alpha_bar if steps else 1.0)
        tokens = self._corrupt(init.expand_as(blank), alpha_bar, noise)
        return self._with_known(tokens, sampling), labels

    def _with_known(self, tokens: Tensor, sampling: SamplingParams) -> Tensor:
        """``(n, P)`` noisy tokens, those of which the network is told without noise."""
        known = self.known_pixels(sampling)
        if known is None or sampling.init is None:
            return tokens
        return torch.where(known, sampling.init.flatten().long(), tokens)

    def _denoise(
        self, tokens: Tensor, level: float, labels: Tensor, noise: Noise, sampling: SamplingParams
    ) -> Iterator[Tensor]:
        """``(n, P)`` tokens from a level down to none: at first, and after each step.

        By Psi (2602.21185) a share of the pixels forgets what it was and is noised anew from the
        clean sprite predicted: with the levels' own chances, so that mistakes are drawn over.
        """
        yield tokens
        temperature = or_own(sampling.temperature, self.spec.temperature)
        psi = (sampling.sampler or self.sampler) == PSI
        for step in self._steps(sampling, level):
            logits = self._guided(tokens, labels, step.time, sampling)
            if sampling.lock is not None:
                logits = logits.masked_fill(~sampling.lock, -torch.inf)
            if temperature != 1:
                open_ = None if sampling.mask is None else sampling.mask.flatten().expand_as(tokens)
                logits = PixelTemperature(temperature).probs(logits, open_)[0].log()
            alpha_bar, alpha_bar_next = (
                torch.full((1, 1, 1), share).to(logits.device)
                for share in (step.alpha_bar, step.alpha_bar_next)
            )
            log_x0 = self._edited(posterior_x0(logits, tokens, alpha_bar), sampling)
            probabilities = reverse_step(tokens, log_x0, alpha_bar, alpha_bar_next)
            low, high = PSI_LEVELS
            if psi and low <= (step.time + 1) / self.spec.levels <= high:
                afresh = alpha_bar_next * log_x0.exp() + (1 - alpha_bar_next) / logits.shape[-1]
                probabilities = torch.lerp(probabilities, afresh, PSI_SHARE)
            uniform = noise.uniform(tokens.shape[1])
            # The last step has no other to correct it.
            last = step.alpha_bar_next == 1
            tokens = log_x0.argmax(-1) if last else categorical(probabilities, uniform)
            tokens = self._with_known(tokens, sampling)
            yield tokens

    def _guided(
        self, tokens: Tensor, labels: Tensor, time: int, sampling: SamplingParams
    ) -> Tensor:
        """Log-probabilities by the network, with guidance (2412.10193)."""
        strength = or_own(sampling.guidance, self.spec.guidance)
        conditional = self._logits(tokens, labels, time, sampling).log_softmax(-1)
        if strength == 1 or not self.steerable:
            return conditional
        nothing = torch.zeros_like(labels)
        unconditional = self._logits(tokens, nothing, time, sampling).log_softmax(-1)
        return torch.lerp(unconditional, conditional, strength)

    def _logits(
        self, tokens: Tensor, labels: Tensor, time: int, sampling: SamplingParams
    ) -> Tensor:
        windows, known = self.windows(sampling), self.known_pixels(sampling)
        level = torch.full((len(tokens),), (time + 1) / self.spec.levels, device=tokens.device)

        def of_view(view: View) -> Tensor:
            told = None if known is None else known[view].expand(len(tokens), -1)
            logits: Tensor = self.denoiser(tokens[:, view], labels, level, windows.wrap, told)
            return logits

        return windows.average(of_view)

    def _edited(self, log_x0: Tensor, sampling: SamplingParams) -> Tensor:
        """Log-probabilities restricted to allowed entries, and known pixels as they are."""
        if sampling.lock is not None:
            log_x0 = log_x0.masked_fill(~sampling.lock, -torch.inf).log_softmax(-1)
        if sampling.init is not None and sampling.mask is not None:
            known = F.one_hot(sampling.init.flatten().long(), log_x0.shape[-1]).float().log()
            log_x0 = torch.where(sampling.mask.flatten().unsqueeze(-1), log_x0, known)
        return log_x0

    def _steps(self, sampling: SamplingParams, level: float) -> list[Step]:
        return self.schedule.steps(sampling.steps or self.spec.steps, level)


def posterior_x0(logits: Tensor, tokens: Tensor, alpha_bar: Tensor) -> Tensor:
    """``(B, P, K)`` log-probabilities of clean entries: prediction times likelihood.

    ``(B, P, K)`` logits are predicted from all around the ``(B, P)`` noisy tokens, of which shares
    ``alpha_bar``, ``(B, 1, 1)``, are clean.
    """
    K = logits.shape[-1]
    likelihood = F.one_hot(tokens, K) * alpha_bar + (1 - alpha_bar) / K
    return (logits + likelihood.log()).log_softmax(-1)


def reverse_step(
    tokens: Tensor, log_x0: Tensor, alpha_bar: Tensor, alpha_bar_next: Tensor
) -> Tensor:
    """``(B, P, K)`` probabilities of pixels with less noise, D3PM's ``q(x_s | x_t, x_0)`` over x_0.

    From ``(B, P)`` tokens and ``(B, P, K)`` log-probabilities of clean entries; of the pixels
    ``alpha_bar``, ``(B, 1, 1)``, are clean with more noise and ``alpha_bar_next`` with less.
    """
    K = log_x0.shape[-1]
    own = F.one_hot(tokens, K)
    # Each way from a clean entry to the noisy pixel leads by one with less noise.
    share = log_x0.exp() / (own * alpha_bar + (1 - alpha_bar) / K).clamp(min=1e-20)
    reached = alpha_bar_next * share + (1 - alpha_bar_next) / K * share.sum(-1, keepdim=True)
    ratio = alpha_bar / alpha_bar_next
    joint = (own * ratio + (1 - ratio) / K) * reached
    return joint / joint.sum(-1, keepdim=True)
