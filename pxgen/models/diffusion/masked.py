"""Masked (absorbing) discrete diffusion on palette indices.

The forward process hides pixels; the network says what the hidden ones may be. The bound of MDLM
(2406.07524) and MD4 (2406.04329) is a weighted cross-entropy on the hidden pixels, in its
any-order form (2110.02037): the number hidden is uniform on 1…P and each hidden pixel weighs
P / hidden. Every draw is a palette entry by construction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from pxgen.canvas import Domain
from pxgen.config.schema import setting
from pxgen.models.conditioning import hide_labels
from pxgen.models.diffusion.base import Diffusion, DiffusionSpec, Known, spread_levels
from pxgen.models.diffusion.denoiser import Denoiser
from pxgen.models.diffusion.inpainting import hidden_part, log_chances
from pxgen.models.diffusion.unmasking import ORDERS, unmask
from pxgen.models.protocol import EDITS, Batch, SamplingParams
from pxgen.noise import Noise

ASKED = 160
"""Hidden pixels of a sprite whose loss is computed: more cost time and hardly steady a gradient."""
PART_ASKED = 4
"""Of a clip or a large canvas one pixel in so many is asked: a fixed number would be next to none
of it, and all cost more than they steady."""
LEVELS = 8
"""Amounts of hidden pixels that the held-out bound averages over, stratified."""
ENCODED = 0.5
"""Share of the pixels that a code keeps."""


@dataclass(frozen=True, kw_only=True)
class MaskedSpec(DiffusionSpec):
    """``[model]`` of a masked diffusion."""

    family: str = setting("masked", "masked discrete diffusion on palette indices")
    steps: int = setting(32, "drawing steps unless told otherwise", low=1, high=100_000)
    sampler: str = setting("remask", f"order of drawing: {', '.join(ORDERS)}", choices=ORDERS)
    temperature: float = setting(1.0, "below 1 plainer, above 1 wilder", low=0, high=100)


class MaskedCode(NamedTuple):
    """A sprite half seen: what a masked diffusion knows of it and completes."""

    tokens: Tensor
    """``(n, P) int64`` with the hidden token in between."""
    labels: Tensor
    """``(n, L)`` in [-1, 1]."""
    keys: Tensor
    """``(n, P)`` in [0, 1): when a mixture passes from one sprite to another."""


class MaskedDiffusion(Diffusion):
    """Masked diffusion as a model: identity codec, categorical diffusion prior."""

    takes = frozenset({"steps", "sampler", "guidance", "temperature", *EDITS})
    samplers: Mapping[str, frozenset[str]] = dict.fromkeys(ORDERS, frozenset())

    def __init__(self, spec: MaskedSpec, domain: Domain) -> None:
        self.spec, self.sampler = spec, spec.sampler
        self.denoiser = Denoiser(spec, domain)
        super().__init__(spec, domain, "denoiser", self.denoiser)

    def loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """The bound in nats a pixel, with labels hidden as they will be when asked."""
        labels = hide_labels(batch.labels, noise, self.spec.blind)
        level = spread_levels(len(batch.pixels), noise)
        asked = max(ASKED, self.domain.canvas.pixels // PART_ASKED)
        return {"cross_entropy": self._bound(batch.pixels, labels, level, noise, asked).mean()}

    def held_out(self, batch: Batch, noise: Noise) -> Mapping[str, Tensor]:
        """``(B,)`` bits a sprite given all its labels, averaged over ``LEVELS`` amounts hidden."""
        total = torch.zeros(len(batch.pixels), device=batch.labels.device)
        offset = noise.uniform(LEVELS)
        for k in range(LEVELS):
            level = (k + offset[:, k]) / LEVELS
            total += self._bound(batch.pixels, batch.labels, level, noise, None)
        return {"bits": total / LEVELS * self.domain.canvas.pixels / math.log(2)}

    def _bound(
        self, pixels: Tensor, labels: Tensor, level: Tensor, noise: Noise, asked: int | None
    ) -> Tensor:
        """``(B,)`` nats a pixel with a share ``level`` of the pixels hidden."""
        flat = pixels.flatten(1)
        P = flat.shape[1]
        count = (level * P).long().clamp(0, P - 1) + 1
        shuffled = noise.uniform(P).argsort(dim=1)
        hidden = torch.arange(P, device=flat.device) < count.unsqueeze(1)
        tokens = flat.scatter(
            1, shuffled, flat.gather(1, shuffled).masked_fill(hidden, self.denoiser.hidden_token)
        )
        limit = P if asked is None else min(asked, P)
        where, weight = shuffled[:, :limit], hidden[:, :limit].float()
        logits = self.denoiser(tokens, labels, where)
        nats = F.cross_entropy(
            logits.flatten(0, 1), flat.gather(1, where).flatten(), reduction="none"
        )
        # The first `limit` of a random order are a fair sample of the hidden pixels.
        return (nats.view_as(weight) * weight).sum(1) / weight.sum(1)

    def begin(self, batch: Batch) -> None:
        """Start from the colours of each position."""
        self.denoiser.start_from(batch.pixels)

    def sample(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Tensor:
        """``(n, L)`` labels to ``(n, T, H, W) uint8`` index maps."""
        return self._maps(self.draw(labels, noise, sampling).tokens, sampling)

    def trace(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Iterator[Tensor]:
        """The sample as it forms, hidden pixels shown transparent."""
        start, labels = self._start(labels, noise, sampling)
        for tokens in self._draw(start, labels, noise, sampling):
            yield self._maps(tokens.masked_fill(tokens == self.denoiser.hidden_token, 0), sampling)

    def encode(self, pixels: Tensor, labels: Tensor, noise: Noise) -> MaskedCode:
        """Keep a random half of the pixels."""
        keys = noise.uniform(self.domain.canvas.pixels)
        hidden = noise.uniform(self.domain.canvas.pixels) >= ENCODED
        tokens = pixels.flatten(1).long().masked_fill(hidden, self.denoiser.hidden_token)
        return MaskedCode(tokens, labels, keys)

    def draw(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> MaskedCode:
        """A whole sprite, of which nothing is hidden."""
        start, labels = self._start(labels, noise, sampling)
        *_, tokens = self._draw(start, labels, noise, sampling)
        return MaskedCode(tokens, labels, noise.uniform(tokens.shape[1]))

    def decode(self, code: MaskedCode, noise: Noise) -> Tensor:
        """Complete what the code leaves hidden; what it holds stays as it is."""
        *_, last = self._draw(code.tokens, code.labels, noise, SamplingParams())
        return self._maps(last, SamplingParams())

    def paint(self, code: MaskedCode) -> None:
        """Nothing: there are palette entries from end to end."""

    def mix(self, a: MaskedCode, b: MaskedCode, weight: float) -> MaskedCode:
        """Pass from ``a`` to ``b`` pixel by pixel; the model settles contradictions half-way."""
        tokens = torch.where(a.keys < weight, b.tokens, a.tokens)
        contradiction = (a.tokens != b.tokens) & (b.keys < 4 * weight * (1 - weight))
        labels = torch.lerp(a.labels, b.labels, weight) if weight < 1 else b.labels
        tokens = tokens.masked_fill(contradiction, self.denoiser.hidden_token)
        return MaskedCode(tokens, labels, a.keys)

    def _start(
        self, labels: Tensor, noise: Noise, sampling: SamplingParams
    ) -> tuple[Tensor, Tensor]:
        """``(n, P)`` tokens, hidden where they are to be drawn, and all labels of the sprite."""
        token = self.denoiser.hidden_token
        shape = (len(labels), self.canvas(sampling).pixels)
        blank = torch.full(shape, token, device=labels.device)
        if sampling.init is None or sampling.fresh:
            return blank, self.all_labels(labels, noise)
        init = sampling.init.flatten().long()
        hidden = hidden_part(sampling, self.canvas(sampling), noise).to(labels.device)
        look = self._looker(sampling)

        def foresight(sets: Tensor) -> Tensor:
            return log_chances(look(blank[:1].expand(len(sets), -1), sets), init)

        labels = self.all_labels(labels, noise, Known(hidden, foresight))
        return init.expand_as(blank).masked_fill(hidden, token), labels

    def _looker(self, sampling: SamplingParams) -> Callable[[Tensor, Tensor], Tensor]:
        """``(n, P)`` tokens and ``(n, L)`` labels to ``(n, P, K)`` logits, on any canvas."""
        windows = self.windows(sampling)
        everywhere = torch.arange(self.domain.canvas.pixels, device=self.denoiser.bias.device)

        def look(tokens: Tensor, labels: Tensor) -> Tensor:
            where = everywhere.expand(len(tokens), -1)
            return windows.look(
                lambda view: self.denoiser(tokens[:, view], labels, where, windows.inside)
            )

        return look

    def _draw(
        self, start: Tensor, labels: Tensor, noise: Noise, sampling: SamplingParams
    ) -> Iterator[Tensor]:
        spec = self.spec
        guidance = spec.guidance if sampling.guidance is None else sampling.guidance
        temperature = spec.temperature if sampling.temperature is None else sampling.temperature
        look = self._looker(sampling)

        def predict(tokens: Tensor, progress: float) -> Tensor:
            logits = guide(tokens, progress)
            return (
                logits if sampling.lock is None else logits.masked_fill(~sampling.lock, -torch.inf)
            )

        def guide(tokens: Tensor, progress: float) -> Tensor:
            logits = look(tokens, labels)
            # Guidance early in a masked process hurts and late helps (2507.08965): ramp it up.
            strength = 1 + (guidance - 1) * progress
            if strength == 1 or not self.steerable:
                return logits
            free = look(tokens, torch.zeros_like(labels))
            # Log-probabilities, not logits, so that the two are on one scale (2412.10193).
            return torch.lerp(free.log_softmax(-1), logits.log_softmax(-1), strength)

        return unmask(
            predict,
            start,
            self.denoiser.hidden_token,
            noise,
            order=ORDERS[sampling.sampler or spec.sampler],
            # More steps than pixels would only draw the same pixels again and again.
            steps=min(sampling.steps or spec.steps, start.shape[1]),
            temperature=temperature,
        )

    def _maps(self, tokens: Tensor, sampling: SamplingParams) -> Tensor:
        return tokens.view(-1, *self.canvas(sampling)).to(torch.uint8)
