"""Masked (absorbing) discrete diffusion on palette indices.

The forward process masks pixels; the network predicts the masked ones. The bound of MDLM
(2406.07524) and MD4 (2406.04329) is a weighted cross-entropy on the masked pixels, in its
any-order form (2110.02037): their number is uniform on 1…P and each of them weighs P / number.
Every draw is a palette entry by construction.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from pxgen.canvas import Domain
from pxgen.config.schema import setting
from pxgen.models.diffusion.base import Diffusion, DiffusionSpec, low_discrepancy_levels
from pxgen.models.diffusion.denoiser import Denoiser
from pxgen.models.diffusion.given import Parts, given_pixels
from pxgen.models.diffusion.inpainting import edit_mask, log_probs
from pxgen.models.diffusion.unmasking import ORDERS, unmask
from pxgen.models.protocol import EDITS, Batch, SamplingParams, Stage, or_own
from pxgen.models.temperature import TEMPERATURES
from pxgen.noise import Noise

LOSS_PIXELS = 160
"""Masked pixels of a sprite whose loss is computed: more cost time and hardly steady a gradient."""
LOSS_PIXELS_STRIDE = 4
"""Of a clip or a large canvas one pixel in so many: a fixed number would be next to none of it."""
CACHE_DROPOUT = 0.4
"""Share of the labelled training sprites, nothing of them given, whose colours in use are left out
of the color cache: where they say which colours come, labels are learnt less, most of all rare
ones."""
STRATA = 8
"""Shares of masked pixels that the held-out bound averages over, stratified."""
ENCODED_SHARE = 0.5
"""Share of the pixels that a code masks."""
GIVEN_TEMPERATURE = 0.5
"""Highest temperature of the rest of a clip, unless told otherwise: a model that is not sure draws
cleaner frames with more pixels right."""


@dataclass(frozen=True, kw_only=True)
class MaskedSpec(DiffusionSpec):
    """``[model]`` of a masked diffusion."""

    family: str = setting("masked", "masked discrete diffusion on palette indices")
    steps: int = setting(32, "drawing steps unless told otherwise", low=1, high=100_000)
    sampler: str = setting("remask", f"order of drawing: {', '.join(ORDERS)}", choices=ORDERS)
    temperature: float = setting(
        0.0,
        "of the colours: below 1 calmer, above 1 wilder; 0: found out from held-out sprites",
        low=0,
        high=100,
    )


class MaskedCode(NamedTuple):
    """A partly masked sprite."""

    tokens: Tensor
    """``(n, P) int64`` with mask tokens in between."""
    labels: Tensor
    """``(n, L)`` in [-1, 1]."""
    keys: Tensor
    """``(n, P)`` in [0, 1): from which weight of a mixture on a pixel is the second's."""
    sampling: SamplingParams
    """How the masked pixels are drawn."""


class Predicted(NamedTuple):
    """What the network says of masked pixels, and what they are."""

    logits: Tensor
    """``(B, M, K)``."""
    colors: Tensor
    """``(B, M) int64``."""
    weight: Tensor
    """``(B, M)``: 1 where a pixel counts."""

    def nats(self, temperature: float = 1.0) -> Tensor:
        """``(B,)``: the mean cross-entropy of the pixels that count."""
        logits = (self.logits / temperature).flatten(0, 1)
        nats = F.cross_entropy(logits, self.colors.flatten(), reduction="none")
        return (nats.view_as(self.weight) * self.weight).sum(1) / self.weight.sum(1)


