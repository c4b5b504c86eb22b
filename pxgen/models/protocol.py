"""The contract that every model obeys and that every command relies on.

The words of ``models``, one meaning each:

- sprite: a drawing, still or clip; picture: sprite number ``i`` of a seed, with its own noise.
- index: a palette entry, 0 … K - 1, of which 0 is transparent. An index map is ``(T, H, W)``.
- pixels: the index maps of sprites as a tensor, ``(B, T, H, W)``; a canvas has P of them.
- tokens: the same flattened, ``(B, P) int64``; place: a position among them, in reading order.
- mask token: K, which stands in tokens for a masked pixel, one still to be drawn; the others are
  known.
- encoding: palette entries as inputs of a network, and its outputs as palette entries.
- labels: ``(B, L)`` floats, never ``None``: 1 asks for a label, -1 forbids it, 0 leaves it open,
  values between weigh. Unlabelled data has L = 0. ``Dataset.marks`` are 0/1; ``label_names`` are
  texts; commands and the library take labels as people write them, such as ``hat:-1``.
- conditions: what a denoiser is conditioned on beside the level of noise: ``(B, L)`` labels, or
  ``(B, L + AUGMENTATION)``, labels and how the sprites were augmented.
- code: a sprite's latent (tokens, noise, a vector, codebook entries), together with its labels.
- codec: from sprites to codes and back; prior: the distribution that codes are drawn from.
- stage: a part of a model that is trained on its own, one after another.
- bits: -log2 of a sprite's likelihood, or an upper bound on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Protocol, Self, runtime_checkable

from torch import Tensor, nn

from pxgen.canvas import Canvas, Domain
from pxgen.config.sample_settings import SamplingSettings
from pxgen.config.schema import values_of
from pxgen.models.layers import Wrap
from pxgen.noise import Noise


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """The settings of a ``[model]`` table."""

    def suited(self, pixels: Tensor) -> Self:
        """These settings with what was left open chosen by ``(N, T, H, W)`` training sprites."""
        return self


AUGMENTATION = 6
"""Numbers that tell how a sprite was changed: 0 where it was not."""


class Batch(NamedTuple):
    """Sprites to learn from."""

    pixels: Tensor
    """``(B, T, H, W) int64`` palette indices."""
    labels: Tensor
    """``(B, L) float32`` in [-1, 1]."""
    codes: Tensor | None = None
    """``(B, M) int64``: what the stage's ``precompute`` gave for these sprites, if it is cached."""

    augmentation: Tensor | None = None
    """``(B, AUGMENTATION) float32``: how each sprite was changed; None where none was."""

    present: Tensor | None = None
    """``(B, T) bool``: the frames that each sprite has; None where all have all. The pixels of a
    missing frame are unknown: they stay hidden from the network, and are never predicted."""

    def present_pixels(self) -> Tensor | None:
        """``(B, P) bool``: :attr:`present` by pixel."""
        if self.present is None:
            return None
        return self.present.repeat_interleave(self.pixels[0, 0].numel(), 1)


Loss = Callable[[Batch, float, Noise], Mapping[str, Tensor]]
"""``(batch, progress in [0, 1], noise)`` to named scalars whose plain sum is the objective."""
HeldOut = Callable[[Batch, Noise], Mapping[str, Tensor]]
"""``(batch, noise)`` to named figures, ``(B,)`` each."""


@dataclass(frozen=True)
class Stage:
    """One objective over some of the weights. A model's stages are trained in order."""

    name: str
    module: nn.Module
    """The parameters of this stage."""
    loss: Loss
    held_out: HeldOut
    """Figures of held-out sprites. ``bits``, where a stage has them, are an upper bound on what it
    adds to coding a sprite."""
    initialize: Callable[[Batch], None] = lambda batch: None
    """Called once before the first step with a large sample of training sprites."""
    before_step: Callable[[Batch, Noise], None] | None = None
    """Called before each step with its batch: for what follows the data without a gradient."""
    fit_prior: Callable[[Iterable[Batch]], None] = lambda batches: None
    """Called with training sprites whenever the averaged weights are about to be drawn from."""
    by_temperature: Callable[[Batch, Noise], Tensor] | None = None
    """``(B, len(TEMPERATURES))`` nats of held-out sprites, where the model's own temperature is
    to be found out when it has been trained."""
    precompute: Callable[[Batch], Tensor] | None = None
    """``(B, M) int64`` codes below 2**16 by frozen weights. They are cached, also for a next stage
    with the same function, and come as ``Batch.codes`` unless sprites are moved or mirrored."""
    state: Callable[[], Mapping[str, float]] = dict
    """Figures of the module itself, reported beside those of held-out sprites."""
    batch: int = 64
    """Sprites a step, where the settings leave that open."""
    microbatch: int = 32
    """Sprites that a core computes at once: enough to keep it busy, few enough for its cache."""
    share: float = 1.0
    """Of a time budget, relative to the other stages."""
    max_epochs: float | None = None
    """Passes over the training sprites at most; more would overfit."""
    patience: int | None = None
    """Early stopping: validations without fewer held-out bits, after which the best weights are
    restored."""
    continues: bool = False
    """Warm start: trained weights are validated first, since they may stay the best; weights that
    start at random may not."""
    told_of_augmentation: bool = False
    """Whether the network is conditioned on ``Batch.augmentation``, so that augmentation does not
    leak into its samples (2206.00364)."""
    augmented_below: int = 0
    """Training sprites below which they are augmented, where the settings leave that open."""
    takes_incomplete: bool = False
    """Whether it can learn from sprites that lack frames (``Batch.present``)."""
    early_decay: bool = False
    """The learning rate decays sooner once held-out bits rise, which ends the stage."""
    counts_in_bits: bool = True
    """Its bits count towards a sprite given its labels; those of a label prior do not, nor those
    that a later stage bounds anew."""
    bits: Callable[[Batch, Noise], Tensor] | None = None
    """``(B,)`` bits of sprites given their labels, and nothing beside them; None where that takes
    whole sprites."""


