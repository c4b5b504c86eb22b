"""Gaussian diffusion of colour planes or of palette planes (2006.11239).

One set of weights is drawn from by DDPM, DDIM and DPM-Solver++. On palette planes the network
names chances of entries, so a sprite is read off and never snapped; on colour planes it is the
ordinary diffusion of pictures, which needs to be.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from pxgen.canvas import Domain
from pxgen.config.schema import setting
from pxgen.errors import InputError
from pxgen.models.conditioning import hide_labels
from pxgen.models.diffusion.backbone import EMBEDDING, Trunk
from pxgen.models.diffusion.base import Diffusion, DiffusionSpec, Known, spread_levels
from pxgen.models.diffusion.encodings import Noisy, PalettePlanes, Planes, RgbaPlanes
from pxgen.models.diffusion.inpainting import hidden_part
from pxgen.models.diffusion.schedule import Move, Schedule
from pxgen.models.diffusion.solvers import SAMPLERS, Guess, invert, slerp
from pxgen.models.layers import NOWHERE, Wrap, frequencies, prefer_channels_last
from pxgen.models.protocol import EDITS, Batch, SamplingParams
from pxgen.noise import Noise

LEVELS = 16
"""Amounts of noise that held-out figures average over, stratified."""
MOST_NOISE = 2**26
"""Numbers of noise that one drawing may be made of."""
SECOND = 0.5
"""Share of the steps that show the network its own first guess."""


@dataclass(frozen=True, kw_only=True)
class GaussianSpec(DiffusionSpec):
    """``[model]`` of a Gaussian diffusion."""

    family: str = setting("gaussian", "Gaussian diffusion of planes")
    planes: Literal["embedding", "onehot", "rgba"] = setting(
        "embedding", "what noise is added to: a learnt vector an entry, a one-hot one, or colours"
    )
    predict: Literal["v", "clean"] = setting("v", "rgba: what the network names")
    length: float = setting(
        1.0, "embedding, onehot: length of an entry's vector; noise has 1 a channel", low=0.01
    )
    self_condition: bool = setting(True, "show the network its last guess (2208.04202)")
    levels: int = setting(500, "levels of noise", low=2, high=10_000)
    steps: int = setting(25, "drawing steps unless told otherwise", low=1, high=10_000)
    sampler: str = setting("dpmpp", ", ".join(SAMPLERS), choices=SAMPLERS)
    eta: float = setting(0.0, "ddim: noise added anew, 0 none, 1 as much as ddpm", low=0, high=1)


class GaussianCode(NamedTuple):
    """All that a drawing is made of: its noise, its labels and how it is walked."""

    noises: Tensor
    """``(n, S, P, C)``: the start, and what each later step adds."""
    labels: Tensor
    """``(n, L)`` in [-1, 1]."""
    sampling: SamplingParams


class Look(NamedTuple):
    """What the network says of noisy planes, and the planes of it."""

    features: Tensor
    """``(B, P, rank)``."""
    scores: Tensor
    """``(B, P, …)``."""


class PlaneNet(Trunk):
    """Features of noisy planes, and of the last guess if the network is shown it."""

    def __init__(self, spec: GaussianSpec, domain: Domain, planes: Planes) -> None:
        enter = planes.channels * (2 if spec.self_condition else 1)
        super().__init__(spec, domain, nn.Linear(enter, EMBEDDING), planes.rank)

    def forward(
        self, planes: Tensor, labels: Tensor, level: Tensor, wrap: Wrap = NOWHERE
    ) -> Tensor:
        """``(B, P, C)`` planes to ``(B, P, rank)`` features."""
        T, H, W = self.canvas
        maps = self.embed(planes).view(-1, T, H, W, EMBEDDING).permute(0, 4, 1, 2, 3)
        padded = torch.unflatten(self.pad(maps.flatten(0, 1), 0.0), 0, (-1, EMBEDDING))
        return self.features(padded.permute(0, 2, 3, 4, 1), labels, level, wrap)


class GaussianDiffusion(Diffusion):
    """Gaussian diffusion as a model: planes as codec, noise as code."""

    takes = frozenset({"steps", "sampler", "guidance", *EDITS})
    samplers: Mapping[str, frozenset[str]] = {
        name: sampler.options for name, sampler in SAMPLERS.items()
    }

    def __init__(self, spec: GaussianSpec, domain: Domain) -> None:
        self.spec, self.sampler = spec, spec.sampler
        self.schedule = Schedule(spec.levels)
        self.planes = _planes(spec, domain)
        self.net = PlaneNet(spec, domain, self.planes)
        prefer_channels_last(self.net)
        network = nn.ModuleDict({"planes": self.planes, "net": self.net})
        has_bits = isinstance(self.planes, PalettePlanes)
        super().__init__(spec, domain, "pixels", network, codes_pixels=has_bits)

    def loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """Cross-entropy a pixel of the entries, or squared error of colours."""
        labels = hide_labels(batch.labels, noise, self.spec.blind)
        noisy = self._noisy(batch, spread_levels(len(batch.pixels), noise), noise)
        guess = torch.zeros_like(noisy.clean)
        if self.spec.self_condition and float(noise.uniform(1)[0]) < SECOND:
            with torch.no_grad():
                guess = self.planes.expect(self._look(noisy.x, guess, labels, noisy.times).scores)
        look = self._look(noisy.x, guess, labels, noisy.times)
        return {self.planes.cost_name: self.planes.cost(*look, noisy).mean()}

    def held_out(self, batch: Batch, noise: Noise) -> Mapping[str, Tensor]:
        """``(B,)`` bits a sprite given all its labels, or squared error of colours."""
        strata = [(k + noise.uniform(1)[:, 0]) / LEVELS for k in range(LEVELS)]
        views = [self._seen(self._noisy(batch, share, noise), batch.labels) for share in strata]
        if not isinstance(self.planes, PalettePlanes):
            costs = [self.planes.cost(*look, noisy) for noisy, look in views]
            return {self.planes.cost_name: torch.stack(costs).mean(0)}
        nats = torch.stack([self._divergence(noisy, look.scores) for noisy, look in views])
        # What the least noise leaves open; all else follows from the planes that it left.
        least, look = self._seen(
            self._noisy(batch, torch.zeros_like(strata[0]), noise), batch.labels
        )
        left = self.planes.surprise(look.scores, least.indices)
        return {"bits": (self.spec.levels * nats.mean(0) + left) / math.log(2)}

    def _divergence(self, noisy: Noisy, scores: Tensor) -> Tensor:
        """``(B,)`` nats that planes cost at their level above the one below it (2107.00630)."""
        kept, below = noisy.kept, self.schedule.share_kept((noisy.times - 1).clamp(min=0))
        gain = below / (1 - below) - kept / (1 - kept)
        squares = (noisy.clean - self.planes.expect(scores)).square()
        return 0.5 * (gain * squares).sum((1, 2))

    def _noisy(self, batch: Batch, share: Tensor, noise: Noise) -> Noisy:
        """Sprites at ``(B,)`` shares of all levels."""
        indices = batch.pixels.flatten(1)
        clean = self.planes.lift(indices)
        times = self.schedule.level(share)
        return Noisy(
            indices, clean, noise.normal(*clean.shape[1:]), times, self.schedule.share_kept(times)
        )

    def _seen(self, noisy: Noisy, labels: Tensor) -> tuple[Noisy, Look]:
        return noisy, self._look(noisy.x, torch.zeros_like(noisy.clean), labels, noisy.times)

    def _look(
        self, x: Tensor, guess: Tensor, labels: Tensor, times: Tensor, wrap: Wrap = NOWHERE
    ) -> Look:
        shown = torch.cat([x, guess], -1) if self.spec.self_condition else x
        features = self.net(shown, labels, (times + 1) / self.spec.levels, wrap)
        return Look(features, self.planes.scores(features, x, self.schedule.share_kept(times)))

    def begin(self, batch: Batch) -> None:
        """Start from the colours of each position."""
        if isinstance(self.planes, PalettePlanes):
            with torch.no_grad():
                flat = batch.pixels.flatten(1)
                self.planes.bias.copy_(frequencies(flat, self.domain.colors).log())

    def sample(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Tensor:
        """``(n, L)`` labels to ``(n, T, H, W) uint8`` index maps."""
        return self.decode(self.draw(labels, noise, sampling), noise)

    def trace(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Iterator[Tensor]:
        """What each step takes the sprite for."""
        code = self.draw(labels, noise, sampling)
        for scores in self._walk(code):
            yield self._decided(scores, code.sampling)

    def draw(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> GaussianCode:
        """All the noise of a drawing."""
        sampling = self._settled(sampling)
        labels = self._all_labels(labels, noise, sampling)
        steps = max(1, len(self._moves(sampling))) if sampling.eta else 1
        shape = (steps, self.canvas(sampling).pixels, self.planes.channels)
        if math.prod(shape) > MOST_NOISE:
            raise InputError(
                f"{steps} steps that each add noise to {shape[1]} pixels do not fit memory: take "
                "fewer --steps, or --sampler ddim"
            )
        return GaussianCode(noise.normal(*shape), labels, sampling)

    def _all_labels(self, asked: Tensor, noise: Noise, sampling: SamplingParams) -> Tensor:
        if sampling.init is None or sampling.fresh:
            return self.all_labels(asked, noise)
        init = sampling.init.flatten().long()
        hidden = hidden_part(sampling, self.canvas(sampling), noise).to(asked.device)
        # Noise alone says nothing: what the network then names follows from the labels.
        blank = noise.normal(self.canvas(sampling).pixels, self.planes.channels)
        plain = replace(sampling, guidance=1.0, mask=None, lock=None)

        def foresight(sets: Tensor) -> Tensor:
            seen: list[Tensor] = []
            unseen = blank.repeat_interleave(len(sets) // len(blank), 0)
            self._guess(sets, plain, seen)(unseen, self.spec.levels - 1)
            return self.planes.explain(seen[0], init)

        return self.all_labels(asked, noise, Known(hidden, foresight))

    def encode(self, pixels: Tensor, labels: Tensor, noise: Noise) -> GaussianCode:
        """The noise from which DDIM nearly arrives at the sprite."""
        sampling = replace(self._settled(SamplingParams(sampler="ddim")), eta=0.0)
        clean = self.planes.lift(pixels.flatten(1).long())
        start = invert(self._guess(labels, sampling, []), clean, self._moves(sampling))
        return GaussianCode(start.unsqueeze(1), labels, sampling)

    def decode(self, code: GaussianCode, noise: Noise) -> Tensor:
        """The end of the walk that the code describes."""
        *_, scores = self._walk(code)
        return self._decided(scores, code.sampling)

    def paint(self, code: GaussianCode) -> Tensor | None:
        """``(n, T, H, W, 4)`` colours before they are snapped, of colour planes."""
        if not isinstance(self.planes, RgbaPlanes):
            return None
        *_, scores = self._walk(code)
        colors = (self.planes.expect(scores) + 1) / 2
        return torch.unflatten(colors, 1, self.canvas(code.sampling))

    def mix(self, a: GaussianCode, b: GaussianCode, weight: float) -> GaussianCode:
        """Between two noises on the arc; both ends exact."""
        if weight in (0, 1):
            return b if weight else a
        labels = torch.lerp(a.labels, b.labels, weight)
        if a.noises.shape != b.noises.shape:
            # One of the two is made of its start alone, so what lies between can be no more.
            sampling = replace(a.sampling, sampler="ddim", eta=0.0)
            start = slerp(a.noises[:, :1], b.noises[:, :1], weight)
            return GaussianCode(start, labels, sampling)
        return a._replace(noises=slerp(a.noises, b.noises, weight), labels=labels)

    def _walk(self, code: GaussianCode) -> Iterator[Tensor]:
        """The scores after each step."""
        sampling, noises, moves = code.sampling, code.noises, self._moves(code.sampling)
        if sampling.init is not None and sampling.strong < 1:
            given = sampling.init.flatten().long().expand(len(noises), -1)
            if not moves:
                yield self.planes.certain(given)
                return
            kept = moves[0].now
            start = kept**0.5 * self.planes.lift(given) + (1 - kept) ** 0.5 * noises[:, 0]
            noises = torch.cat([start.unsqueeze(1), noises[:, 1:]], 1)
        seen: list[Tensor] = []
        guess = self._guess(code.labels, sampling, seen)
        solve = SAMPLERS[sampling.sampler or self.sampler].solve
        for _ in solve(guess, noises, moves, sampling.eta or 0.0):
            yield seen[-1]

    def _guess(self, labels: Tensor, sampling: SamplingParams, seen: list[Tensor]) -> Guess:
        """What the network takes noisy planes for; scores go to ``seen``, the last one counts."""
        strength = 1.0 if sampling.guidance is None else sampling.guidance
        windows = self.windows(sampling)
        last: Tensor | None = None

        def look(x: Tensor, labels: Tensor, times: Tensor) -> Tensor:
            before = torch.zeros_like(x) if last is None else last
            return windows.look(
                lambda view: (
                    self._look(x[:, view], before[:, view], labels, times, windows.inside).scores
                )
            )

        def guess(x: Tensor, time: int) -> Tensor:
            nonlocal last
            times = torch.full((len(x),), time, device=x.device)
            scores = look(x, labels, times)
            if strength != 1 and self.steerable:
                scores = torch.lerp(look(x, torch.zeros_like(labels), times), scores, strength)
            seen[:] = [self._edited(scores, sampling)]
            last = self.planes.expect(seen[0])
            return last

        return guess

    def _edited(self, scores: Tensor, sampling: SamplingParams) -> Tensor:
        """Scores that keep to what is asked: allowed entries, and known pixels as they are."""
        if sampling.lock is not None:
            scores = self.planes.restrict(scores, sampling.lock)
        if sampling.init is not None and sampling.mask is not None:
            known = self.planes.certain(sampling.init.flatten().long())
            scores = torch.where(sampling.mask.flatten().unsqueeze(-1), scores, known)
        return scores

    def _moves(self, sampling: SamplingParams) -> list[Move]:
        return self.schedule.moves(sampling.steps or 1, sampling.strong)

    def _settled(self, sampling: SamplingParams) -> SamplingParams:
        """With the model's own choices where none was made."""
        name = sampling.sampler or self.sampler
        sampler = SAMPLERS[name]
        eta = self.spec.eta if sampling.eta is None else sampling.eta
        return replace(
            sampling,
            steps=min(sampling.steps or self.spec.steps, self.spec.levels),
            sampler=name,
            guidance=self.spec.guidance if sampling.guidance is None else sampling.guidance,
            eta=eta if "eta" in sampler.options else sampler.eta,
        )

    def _decided(self, scores: Tensor, sampling: SamplingParams) -> Tensor:
        indices = self.planes.decide(scores, sampling.lock)
        if sampling.init is not None and sampling.mask is not None:
            # Entries of equal colour are one to colour planes.
            indices = torch.where(sampling.mask.flatten(), indices, sampling.init.flatten().long())
        maps = indices.to(torch.uint8)
        return torch.unflatten(maps, 1, self.canvas(sampling))


def _planes(spec: GaussianSpec, domain: Domain) -> Planes:
    if spec.planes == "rgba":
        return RgbaPlanes(domain, predict=spec.predict)
    learnt = EMBEDDING if spec.planes == "embedding" else None
    return PalettePlanes(domain, learnt=learnt, length=spec.length, rank=spec.rank)
