"""Uniform discrete diffusion on palette indices (2102.05379, 2107.03006).

The forward process replaces pixels by random palette entries, so that no pixel tells whether it
is still right, and every step may change each of them again. The network says what a pixel is
from all around it; what the pixel itself says of that is known and need not be learnt.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pxgen.canvas import Domain
from pxgen.config.schema import setting
from pxgen.models.conditioning import hide_labels
from pxgen.models.diffusion.backbone import EMBEDDING, Trunk, TrunkSpec
from pxgen.models.diffusion.base import Diffusion, DiffusionSpec, Known, spread_levels
from pxgen.models.diffusion.inpainting import hidden_part, log_chances
from pxgen.models.diffusion.schedule import Move, Schedule
from pxgen.models.layers import NOWHERE, Wrap, frequencies, prefer_channels_last
from pxgen.models.protocol import EDITS, Batch, SamplingParams
from pxgen.noise import Noise, draw_categories

STRATA = 16
"""Amounts of noise that held-out figures average over."""
ENCODED = 0.5
"""The level of a code."""


@dataclass(frozen=True, kw_only=True)
class UniformSpec(DiffusionSpec):
    """``[model]`` of a uniform diffusion."""

    family: str = setting("uniform", "uniform discrete diffusion on palette indices")
    levels: int = setting(500, "levels of noise", low=2, high=10_000)
    steps: int = setting(64, "drawing steps unless told otherwise", low=1, high=10_000)
    temperature: float = setting(1.0, "below 1 plainer, above 1 wilder", low=0, high=100)


class UniformCode(NamedTuple):
    """A sprite of which some pixels may be wrong."""

    tokens: Tensor
    """``(n, P) int64``."""
    level: float
    """How many are: 0 none, 1 all."""
    labels: Tensor
    """``(n, L)`` in [-1, 1]."""
    keys: Tensor
    """``(n, P)`` in [0, 1): when a mixture passes from one sprite to another."""
    chance: Tensor
    """``(n, P) int64``: what a pixel is that passes."""


class Guesser(Trunk):
    """What a pixel is, from all around it."""

    def __init__(self, spec: TrunkSpec, domain: Domain) -> None:
        super().__init__(spec, domain, nn.Embedding(domain.colors, EMBEDDING), spec.rank)
        palette = torch.empty(domain.colors, spec.rank)
        self.palette = nn.Parameter(nn.init.normal_(palette, std=spec.rank**-0.5))
        self.bias = nn.Parameter(torch.zeros(domain.canvas.pixels, domain.colors))
        prefer_channels_last(self)

    def forward(
        self, tokens: Tensor, labels: Tensor, level: Tensor, wrap: Wrap = NOWHERE
    ) -> Tensor:
        """``(B, P)`` tokens to ``(B, P, K)`` logits."""
        T, H, W = self.canvas
        maps = self.pad(tokens.view(-1, T, H, W), 0)
        features = self.features(self.embed(maps), labels, level, wrap)
        logits: Tensor = features.float() @ self.palette.t() + self.bias
        return logits


class UniformDiffusion(Diffusion):
    """Uniform diffusion as a model: identity codec, categorical diffusion prior."""

    takes = frozenset({"steps", "sampler", "guidance", "temperature", *EDITS})
    sampler = "ancestral"
    samplers: Mapping[str, frozenset[str]] = {sampler: frozenset()}

    def __init__(self, spec: UniformSpec, domain: Domain) -> None:
        self.spec = spec
        self.schedule = Schedule(spec.levels)
        self.guesser = Guesser(spec, domain)
        super().__init__(spec, domain, "denoiser", self.guesser)

    def loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """Cross-entropy a pixel of what it was, in nats."""
        labels = hide_labels(batch.labels, noise, self.spec.blind)
        times = self.schedule.level(spread_levels(len(batch.pixels), noise))
        flat = batch.pixels.flatten(1)
        noisy = self._noisy(flat, self.schedule.share_kept(times), noise)
        return {"cross_entropy": -self._known(noisy, labels, times, flat).mean()}

    def held_out(self, batch: Batch, noise: Noise) -> Mapping[str, Tensor]:
        """``(B,)`` bits a sprite given all its labels: the bound of 2107.03006 over the levels."""
        flat = batch.pixels.flatten(1)
        nats = torch.zeros(len(flat), device=flat.device)
        for stratum in range(STRATA):
            times = self.schedule.level((stratum + noise.uniform(1)[:, 0]) / STRATA)
            nats += self._divergence(flat, batch.labels, times, noise) / STRATA
        # What the least noise leaves open; all else follows from the pixels that it left.
        first = torch.zeros_like(times)
        noisy = self._noisy(flat, self.schedule.share_kept(first), noise)
        left = -self._known(noisy, batch.labels, first, flat).sum(1)
        return {"bits": (self.spec.levels * nats + left) / math.log(2)}

    def _divergence(self, flat: Tensor, labels: Tensor, times: Tensor, noise: Noise) -> Tensor:
        """``(B,)`` nats that pixels cost at the level below theirs, given those at theirs."""
        K = self.domain.colors
        now, below = (
            self.schedule.share_kept(times),
            self.schedule.share_kept((times - 1).clamp(min=0)),
        )
        noisy = self._noisy(flat, now, noise)
        certain = torch.nn.functional.one_hot(flat, K).float().log()
        true = backwards(noisy, certain, now, below)
        guessed = backwards(noisy, self._chances(noisy, labels, times), now, below)
        gaps = (true * (true.clamp(min=1e-20).log() - guessed.clamp(min=1e-20).log())).sum((1, 2))
        # Below the first level lies the sprite itself, which is counted apart.
        return gaps * (times > 0)

    def _known(self, noisy: Tensor, labels: Tensor, times: Tensor, flat: Tensor) -> Tensor:
        """``(B, P)`` log-chances of what the pixels were."""
        chances = self._chances(noisy, labels, times)
        return chances.gather(-1, flat.unsqueeze(-1)).squeeze(-1)

    def _chances(self, noisy: Tensor, labels: Tensor, times: Tensor) -> Tensor:
        """``(B, P, K)`` log-chances of what ``(B, P)`` pixels were."""
        logits = self.guesser(noisy, labels, (times + 1) / self.spec.levels)
        return witnessed(logits, noisy, self.schedule.share_kept(times))

    def _noisy(self, flat: Tensor, kept: Tensor, noise: Noise) -> Tensor:
        """``(B, P)`` pixels of which a share is replaced at random."""
        entries = (noise.uniform(flat.shape[1]) * self.domain.colors).long()
        replaced = noise.uniform(flat.shape[1]) >= kept.squeeze(-1)
        return torch.where(replaced, entries.clamp(max=self.domain.colors - 1), flat)

    def begin(self, batch: Batch) -> None:
        """Start from the colours of each position."""
        with torch.no_grad():
            shares = frequencies(batch.pixels.flatten(1), self.domain.colors)
            self.guesser.bias.copy_(shares.log())

    def sample(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Tensor:
        """``(n, L)`` labels to ``(n, T, H, W) uint8`` index maps."""
        return self._maps(self.draw(labels, noise, sampling).tokens, sampling)

    def trace(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Iterator[Tensor]:
        """The sample after each step, from random pixels to itself."""
        start, labels = self._start(labels, noise, sampling)
        for tokens in self._walk(start, sampling.strong, labels, noise, sampling):
            yield self._maps(tokens, sampling)

    def draw(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> UniformCode:
        """A whole sprite, of which nothing is wrong."""
        start, labels = self._start(labels, noise, sampling)
        *_, tokens = self._walk(start, sampling.strong, labels, noise, sampling)
        return self._code(tokens, 0.0, labels, noise)

    def encode(self, pixels: Tensor, labels: Tensor, noise: Noise) -> UniformCode:
        """Replace pixels at random, as half of the way to noise does."""
        times = self.schedule.level(torch.full((len(pixels),), ENCODED, device=labels.device)) - 1
        tokens = self._noisy(
            pixels.flatten(1).long(), self.schedule.share_kept(times.clamp(min=0)), noise
        )
        return self._code(tokens, ENCODED, labels, noise)

    def decode(self, code: UniformCode, noise: Noise) -> Tensor:
        """Correct what may be wrong."""
        *_, tokens = self._walk(code.tokens, code.level, code.labels, noise, SamplingParams())
        return self._maps(tokens, SamplingParams())

    def paint(self, code: UniformCode) -> None:
        """Nothing: there are palette entries from end to end."""

    def mix(self, a: UniformCode, b: UniformCode, weight: float) -> UniformCode:
        """Pass from ``a`` to ``b`` pixel by pixel, some to neither half-way; then correct more."""
        between = 4 * weight * (1 - weight)
        tokens = torch.where(a.keys < weight, b.tokens, a.tokens)
        stray = (a.tokens != b.tokens) & (b.keys < between * ENCODED)
        labels = torch.lerp(a.labels, b.labels, weight) if weight < 1 else b.labels
        level = a.level + (b.level - a.level) * weight if weight < 1 else b.level
        return UniformCode(
            torch.where(stray, a.chance, tokens),
            max(level, between * ENCODED),
            labels,
            a.keys,
            a.chance,
        )

    def _code(self, tokens: Tensor, level: float, labels: Tensor, noise: Noise) -> UniformCode:
        keys, chance = noise.uniform(tokens.shape[1]), noise.uniform(tokens.shape[1])
        entries = (chance * self.domain.colors).long().clamp(max=self.domain.colors - 1)
        return UniformCode(tokens, level, labels, keys, entries)

    def _start(
        self, labels: Tensor, noise: Noise, sampling: SamplingParams
    ) -> tuple[Tensor, Tensor]:
        """``(n, P)`` tokens to set out from, and all labels of the sprite."""
        P = self.canvas(sampling).pixels
        blank = torch.zeros(len(labels), P, dtype=torch.long, device=labels.device)
        nothing = torch.zeros(1, 1, 1, device=labels.device)
        if sampling.init is None or sampling.fresh:
            labels = self.all_labels(labels, noise)
            return self._noisy(blank, nothing, noise), labels
        init = sampling.init.flatten().long()
        hidden = hidden_part(sampling, self.canvas(sampling), noise).to(labels.device)
        random = self._noisy(blank, nothing, noise)

        def foresight(sets: Tensor) -> Tensor:
            unseen = random.repeat_interleave(len(sets) // len(random), 0)
            return log_chances(self._look(unseen, sets, self.spec.levels - 1, sampling), init)

        labels = self.all_labels(labels, noise, Known(hidden, foresight))
        moves = self._moves(sampling, sampling.strong)
        kept = torch.full_like(nothing, moves[0].now if moves else 1.0)
        return self._noisy(init.expand_as(blank), kept, noise), labels

    def _walk(
        self, tokens: Tensor, level: float, labels: Tensor, noise: Noise, sampling: SamplingParams
    ) -> Iterator[Tensor]:
        """``(n, P)`` tokens from a level down to none: at first, and after each step."""
        yield tokens
        temperature = (
            self.spec.temperature if sampling.temperature is None else sampling.temperature
        )
        for move in self._moves(sampling, level):
            logits = self._guided(tokens, labels, move.time, sampling)
            logits = logits / max(temperature, 1e-4)
            now, after = (torch.full((1, 1, 1), kept) for kept in (move.now, move.after))
            chances = self._edited(witnessed(logits, tokens, now.to(logits.device)), sampling)
            steps = backwards(tokens, chances, now.to(logits.device), after.to(logits.device))
            uniform = noise.uniform(tokens.shape[1])
            # The last step has no other to correct it.
            tokens = chances.argmax(-1) if move.after == 1 else draw_categories(steps, uniform)
            yield tokens

    def _guided(
        self, tokens: Tensor, labels: Tensor, time: int, sampling: SamplingParams
    ) -> Tensor:
        """Log-chances by what is around (2412.10193)."""
        strength = self.spec.guidance if sampling.guidance is None else sampling.guidance
        logits = self._look(tokens, labels, time, sampling).log_softmax(-1)
        if strength == 1 or not self.steerable:
            return logits
        free = self._look(tokens, torch.zeros_like(labels), time, sampling).log_softmax(-1)
        return torch.lerp(free, logits, strength)

    def _look(self, tokens: Tensor, labels: Tensor, time: int, sampling: SamplingParams) -> Tensor:
        windows = self.windows(sampling)
        level = torch.full((len(tokens),), (time + 1) / self.spec.levels, device=tokens.device)
        return windows.look(
            lambda view: self.guesser(tokens[:, view], labels, level, windows.inside)
        )

    def _edited(self, chances: Tensor, sampling: SamplingParams) -> Tensor:
        """Log-chances that keep to what is asked: allowed entries, known pixels as they are."""
        if sampling.lock is not None:
            chances = chances.masked_fill(~sampling.lock, -torch.inf).log_softmax(-1)
        if sampling.init is not None and sampling.mask is not None:
            known = torch.nn.functional.one_hot(sampling.init.flatten().long(), chances.shape[-1])
            chances = torch.where(
                sampling.mask.flatten().unsqueeze(-1), chances, known.float().log()
            )
        return chances

    def _moves(self, sampling: SamplingParams, level: float) -> list[Move]:
        return self.schedule.moves(sampling.steps or self.spec.steps, level)

    def _maps(self, tokens: Tensor, sampling: SamplingParams) -> Tensor:
        return tokens.view(-1, *self.canvas(sampling)).to(torch.uint8)


def witnessed(logits: Tensor, tokens: Tensor, kept: Tensor) -> Tensor:
    """Log-chances of what pixels were, by what is around them and by what they are.

    Args:
        logits: ``(B, P, K)`` by what is around.
        tokens: ``(B, P)`` what they are.
        kept: ``(B, 1, 1)`` shares of the pixels that are what they were.
    """
    K = logits.shape[-1]
    stays = torch.nn.functional.one_hot(tokens, K) * kept + (1 - kept) / K
    return (logits + stays.log()).log_softmax(-1)


def backwards(tokens: Tensor, chances: Tensor, now: Tensor, after: Tensor) -> Tensor:
    """``(B, P, K)`` chances of pixels with less noise.

    Args:
        tokens: ``(B, P)`` pixels with more.
        chances: ``(B, P, K)`` log-chances of what they were without any.
        now: ``(B, 1, 1)`` shares kept with more noise.
        after: ``(B, 1, 1)`` shares kept with less.
    """
    K = chances.shape[-1]
    here = torch.nn.functional.one_hot(tokens, K)
    # Each way from an entry without noise to the pixels with more leads by one with less.
    share = chances.exp() / (here * now + (1 - now) / K).clamp(min=1e-20)
    reached = after * share + (1 - after) / K * share.sum(-1, keepdim=True)
    step = now / after
    together = (here * step + (1 - step) / K) * reached
    return together / together.sum(-1, keepdim=True)
