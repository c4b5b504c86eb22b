"""Gaussian diffusion of encoded palette entries (2006.11239).

One set of weights is drawn from by DDPM, DDIM and DPM-Solver++. With a vector an entry the network
predicts entries, so a sprite is read off and never snapped; with colours it is the ordinary
diffusion of pictures, which needs to be.
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
from pxgen.models.axes import Axes, Axis
from pxgen.models.diffusion.backbone import EMBEDDING, Backbone
from pxgen.models.diffusion.base import Diffusion, DiffusionSpec, low_discrepancy_levels
from pxgen.models.diffusion.encodings import (
    ColorEncoding,
    DiffusionEncoding,
    Noisy,
    PaletteEncoding,
)
from pxgen.models.diffusion.given import KnownEmbedding, Parts
from pxgen.models.diffusion.inpainting import edit_mask
from pxgen.models.diffusion.schedule import Schedule, Step
from pxgen.models.diffusion.solvers import SAMPLERS, PredictX0, ddim_invert, slerp
from pxgen.models.diffusion.tiling import View
from pxgen.models.layers import NO_WRAP, Wrap, prefer_channels_last
from pxgen.models.protocol import EDITS, Batch, SamplingParams, or_own
from pxgen.noise import Noise

STRATA = 16
"""Levels of noise that held-out figures average over, stratified."""
MAX_NOISE_NUMBERS = 2**26
"""Numbers of noise that one drawing may be made of."""
SELF_CONDITIONED = 0.5
"""Share of the training steps that show the network its own first prediction."""


@dataclass(frozen=True, kw_only=True)
class GaussianSpec(DiffusionSpec):
    """``[model]`` of a Gaussian diffusion."""

    family: str = setting("gaussian", "Gaussian diffusion of encoded pixels")
    encoding: Literal["embedding", "onehot", "rgba"] = setting(
        "embedding", "what noise is added to: a learnt vector an entry, a one-hot one, or colours"
    )
    predict: Literal["v", "clean"] = setting("v", "rgba: what the network predicts")
    length: float = setting(
        1.0, "embedding, onehot: length of an entry's vector; noise has 1 a channel", low=0.01
    )
    self_condition: bool = setting(True, "show the network its last prediction (2208.04202)")
    levels: int = setting(500, "levels of noise", low=2, high=10_000)
    steps: int = setting(25, "drawing steps unless told otherwise", low=1, high=10_000)
    sampler: str = setting("dpmpp", ", ".join(SAMPLERS), choices=SAMPLERS)
    eta: float = setting(0.0, "ddim: noise added anew, 0 none, 1 as much as ddpm", low=0, high=1)


class GaussianCode(NamedTuple):
    """Everything that determines a drawing: its noise, its labels and how it is drawn."""

    noises: Tensor
    """``(n, S, P, C)``: the start, and what each later step adds."""
    labels: Tensor
    """``(n, L)`` in [-1, 1]."""
    sampling: SamplingParams


Prediction = tuple[Tensor, Tensor]
"""``(B, P, rank)`` features and ``(B, P, …)`` scores at a level of noise."""


class GaussianDenoiser(Backbone):
    """Features of noisy vectors, and of the last prediction with self-conditioning."""

    def __init__(self, spec: GaussianSpec, domain: Domain, encoding: DiffusionEncoding) -> None:
        enter = encoding.channels * (2 if spec.self_condition else 1)
        super().__init__(spec, domain, nn.Linear(enter, EMBEDDING), encoding.rank)
        by_color: Axis = "colors twice" if spec.self_condition else "colors"
        self.axes: Axes = {"embed.weight": (by_color, 1)} if spec.encoding == "onehot" else {}
        self.known = KnownEmbedding(EMBEDDING) if domain.canvas.frames > 1 else None

    def forward(
        self,
        x: Tensor,
        conditions: Tensor,
        level: Tensor,
        wrap: Wrap = NO_WRAP,
        known: Tensor | None = None,
    ) -> Tensor:
        """``(B, P, C)`` noisy vectors, some ``(B, P) bool`` known, to ``(B, P, rank)`` features."""
        T, H, W = self.canvas
        embedded = self.embed(x)
        if self.known is not None and known is not None:
            embedded = self.known(embedded, known)
        maps = embedded.view(-1, T, H, W, EMBEDDING).permute(0, 4, 1, 2, 3)
        padded = torch.unflatten(self.pad(maps.flatten(0, 1), 0.0), 0, (-1, EMBEDDING))
        return self.features(padded.permute(0, 2, 3, 4, 1), conditions, level, wrap)


class GaussianDiffusion(Diffusion):
    """Gaussian diffusion as a model: an encoding as codec, noise as code."""

    takes = frozenset({"steps", "sampler", "guidance", *EDITS})
    samplers: Mapping[str, frozenset[str]] = {
        name: sampler.options for name, sampler in SAMPLERS.items()
    }

    def __init__(self, spec: GaussianSpec, domain: Domain) -> None:
        self.spec, self.sampler = spec, spec.sampler
        self.schedule = Schedule(spec.levels)
        self.encoding = _encoding(spec, domain)
        self.net = GaussianDenoiser(spec, domain, self.encoding)
        prefer_channels_last(self.net)
        network = nn.ModuleDict({"encoding": self.encoding, "net": self.net})
        head = self.encoding if isinstance(self.encoding, PaletteEncoding) else None
        super().__init__(spec, domain, "pixels", network, head)

    def loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """Cross-entropy of the entries, nats a pixel, or squared error of colours."""
        conditions = self.training_conditions(batch, noise)
        given = self.given(noise)
        levels = low_discrepancy_levels(len(batch.pixels), noise)
        noisy = self._noisy(batch, levels, noise, given)
        last = torch.zeros_like(noisy.x0)
        if self.spec.self_condition and float(noise.uniform(1)[0]) < SELF_CONDITIONED:
            with torch.no_grad():
                _, scores = self._predict(
                    noisy.x, last, conditions, noisy.times, known=noisy.parts.known
                )
                last = self.encoding.expected_x0(scores)
        prediction = self._predict(noisy.x, last, conditions, noisy.times, known=noisy.parts.known)
        return {self.encoding.cost_name: self.encoding.cost(*prediction, noisy).mean()}

    @property
    def unit(self) -> str:
        """Bits where entries are encoded, squared error where colours are."""
        return "bits" if isinstance(self.encoding, PaletteEncoding) else self.encoding.cost_name

    def bound(self, batch: Batch, given: Tensor | None, noise: Noise) -> Tensor:
        """``(B,)`` bits of the pixels that are not given, or squared error of their colours."""
        strata = [(k + noise.uniform(1)[:, 0]) / STRATA for k in range(STRATA)]
        pairs = [self._predicted(batch, share, noise, given) for share in strata]
        if not isinstance(self.encoding, PaletteEncoding):
            costs = [self.encoding.cost(*prediction, noisy) for noisy, prediction in pairs]
            return torch.stack(costs).mean(0)
        nats = torch.stack([self._divergence(noisy, scores) for noisy, (_, scores) in pairs])
        # The reconstruction term: the entries given the vectors of the first level.
        noisy, (_, scores) = self._predicted(batch, torch.zeros_like(strata[0]), noise, given)
        left = self.encoding.nats(scores, noisy)
        return (self.spec.levels * nats.mean(0) + left) / math.log(2)

    def _divergence(self, noisy: Noisy, scores: Tensor) -> Tensor:
        """``(B,)`` nats of the step from each level to the next: ΔSNR · error / 2 (2107.00630)."""
        alpha_bar = noisy.alpha_bar
        alpha_bar_next = self.schedule.alpha_bar((noisy.times - 1).clamp(min=0))
        gain = alpha_bar_next / (1 - alpha_bar_next) - alpha_bar / (1 - alpha_bar)
        squares = (noisy.x0 - self.encoding.expected_x0(scores)).square().sum(-1)
        return 0.5 * noisy.parts.sum(gain.squeeze(-1) * squares)

    def _noisy(self, batch: Batch, share: Tensor, noise: Noise, given: Tensor | None) -> Noisy:
        """Sprites at ``(B,)`` shares of all levels."""
        tokens = batch.pixels.flatten(1)
        x0 = self.encoding.encode(tokens)
        times = self.schedule.level(share)
        epsilon = noise.normal(*x0.shape[1:])
        alpha_bar = self.schedule.alpha_bar(times)
        return Noisy(tokens, x0, epsilon, times, alpha_bar, Parts.of(batch, given))

    def _predicted(
        self, batch: Batch, share: Tensor, noise: Noise, given: Tensor | None
    ) -> tuple[Noisy, Prediction]:
        noisy = self._noisy(batch, share, noise, given)
        blank = torch.zeros_like(noisy.x0)
        known = noisy.parts.known
        return noisy, self._predict(noisy.x, blank, batch.labels, noisy.times, known=known)

    def _predict(
        self,
        x: Tensor,
        last: Tensor,
        conditions: Tensor,
        times: Tensor,
        wrap: Wrap = NO_WRAP,
        known: Tensor | None = None,
    ) -> Prediction:
        """The features and scores of noisy vectors; ``last`` is what the step before predicted."""
        shown = torch.cat([x, last], -1) if self.spec.self_condition else x
        features = self.net(shown, conditions, (times + 1) / self.spec.levels, wrap, known)
        return features, self.encoding.scores(features, x, self.schedule.alpha_bar(times))

    def trace(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Iterator[Tensor]:
        """The sprite that each step predicts."""
        code = self.draw(labels, noise, sampling)
        for scores in self._solve(code):
            yield self._decided(scores, code.sampling)

    def draw(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> GaussianCode:
        """The noise of a drawing."""
        sampling = self._resolved(sampling)
        labels = self._labels(labels, noise, sampling)
        steps = max(1, len(self._steps(sampling))) if sampling.eta else 1
        shape = (steps, self.canvas(sampling).pixels, self.encoding.channels)
        if math.prod(shape) > MAX_NOISE_NUMBERS:
            raise InputError(
                f"{steps} steps that each add noise to {shape[1]} pixels do not fit memory: take "
                "fewer --steps, or --sampler ddim"
            )
        return GaussianCode(noise.normal(*shape), labels, sampling)

    def _labels(self, asked: Tensor, noise: Noise, sampling: SamplingParams) -> Tensor:
        """``(n, L)`` labels, all decided."""
        if sampling.init is None or sampling.from_scratch:
            return self.complete_labels(asked, noise)
        init = sampling.init.flatten().long()
        masked = edit_mask(sampling, self.canvas(sampling), noise).to(asked.device)
        # From noise alone the network predicts what follows from labels.
        blank = noise.normal(self.canvas(sampling).pixels, self.encoding.channels)
        plain = replace(sampling, guidance=1.0, mask=None, lock=None)

        def of_init(sets: Tensor) -> Tensor:
            seen: list[Tensor] = []
            unseen = blank.repeat_interleave(len(sets) // len(blank), 0)
            self._predictor(sets, plain, seen)(unseen, self.spec.levels - 1)
            return self.encoding.log_probs(seen[0], init)

        return self.infer_labels(asked, ~masked, of_init, noise)

    def encode(self, pixels: Tensor, labels: Tensor, noise: Noise) -> GaussianCode:
        """The noise from which DDIM nearly arrives at the sprite."""
        sampling = replace(self._resolved(SamplingParams(sampler="ddim")), eta=0.0)
        x0 = self.encoding.encode(pixels.flatten(1).long())
        start = ddim_invert(self._predictor(labels, sampling, []), x0, self._steps(sampling))
        return GaussianCode(start.unsqueeze(1), labels, sampling)

    def decode(self, code: GaussianCode, noise: Noise) -> Tensor:
        """The sprite that the code's noise is solved to."""
        *_, scores = self._solve(code)
        return self._decided(scores, code.sampling)

    def decode_rgba(self, code: GaussianCode) -> Tensor | None:
        """``(n, T, H, W, 4)`` colours before they are snapped, of the RGBA encoding."""
        if not isinstance(self.encoding, ColorEncoding):
            return None
        *_, scores = self._solve(code)
        colors = (self.encoding.expected_x0(scores) + 1) / 2
        return torch.unflatten(colors, 1, self.canvas(code.sampling))

    def mix(self, a: GaussianCode, b: GaussianCode, weight: float) -> GaussianCode:
        """Spherical interpolation of the noise; both ends exact."""
        if weight in (0, 1):
            return b if weight else a
        labels = torch.lerp(a.labels, b.labels, weight)
        if a.noises.shape != b.noises.shape:
            # One of the two is made of its start alone, so what lies between can be no more.
            sampling = replace(a.sampling, sampler="ddim", eta=0.0)
            start = slerp(a.noises[:, :1], b.noises[:, :1], weight)
            return GaussianCode(start, labels, sampling)
        return a._replace(noises=slerp(a.noises, b.noises, weight), labels=labels)

    def _solve(self, code: GaussianCode) -> Iterator[Tensor]:
        """The scores of each step."""
        sampling, noises, steps = code.sampling, code.noises, self._steps(code.sampling)
        if sampling.init is not None and sampling.edit_strength < 1:
            init = sampling.init.flatten().long().expand(len(noises), -1)
            if not steps:
                yield self.encoding.certain(init)
                return
            alpha_bar = steps[0].alpha_bar
            x0 = self.encoding.encode(init)
            start = alpha_bar**0.5 * x0 + (1 - alpha_bar) ** 0.5 * noises[:, 0]
            noises = torch.cat([start.unsqueeze(1), noises[:, 1:]], 1)
        seen: list[Tensor] = []
        predict = self._predictor(code.labels, sampling, seen)
        solve = SAMPLERS[sampling.sampler or self.sampler].solve
        for _ in solve(predict, noises, steps, sampling.eta or 0.0):
            yield seen[-1]

    def _predictor(self, labels: Tensor, sampling: SamplingParams, seen: list[Tensor]) -> PredictX0:
        """Predict ``x0`` with guidance; ``seen`` is filled with the scores of the last call."""
        strength = or_own(sampling.guidance, 1.0)
        windows = self.windows(sampling)
        last: Tensor | None = None
        known, clean = self.known_pixels(sampling), None
        if known is not None and sampling.init is not None:
            clean = self.encoding.encode(sampling.init.flatten().long())

        def scores_of(x: Tensor, labels: Tensor, times: Tensor) -> Tensor:
            shown = torch.zeros_like(x) if last is None else last
            told = None if known is None else known.expand(len(x), -1)
            if known is not None and clean is not None:
                x = torch.where(known.unsqueeze(-1), clean, x)

            def of_view(view: View) -> Tensor:
                of_known = None if told is None else told[:, view]
                _, scores = self._predict(
                    x[:, view], shown[:, view], labels, times, windows.wrap, of_known
                )
                return scores

            return windows.average(of_view)

        def predict(x: Tensor, time: int) -> Tensor:
            nonlocal last
            times = torch.full((len(x),), time, device=x.device)
            scores = scores_of(x, labels, times)
            if strength != 1 and self.steerable:
                unconditional = scores_of(x, torch.zeros_like(labels), times)
                scores = torch.lerp(unconditional, scores, strength)
            seen[:] = [self._edited(scores, sampling)]
            last = self.encoding.expected_x0(seen[0])
            return last

        return predict

    def _edited(self, scores: Tensor, sampling: SamplingParams) -> Tensor:
        """Scores restricted to allowed entries, and known pixels as they are."""
        if sampling.lock is not None:
            scores = self.encoding.restrict(scores, sampling.lock)
        if sampling.init is not None and sampling.mask is not None:
            known = self.encoding.certain(sampling.init.flatten().long())
            scores = torch.where(sampling.mask.flatten().unsqueeze(-1), scores, known)
        return scores

    def _steps(self, sampling: SamplingParams) -> list[Step]:
        return self.schedule.steps(sampling.steps or 1, sampling.edit_strength)

    def _resolved(self, sampling: SamplingParams) -> SamplingParams:
        """With the model's own choices where none was made."""
        name = sampling.sampler or self.sampler
        sampler = SAMPLERS[name]
        eta = or_own(sampling.eta, self.spec.eta)
        return replace(
            sampling,
            steps=min(sampling.steps or self.spec.steps, self.spec.levels),
            sampler=name,
            guidance=or_own(sampling.guidance, self.spec.guidance),
            eta=eta if "eta" in sampler.options else sampler.eta,
        )

    def _decided(self, scores: Tensor, sampling: SamplingParams) -> Tensor:
        indices = self.encoding.decide(scores, sampling.lock)
        if sampling.init is not None and sampling.mask is not None:
            # Entries of equal colour are one to the RGBA encoding.
            indices = torch.where(sampling.mask.flatten(), indices, sampling.init.flatten().long())
        return self.maps(indices, sampling)


def _encoding(spec: GaussianSpec, domain: Domain) -> DiffusionEncoding:
    if spec.encoding == "rgba":
        return ColorEncoding(domain, predict=spec.predict)
    learnt = EMBEDDING if spec.encoding == "embedding" else None
    return PaletteEncoding(
        domain, learnt=learnt, length=spec.length, rank=spec.rank, template=spec.has_template
    )