class MaskedDiffusion(Diffusion):
    """Masked diffusion as a model: its codec is the identity, its prior a discrete diffusion."""

    takes = frozenset({"steps", "sampler", "guidance", "temperature", *EDITS})
    samplers: Mapping[str, frozenset[str]] = dict.fromkeys(ORDERS, frozenset())

    def __init__(self, spec: MaskedSpec, domain: Domain) -> None:
        self.spec, self.sampler = spec, spec.sampler
        self.denoiser = Denoiser(spec, domain)
        super().__init__(spec, domain, "denoiser", self.denoiser, self.denoiser)

    def sprite_stages(self) -> tuple[Stage, ...]:
        """The denoiser's, whose temperature is found out unless it is set."""
        (stage,) = super().sprite_stages()
        if not self.spec.temperature:
            stage = replace(stage, by_temperature=self.nats_by_temperature)
        return (stage,)

    def loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """The bound in nats a pixel, with label dropout, leaning to high levels."""
        conditions = self.training_conditions(batch, noise)
        # The first pixels decide what a sprite is, and with colours known the labels say little
        # more: so levels of nearly all masked are learnt most.
        level = 1 - (1 - low_discrepancy_levels(len(batch.pixels), noise)).square()
        predicted, _ = self._predict(
            batch, conditions, level, noise, self.given(noise), training=True
        )
        return {"cross_entropy": predicted.nats().mean()}

    def given(self, noise: Noise) -> Tensor | None:
        """Parts of stills of one template, too, where labels say what is in the others."""
        if self._has_template:
            return given_pixels(self.domain.canvas, noise)
        return super().given(noise)

    def bound(self, batch: Batch, given: Tensor | None, noise: Noise) -> Tensor:
        """``(B,)`` bits of the pixels that are not given, averaged over ``STRATA`` levels."""
        predictions = self._stratified(batch, noise, given)
        bits = [predicted.nats() * count for predicted, count in predictions]
        return torch.stack(bits).mean(0) / math.log(2)

    def nats_by_temperature(self, batch: Batch, noise: Noise) -> Tensor:
        """``(B, len(TEMPERATURES))`` nats a pixel of sprites whose labels are given."""
        nats = [
            torch.stack([predicted.nats(temperature) for temperature in TEMPERATURES], 1)
            for predicted, _ in self._stratified(batch, noise, None)
        ]
        return torch.stack(nats).mean(0)

    def _stratified(
        self, batch: Batch, noise: Noise, given: Tensor | None
    ) -> Iterator[tuple[Predicted, Tensor]]:
        """Predictions with a share of each of the strata masked."""
        offset = noise.uniform(STRATA)
        for k in range(STRATA):
            level = (k + offset[:, k]) / STRATA
            yield self._predict(batch, batch.labels, level, noise, given)

    def _predict(
        self,
        batch: Batch,
        conditions: Tensor,
        level: Tensor,
        noise: Noise,
        given: Tensor | None,
        *,
        training: bool = False,
    ) -> tuple[Predicted, Tensor]:
        """Predict open pixels, a share ``level`` of which is masked; ``(B,)`` is their number.

        Pixels that are ``given``, ``(B, P) bool``, are known, and those of missing frames are
        never seen; all others are open. In ``training`` only some of the masked ones are predicted,
        and of some sprites without the color cache.
        """
        clean, parts = batch.pixels.flatten(1), Parts.of(batch, given)
        total = parts.open.sum(1)
        count = (level * total).long().minimum(total - 1) + 1
        # The open ones come first, in a random order.
        shuffled = (noise.uniform(clean.shape[1]) + ~parts.open).argsort(dim=1)
        number = torch.arange(clean.shape[1], device=clean.device)
        masked = number < count.unsqueeze(1)
        hidden = masked | ~(parts.open | parts.known).gather(1, shuffled)
        tokens = clean.scatter(
            1, shuffled, clean.gather(1, shuffled).masked_fill(hidden, self.denoiser.mask_token)
        )
        limit, cached = None, tokens
        if training:
            limit = max(LOSS_PIXELS, clean.shape[1] // LOSS_PIXELS_STRIDE)
            dropout = CACHE_DROPOUT if self.domain.label_count else 0.0
            dropped = (noise.uniform(1) < dropout) & ~parts.known.any(1, keepdim=True)
            cached = tokens.masked_fill(dropped, self.denoiser.mask_token)
        # The first of a random order are a fair sample of the masked pixels.
        places, weight = shuffled[:, :limit], masked[:, :limit].float()
        logits = self.denoiser.score(self.denoiser(tokens, conditions), cached, places)
        return Predicted(logits, clean.gather(1, places), weight), total

    def sample(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Tensor:
        """``(n, L)`` labels to ``(n, T, H, W) uint8`` index maps."""
        return self.maps(self.draw(labels, noise, sampling).tokens, sampling)

    def trace(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Iterator[Tensor]:
        """The sample as it forms; masked pixels are transparent."""
        start, labels = self._start(labels, noise, sampling)
        for tokens in self._unmask(start, labels, noise, sampling):
            yield self.maps(tokens.masked_fill(tokens == self.denoiser.mask_token, 0), sampling)

    def expected_entries(self, pixels: Tensor, hidden: Tensor, labels: Tensor) -> Tensor:
        """``(T, H, W, K)`` log-probabilities of hidden pixels, each by itself."""
        tokens = pixels.masked_fill(hidden, self.denoiser.mask_token).view(1, -1)
        logits = self.denoiser.score(self.denoiser(tokens, labels.unsqueeze(0)), tokens)
        return logits.log_softmax(-1).view(*pixels.shape, -1)

    def encode(self, pixels: Tensor, labels: Tensor, noise: Noise) -> MaskedCode:
        """Mask a random half of the pixels."""
        keys = noise.uniform(self.domain.canvas.pixels)
        masked = noise.uniform(self.domain.canvas.pixels) >= ENCODED_SHARE
        tokens = pixels.flatten(1).long().masked_fill(masked, self.denoiser.mask_token)
        return MaskedCode(tokens, labels, keys, SamplingParams())

    def draw(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> MaskedCode:
        """A whole sprite, nothing of it masked."""
        start, labels = self._start(labels, noise, sampling)
        *_, tokens = self._unmask(start, labels, noise, sampling)
        return MaskedCode(tokens, labels, noise.uniform(tokens.shape[1]), sampling)

    def decode(self, code: MaskedCode, noise: Noise) -> Tensor:
        """Draw the masked pixels; the others stay as they are."""
        *_, last = self._unmask(code.tokens, code.labels, noise, code.sampling)
        return self.maps(last, code.sampling)

    def mix(self, a: MaskedCode, b: MaskedCode, weight: float) -> MaskedCode:
        """Pass from ``a`` to ``b`` pixel by pixel; where they differ, some are masked half-way."""
        tokens = torch.where(a.keys < weight, b.tokens, a.tokens)
        contradiction = (a.tokens != b.tokens) & (b.keys < 4 * weight * (1 - weight))
        labels = torch.lerp(a.labels, b.labels, weight) if weight < 1 else b.labels
        tokens = tokens.masked_fill(contradiction, self.denoiser.mask_token)
        return MaskedCode(tokens, labels, a.keys, a.sampling)

    def _start(
        self, labels: Tensor, noise: Noise, sampling: SamplingParams
    ) -> tuple[Tensor, Tensor]:
        """``(n, P)`` tokens, masked where they are to be drawn, and all labels of the sprite."""
        token = self.denoiser.mask_token
        shape = (len(labels), self.canvas(sampling).pixels)
        blank = torch.full(shape, token, device=labels.device)
        if sampling.init is None or sampling.from_scratch:
            return blank, self.complete_labels(labels, noise)
        init = sampling.init.flatten().long()
        masked = edit_mask(sampling, self.canvas(sampling), noise).to(labels.device)

        seen = ~masked
        # The head is asked where a pixel is known, which is a small part of a sheet.
        places = masked.byte().argsort(dim=1, stable=True)[:, : int(seen.sum(1).max())]

        def of_init(sets: Tensor) -> Tensor:
            unseen = blank[:1].repeat(len(sets), 1)
            asking = places.repeat_interleave(len(sets) // len(places), 0)
            features = self._features(unseen, sets, sampling)
            return log_probs(self.denoiser.score(features, unseen, asking), init[asking])

        labels = self.infer_labels(labels, seen.gather(1, places), of_init, noise)
        return init.expand_as(blank).masked_fill(masked, token), labels

    def _features(self, tokens: Tensor, labels: Tensor, sampling: SamplingParams) -> Tensor:
        """``(n, P)`` tokens and ``(n, L)`` labels to ``(n, P, R)`` features, on any canvas."""
        windows = self.windows(sampling)
        return windows.average(lambda view: self.denoiser(tokens[:, view], labels, windows.wrap))

    def _unmask(
        self, start: Tensor, labels: Tensor, noise: Noise, sampling: SamplingParams
    ) -> Iterator[Tensor]:
        guidance = or_own(sampling.guidance, self.spec.guidance)
        own = self.spec.temperature or 1.0
        if self.known_pixels(sampling) is not None:
            own = min(own, GIVEN_TEMPERATURE)

        def predict(tokens: Tensor, places: Tensor, progress: float) -> Tensor:
            guided = guide(tokens, places, progress)
            lock = sampling.lock
            return guided if lock is None else guided.masked_fill(~lock, -torch.inf)

        def logits(tokens: Tensor, places: Tensor, labels: Tensor) -> Tensor:
            features = self._features(tokens, labels, sampling)
            return self.denoiser.score(features, tokens, places)

        def guide(tokens: Tensor, places: Tensor, progress: float) -> Tensor:
            conditional = logits(tokens, places, labels)
            # Guidance early in a masked process hurts and late helps (2507.08965): ramp it up.
            strength = 1 + (guidance - 1) * progress
            if strength == 1 or not self.steerable:
                return conditional
            unconditional = logits(tokens, places, torch.zeros_like(labels))
            # Log-probabilities, not logits, so that the two are on one scale (2412.10193).
            return torch.lerp(unconditional.log_softmax(-1), conditional.log_softmax(-1), strength)

        return unmask(
            predict,
            start,
            self.denoiser.mask_token,
            noise,
            canvas=self.canvas(sampling),
            order=ORDERS[sampling.sampler or self.sampler],
            # Further steps would have no pixel of their own to reveal.
            steps=min(sampling.steps or self.spec.steps, start.shape[1]),
            temperature=or_own(sampling.temperature, own),
        )