@dataclass(frozen=True, kw_only=True)
class SamplingParams(SamplingSettings):
    """Options of a draw; ``None`` leaves the choice to the model."""

    init: Tensor | None = None
    """``(T, H, W) uint8`` indices to start from."""
    strength: float | None = None
    """Distance from ``init`` that the drawing may go: 0 returns it, 1 (the default) forgets it."""
    mask: Tensor | None = None
    """``(T, H, W) bool``: the pixels to draw; all others stay those of ``init``."""
    tile: Wrap | None = None
    """Borders that join without a seam."""
    canvas: Canvas | None = None
    """The canvas of the drawing, where it is larger than the model's."""
    lock: Tensor | None = None
    """``(K,) bool``: the palette entries that may be drawn."""
    prefix: Tensor | None = None
    """``(N, H, W) uint8``: the first frames of a clip, which stay as they are."""

    @classmethod
    def of(cls, settings: SamplingSettings) -> Self:
        """The options asked for, without anything to draw from."""
        return cls(**values_of(settings, SamplingSettings))

    @property
    def edit_strength(self) -> float:
        """The strength in [0, 1]; 1 where there is no ``init``."""
        return 1.0 if self.strength is None or self.init is None else self.strength

    @property
    def from_scratch(self) -> bool:
        """True if every pixel is drawn, and none depends on ``init``."""
        return self.init is None or (self.mask is None and self.edit_strength == 1)

    def requested(self) -> frozenset[str]:
        """The names of the fields that are set."""
        return frozenset(f.name for f in fields(self) if getattr(self, f.name) is not None)


def or_own(asked: float | None, own: float) -> float:
    """The value asked for, else the model's own."""
    return own if asked is None else asked


EDITS = frozenset({"init", "strength", "mask", "tile", "canvas", "lock"})
"""The fields of :class:`SamplingParams` that edit; any diffusion takes them."""


class Model(Protocol):
    """A codec and a prior over index maps."""

    domain: Domain
    module: nn.Module
    """Every weight of the model; its state dict is what a checkpoint holds."""
    steerable: bool
    """True if labels can steer a sample."""
    takes: frozenset[str]
    """The fields of ``SamplingParams`` that it takes, whichever sampler draws."""
    samplers: Mapping[str, frozenset[str]]
    """Its samplers by name, each with the further fields that it takes."""
    sampler: str
    """The sampler that draws unless another is asked for."""

    def stages(self) -> tuple[Stage, ...]:
        """The stages of training, in order."""

    def sample(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Tensor:
        """``(n, L)`` labels to ``(n, T, H, W) uint8`` index maps."""
        return self.decode(self.draw(labels, noise, sampling), noise)

    def trace(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Iterator[Tensor]:
        """The sample seen as it forms; the last item equals :meth:`sample` with equal noise."""

    def draw(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Any:
        """The code of a sample: decoding it gives what :meth:`sample` gives with equal noise."""

    def encode(self, pixels: Tensor, labels: Tensor, noise: Noise) -> Any:
        """``(n, T, H, W) uint8`` index maps and their labels to an opaque code that holds both."""

    def decode(self, code: Any, noise: Noise) -> Tensor:
        """A code back to ``(n, T, H, W) uint8`` index maps."""

    def decode_rgba(self, code: Any) -> Tensor | None:
        """``(n, T, H, W, 4)`` RGBA in [0, 1] before it is snapped to the palette.

        None of models that predict palette entries.
        """
        return None

    def exclude(self, pairs: Callable[[], Tensor]) -> None:
        """Take the ``(L, L) uint8`` pairs of labels that exclude each other in training sprites.

        They are counted by calling, where labels are drawn.
        """

    def unseen_pairs(self, labels: Tensor) -> Sequence[tuple[int, int]]:
        """Pairs of the labels fully asked for in ``(L,)`` that no training sprite shows.

        Many would by chance; none are told of where pairs were not counted.
        """
        return ()

    def expected_entries(self, pixels: Tensor, hidden: Tensor, labels: Tensor) -> Tensor | None:
        """``(T, H, W, K)``: log-probabilities of the entries where pixels are hidden.

        None of models that cannot tell. ``pixels`` are ``(T, H, W)`` entries, ``hidden`` which of
        them are not known, ``labels`` ``(L,)``.
        """
        return None

    def code_use(self, batches: Iterable[Batch]) -> Mapping[str, int]:
        """Units of a code and how many are active over many sprites; empty without a code."""
        return {}

    def mix(self, a: Any, b: Any, weight: float) -> Any:
        """A code between two: 0 is ``a`` and 1 is ``b``, exactly."""


@runtime_checkable
class Levelled(Protocol):
    """A model whose codes have two levels, each of which can be decoded alone."""

    def decode_levels(self, code: Any, *, top: bool, bottom: bool) -> Tensor:
        """A code back to ``(n, T, H, W) uint8`` index maps by the levels that are asked for."""
