"""A hierarchical VQ-VAE over frames with PixelSNAIL priors over its two levels of codes.

The codec is learnt first. Then codes stay as they are, while its decoder, which had to follow them
until then, goes on learning, and the priors learn: p(top | labels) and p(bottom | top, labels),
both exact. Held-out bits are those of the codes and of the pixels that codes and labels leave open,
together a bound on coding a sprite.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Domain
from pxgen.config.schema import setting
from pxgen.models.autoregressive.pixelsnail import PixelSnail, Reader
from pxgen.models.autoregressive.transformer import CausalTransformer, TransformerReader
from pxgen.models.autoregressive.truncation import likely
from pxgen.models.conditioning import LabelEmbedding, LabelPrior, hide_labels, label_stage
from pxgen.models.layers import ResidualBlock
from pxgen.models.protocol import Batch, SamplingParams, Stage
from pxgen.models.vqvae.codec import Hierarchy
from pxgen.models.vqvae.grids import HierarchySpec, Levels
from pxgen.models.vqvae.quantizer import usage
from pxgen.noise import Noise, draw_categories

BLIND = 0.1
"""Share of training sprites that the priors see without labels."""
UNLABELLED = 0.25
"""The same of the decoder, which is asked without labels more often: to rebuild images."""
ALONE = 0.1
"""Share of training sprites whose codec shows the top level alone, and of those without it."""
DECODER, TOP, BOTTOM = 0.5, 0.2, 0.5
"""Time for the decoder alone and for each prior beside that of the codec, the slowest to learn."""
PATIENCE = 4
"""Validations without progress after which decoder and priors only learn sprites by heart."""
LAID_OUT = 2**19
"""Pixels that codes are laid out by: thousands of patches, and read at once."""
FOLLOWED = 2
"""Places a code that codes follow in a step, if its sprites have as many: a quarter of the sprites
at least, since codes are averages over many steps."""
COMMITMENT = 0.25
"""Weight of the distance between vectors and their codes."""


@dataclass(frozen=True, kw_only=True)
class VqVaeSpec(HierarchySpec):
    """``[model]`` of a hierarchical VQ-VAE."""

    family: str = setting("vqvae", "two levels of codes over frames, with PixelSNAIL priors")
    prior: Literal["pixelsnail", "transformer"] = setting(
        "pixelsnail", "the network over codes: convolutions and attention, or attention alone"
    )
    prior_width: int = setting(64, "features a code in the priors", low=8, high=1024)
    prior_blocks: int = setting(4, "blocks of each prior", low=1, high=32)
    dropout: float = setting(0.1, "priors: share of features left out in training", low=0, high=0.9)
    wrong: float = setting(0.05, "bottom prior: share of top codes made wrong", low=0, high=1)
    temperature: float = setting(1.0, "below 1 plainer, above 1 wilder", low=0, high=100)


_NETWORKS: Mapping[str, type[PixelSnail | CausalTransformer]] = {
    "pixelsnail": PixelSnail,
    "transformer": CausalTransformer,
}


class VqCode(NamedTuple):
    """A sprite as its codes."""

    levels: Levels
    labels: Tensor
    """``(n, L)`` in [-1, 1]."""
    keys: tuple[Tensor, Tensor]
    """In [0, 1) a code: when a mixture passes from one sprite to another."""


class Prior(nn.Module):
    """PixelSNAIL over one level of codes, given labels and, for the bottom, the top codes."""

    def __init__(self, spec: VqVaeSpec, domain: Domain, codec: Hierarchy, *, above: bool) -> None:
        super().__init__()
        level, grid = (codec.bottom, codec.grids.bottom) if above else (codec.top, codec.grids.top)
        width = spec.prior_width
        self.labels = LabelEmbedding(domain.labels, spec.hidden)
        self.net = _NETWORKS[spec.prior](
            grid,
            level.codes,
            width=width,
            blocks=spec.prior_blocks,
            condition=spec.hidden,
            dropout=spec.dropout,
        )
        self.above = nn.Embedding(codec.top.codes, width) if above else None
        self.look = nn.ModuleList(ResidualBlock(width, spec.hidden) for _ in range(2 * above))
        self._over, self._steps = codec.grids.top, codec.grids.steps

    def forward(
        self, codes: Tensor, labels: Tensor, top: Tensor | None, noise: Noise | None = None
    ) -> Tensor:
        """``(B, N) int64`` codes, and top codes above them, to ``(B, N, codes)`` logits."""
        condition = self._condition(labels)
        logits: Tensor = self.net(codes, condition, self._beside(top, condition), noise)
        return logits

    def reader(self, labels: Tensor, top: Tensor | None) -> Reader | TransformerReader:
        """The same position by position."""
        condition = self._condition(labels)
        return self.net.reader(condition, self._beside(top, condition))

    def _condition(self, labels: Tensor) -> Tensor:
        seen: Tensor = self.labels(labels, torch.zeros(len(labels), device=labels.device))
        return seen

    def _beside(self, top: Tensor | None, condition: Tensor) -> Tensor | None:
        """``(B, N, width)``: what top codes say of each place below them."""
        if self.above is None or top is None:
            return None
        T, H, W = self._over
        x = self.above(top).view(-1, H, W, self.above.embedding_dim).permute(0, 3, 1, 2)
        moved = condition.repeat_interleave(T, 0)
        for block in self.look:
            x = block(x, moved)
        x = F.interpolate(x, scale_factor=2, mode="nearest").repeat_interleave(self._steps, 0)
        return x.permute(0, 2, 3, 1).reshape(len(top), -1, x.shape[1])


class VqVae:
    """The codec and its priors as a model."""

    takes = frozenset({"sampler", "temperature", "top_k", "top_p", "given"})
    sampler = "raster"
    samplers: Mapping[str, frozenset[str]] = {sampler: frozenset()}

    def __init__(self, spec: VqVaeSpec, domain: Domain) -> None:
        self.spec, self.domain = spec, domain
        self.codec = Hierarchy(spec, domain)
        self.top = Prior(spec, domain, self.codec, above=False)
        self.bottom = Prior(spec, domain, self.codec, above=True)
        self.steerable = domain.labels > 0
        self.module = nn.ModuleDict({"codec": self.codec, "top": self.top, "bottom": self.bottom})
        self.prior = LabelPrior(domain.labels, spec.hidden) if domain.labels else None
        if self.prior is not None:
            self.module["labels"] = self.prior

    def stages(self) -> tuple[Stage, ...]:
        """Labels, if there are any; the codec; its decoder once more; then each prior."""
        codec = Stage(
            "codec",
            self.codec,
            self.loss,
            self.held_out,
            begin=self.begin,
            before=self.follow,
            state=self.code_state,
            # Those that count are left when the decoder has learnt.
            codes_pixels=False,
        )
        settled = partial(Stage, digest=self.digest, patience=PATIENCE)
        decoder = settled(
            "decoder",
            self.codec.decode,
            self.decoder_loss,
            self.held_out,
            share=DECODER,
            goes_on=True,
        )
        top = settled("top", self.top, self.top_loss, self.top_held_out, share=TOP)
        bottom = settled(
            "bottom", self.bottom, self.bottom_loss, self.bottom_held_out, share=BOTTOM
        )
        rest = (codec, decoder, top, bottom)
        return rest if self.prior is None else (label_stage(self.prior), *rest)

    def begin(self, batch: Batch) -> None:
        """Lay colours out by all the training sprites, codes by some of them."""
        flat = batch.pixels.flatten(1)
        few = flat[: max(1, LAID_OUT // flat.shape[1])]
        ramp = torch.arange(self.spec.codes, device=flat.device) + 0.5
        # Far apart in the sample: the golden ratio spreads any number of draws evenly.
        draws = torch.stack([ramp * 0.6180339887 % 1, ramp * 0.7548776662 % 1])
        self.codec.start_from(flat, few, draws)

    def follow(self, batch: Batch, noise: Noise) -> None:
        """Let codes follow sprites of a step."""
        draws = noise.uniform(2 * self.spec.codes)[0].view(2, -1)
        enough = FOLLOWED * self.spec.codes / self.codec.grids.top.pixels
        some = batch.pixels[: math.ceil(max(len(batch.pixels) / 4, enough))]
        self.codec.follow(some.flatten(1), draws)

    def loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """Nats a pixel with both levels or one of them, and what keeps vectors near codes."""
        flat = batch.pixels.flatten(1)
        self.codec.ripen(progress)
        top, bottom, foretold = self.codec.read(flat)
        cost = top.cost.mean() + bottom.cost.mean()
        nats = self._nats_of_pixels(top.values, bottom.values, batch, noise)
        terms = {"cross_entropy": nats, "code": COMMITMENT * cost}
        if foretold is None:
            return terms
        surprise = F.cross_entropy(foretold.flatten(0, -2), bottom.codes.flatten())
        return terms | {"surprise": surprise}

    def decoder_loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """The same nats of codes that move no more."""
        vectors = self.codec.vectors(self._codes(batch))
        return {"cross_entropy": self._nats_of_pixels(*vectors, batch, noise)}

    def _nats_of_pixels(self, top: Tensor, bottom: Tensor, batch: Batch, noise: Noise) -> Tensor:
        labels = hide_labels(batch.labels, noise, UNLABELLED)
        luck = noise.uniform(1)
        # Columns: top, bottom. Some sprites show one level alone, so that it says something.
        shown = torch.cat([luck >= ALONE, (luck < ALONE) | (luck >= 2 * ALONE)], 1)
        logits = self.codec.decode(top, bottom, labels, shown)
        return F.cross_entropy(logits.flatten(0, 1), batch.pixels.flatten())

    def held_out(self, batch: Batch, noise: Noise) -> Mapping[str, Tensor]:
        """``(B,)`` each: exact pixels by both levels and each, none wrong, bits left by codes."""
        flat = batch.pixels.flatten(1)
        top, bottom = self.codec.encode(flat)
        figures = {}
        for name, shown in (("exact", (1, 1)), ("top_exact", (1, 0)), ("bottom_exact", (0, 1))):
            seen = torch.tensor([shown], device=flat.device).bool().expand(len(flat), -1)
            logits = self.codec.decode(top.values, bottom.values, batch.labels, seen)
            figures[name] = (logits.argmax(-1) == flat).float().mean(1)
            if name == "exact":
                nats = F.cross_entropy(logits.mT, flat, reduction="none").sum(1)
                figures["bits"] = nats / math.log(2)
                figures["whole"] = (logits.argmax(-1) == flat).all(1).float()
        return figures

    def code_state(self) -> Mapping[str, float]:
        """How much of each level's codes is in use, and their perplexity."""
        figures = {}
        for name, level in (("top", self.codec.top), ("bottom", self.codec.bottom)):
            figures[f"{name}_usage"], figures[f"{name}_perplexity"] = level.use()
        return figures

    def digest(self, batch: Batch) -> Tensor:
        """``(B, N_top + N_bottom)`` codes."""
        return torch.cat([*self._codes(batch)], 1)

    def top_loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """Nats a top code."""
        labels = hide_labels(batch.labels, noise, BLIND)
        nats = self._nats(self.top, self._codes(batch).top, labels, None, noise)
        return {"cross_entropy": nats.mean()}

    def top_held_out(self, batch: Batch, noise: Noise) -> Mapping[str, Tensor]:
        """``(B,)`` bits of the top codes."""
        nats = self._nats(self.top, self._codes(batch).top, batch.labels, None)
        return _bits_of_codes(nats)

    def bottom_loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """Nats a bottom code, given top codes of which a few are wrong, as drawn ones are."""
        labels = hide_labels(batch.labels, noise, BLIND)
        levels = self._codes(batch)
        luck, other = noise.uniform(2, levels.top.shape[1]).unbind(1)
        wrong = (other * self.codec.top.codes).long().clamp(max=self.codec.top.codes - 1)
        top = torch.where(luck < self.spec.wrong, wrong, levels.top)
        nats = self._nats(self.bottom, levels.bottom, labels, top, noise)
        return {"cross_entropy": nats.mean()}

    def bottom_held_out(self, batch: Batch, noise: Noise) -> Mapping[str, Tensor]:
        """``(B,)`` bits of the bottom codes given the top ones."""
        levels = self._codes(batch)
        return _bits_of_codes(self._nats(self.bottom, levels.bottom, batch.labels, levels.top))

    def _nats(
        self,
        prior: Prior,
        codes: Tensor,
        labels: Tensor,
        top: Tensor | None,
        noise: Noise | None = None,
    ) -> Tensor:
        """``(B, N)`` of codes; with noise a part of the network is left out."""
        return F.cross_entropy(prior(codes, labels, top, noise).mT, codes, reduction="none")

    @torch.no_grad()
    def _codes(self, batch: Batch) -> Levels:
        if batch.digest is not None:
            return Levels(*batch.digest.tensor_split([self.codec.grids.top.pixels], 1))
        top, bottom = self.codec.encode(batch.pixels.flatten(1))
        return Levels(top.codes.flatten(1), bottom.codes.flatten(1))

    def sample(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Tensor:
        """``(n, L)`` labels to ``(n, T, H, W) uint8`` index maps."""
        drawn = self.decode(self.draw(labels, noise, sampling), noise)
        if sampling.given is not None:
            drawn[:, : len(sampling.given)] = sampling.given
        return drawn

    def trace(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Iterator[Tensor]:
        """What the top level alone says, then both."""
        code = self.draw(labels, noise, sampling)
        for bottom in (False, True):
            made = self.decode_levels(code, top=True, bottom=bottom)
            if sampling.given is not None:
                made[:, : len(sampling.given)] = sampling.given
            yield made

    def draw(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> VqCode:
        """Top codes, then bottom ones."""
        if self.prior is not None and sampling.given is None:
            labels = self.prior.complete(labels, noise)
        # What is given of a clip shows labels that nobody named: they stay open.
        known = self._known(sampling.given, len(labels))
        reader, positions = self.top.reader(labels, None), self.codec.grids.top.pixels
        top = self._write(reader, noise.uniform(positions), sampling, known.top)
        reader, positions = self.bottom.reader(labels, top), self.codec.grids.bottom.pixels
        bottom = self._write(reader, noise.uniform(positions), sampling, known.bottom)
        return VqCode(Levels(top, bottom), labels, self._keys(noise))

    def _known(self, given: Tensor | None, n: int) -> Levels:
        """The codes of given frames; a frame's codes do not depend on what follows."""
        if given is None:
            nothing = torch.zeros(n, 0, dtype=torch.long)
            return Levels(nothing, nothing)
        T = self.domain.canvas.frames
        clip = torch.cat([given, given[-1:].expand(T - len(given), -1, -1)]).long()
        levels = self._codes(Batch(clip.unsqueeze(0), clip.new_zeros(1, 0)))
        # Only a top code all of whose frames are given is known, and the bottom ones below it.
        # Where there is none, the first is taken as if the last frame held still: a guess at some
        # frames, but without it another sprite would follow.
        whole = max(1, len(given) // self.spec.top_frames)
        of = self.codec.grids.top.frames
        parts = (codes[:, : whole * codes.shape[1] // of] for codes in levels)
        return Levels(*(part.expand(n, -1) for part in parts))

    def _write(
        self,
        reader: Reader | TransformerReader,
        uniform: Tensor,
        sampling: SamplingParams,
        known: Tensor,
    ) -> Tensor:
        """``(n, N)`` codes, one after another by ``(n, N)`` draws; the first are known."""
        heat = self.spec.temperature if sampling.temperature is None else sampling.temperature
        written = []
        for position in range(uniform.shape[1]):
            logits = reader.logits(position)
            if position < known.shape[1]:
                written.append(known[:, position])
            else:
                chances = likely(logits, heat, sampling)
                written.append(draw_categories(chances, uniform[:, position]))
            reader.tell(position, written[-1])
        return torch.stack(written, 1)

    def encode(self, pixels: Tensor, labels: Tensor, noise: Noise) -> VqCode:
        """The codes of sprites."""
        levels = self._codes(Batch(pixels.long(), labels))
        return VqCode(levels, labels, self._keys(noise))

    def decode(self, code: VqCode, noise: Noise) -> Tensor:
        """The likeliest sprite of its codes."""
        return self.decode_levels(code, top=True, bottom=True)

    def decode_levels(self, code: VqCode, *, top: bool, bottom: bool) -> Tensor:
        """The likeliest sprite of one level of its codes, or of both."""
        shown = torch.tensor([[top, bottom]], device=code.labels.device)
        shown = shown.expand(len(code.labels), -1)
        logits = self.codec.decode(*self.codec.vectors(code.levels), code.labels, shown)
        return torch.unflatten(logits.argmax(-1).to(torch.uint8), 1, self.domain.canvas)

    def paint(self, code: VqCode) -> None:
        """Nothing: there are palette entries from end to end."""

    def code_use(self, batches: Iterable[Batch]) -> Mapping[str, int]:
        """Codes of both levels, and how many of them occur."""
        levels = [self._codes(batch) for batch in batches]
        of = (self.codec.top.codes, self.codec.bottom.codes)
        parts = (torch.cat([each[k] for each in levels]) for k in (0, 1))
        used = [usage(codes, count)[0] * count for codes, count in zip(parts, of, strict=True)]
        return {"units": sum(of), "active_units": round(sum(used))}

    def mix(self, a: VqCode, b: VqCode, weight: float) -> VqCode:
        """Pass from ``a`` to ``b`` code by code, and evenly between their labels."""
        labels = torch.lerp(a.labels, b.labels, weight) if weight < 1 else b.labels
        levels = Levels(
            *(
                torch.where(key < weight, theirs, own)
                for key, own, theirs in zip(a.keys, a.levels, b.levels, strict=True)
            )
        )
        return VqCode(levels, labels, a.keys)

    def _keys(self, noise: Noise) -> tuple[Tensor, Tensor]:
        return (
            noise.uniform(self.codec.grids.top.pixels),
            noise.uniform(self.codec.grids.bottom.pixels),
        )


def _bits_of_codes(nats: Tensor) -> Mapping[str, Tensor]:
    bits = nats.sum(1) / math.log(2)
    return {"bits": bits, "code_bits": bits}
