"""The contract that every model obeys and that every command relies on.

Sprites are ``(n, T, H, W)`` index maps; labels are ``(n, L)`` floats and never ``None``: 1 asks for
a label, -1 forbids it, 0 says nothing, values between weigh. Unlabelled data has ``L = 0``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Protocol, Self, runtime_checkable

from torch import Tensor, nn

from pxgen.canvas import Canvas, Domain
from pxgen.config.settings import SamplingSettings
from pxgen.models.layers import Wrap
from pxgen.noise import Noise


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """What every ``[model]`` table becomes."""

    def suited(self, pixels: Tensor) -> Self:
        """These settings with what was left open chosen by ``(N, T, H, W)`` training sprites."""
        return self


class Batch(NamedTuple):
    """Sprites to learn from."""

    pixels: Tensor
    """``(B, T, H, W) int64`` palette indices."""
    labels: Tensor
    """``(B, L) float32`` in [-1, 1]."""
    digest: Tensor | None = None
    """``(B, M) int64``: what the stage's ``digest`` says of the sprites, where it is kept."""


Loss = Callable[[Batch, float, Noise], Mapping[str, Tensor]]
"""``(batch, progress in [0, 1], noise)`` to named scalars whose plain sum is the objective."""
HeldOut = Callable[[Batch, Noise], Mapping[str, Tensor]]
"""``(batch, noise)`` to named figures, ``(B,)`` each."""


@dataclass(frozen=True)
class Stage:
    """One thing to optimise. A model's stages are trained in order."""

    name: str
    module: nn.Module
    """The parameters of this stage."""
    loss: Loss
    held_out: HeldOut
    """Figures of sprites it has not learnt from. ``bits``, where a stage has them, are an upper
    bound on what it adds to coding a sprite."""
    begin: Callable[[Batch], None] = lambda batch: None
    """Called once before the first step with a large sample of training sprites."""
    before: Callable[[Batch, Noise], None] | None = None
    """Called before each step with its batch: for what follows the data without a gradient."""
    settle: Callable[[Iterable[Batch]], None] = lambda batches: None
    """Called with training sprites whenever the averaged weights are about to be drawn from."""
    digest: Callable[[Batch], Tensor] | None = None
    """``(B, M) int64`` below 2**16 of what this stage reads of sprites and does not change, so that
    it may be kept, also for a next stage with the same function; batches then come with it unless
    sprites are moved or mirrored."""
    state: Callable[[], Mapping[str, float]] = dict
    """Figures of what no single sprite tells, beside those of held-out ones."""
    share: float = 1.0
    """Of a time budget, relative to the other stages."""
    passes: float | None = None
    """Times it may see the training sprites at most; more would only learn them by heart."""
    patience: int | None = None
    """Validations without fewer held-out bits after which it ends, with the weights of the best."""
    goes_on: bool = False
    """Whether it begins with what another stage learnt, which may then be the best of it. Where all
    begins anew it is not: what has learnt its sprites by heart still beats what knows nothing."""
    early_end: bool = False
    """Whether it comes to its end sooner, with a learning rate that falls as it would have later,
    once held-out bits rise: what is left would only teach it its sprites by heart."""
    codes_pixels: bool = True
    """Whether its bits count towards a sprite given its labels; those of a label prior do not,
    nor those that a later stage bounds anew."""


@dataclass(frozen=True, kw_only=True)
class SamplingParams(SamplingSettings):
    """How to draw, and what from; ``None`` leaves the choice to the model."""

    init: Tensor | None = None
    """``(T, H, W) uint8`` indices to start from."""
    strength: float | None = None
    """How far from ``init`` the drawing may go: 0 returns it, 1 (the default) forgets it."""
    mask: Tensor | None = None
    """``(T, H, W) bool``: the pixels to draw; all others stay those of ``init``."""
    tile: Wrap | None = None
    """Which borders join without a seam."""
    canvas: Canvas | None = None
    """What to draw on if it is larger than the model's."""
    lock: Tensor | None = None
    """``(K,) bool``: the palette entries that may be drawn."""
    given: Tensor | None = None
    """``(N, H, W) uint8``: the first frames of a clip, which stay as they are."""

    @classmethod
    def of(cls, settings: SamplingSettings) -> Self:
        """What was asked for, without anything to draw from."""
        return cls(**{f.name: getattr(settings, f.name) for f in fields(SamplingSettings)})

    @property
    def strong(self) -> float:
        """The strength, in [0, 1]; without ``init`` there is nothing to keep to."""
        return 1.0 if self.strength is None or self.init is None else self.strength

    @property
    def fresh(self) -> bool:
        """Whether no pixel is known beforehand."""
        return self.init is None or (self.mask is None and self.strong == 1)

    def wanted(self) -> frozenset[str]:
        """The names of what is set."""
        return frozenset(f.name for f in fields(self) if getattr(self, f.name) is not None)


EDITS = frozenset({"init", "strength", "mask", "tile", "canvas", "lock"})
"""What of :class:`SamplingParams` edits: any diffusion takes it."""


class Model(Protocol):
    """A codec and a prior over index maps."""

    domain: Domain
    module: nn.Module
    """Every weight of the model; its state dict is what a checkpoint holds."""
    steerable: bool
    """Whether labels can steer a sample."""
    takes: frozenset[str]
    """The fields of ``SamplingParams`` that it takes, whichever sampler draws."""
    samplers: Mapping[str, frozenset[str]]
    """Its samplers by name, each with the further fields that it takes."""
    sampler: str
    """The sampler that draws unless another is asked for."""

    def stages(self) -> tuple[Stage, ...]:
        """What to optimise, in order."""
        ...

    def sample(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Tensor:
        """``(n, L)`` labels to ``(n, T, H, W) uint8`` index maps."""
        ...

    def trace(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Iterator[Tensor]:
        """The sample seen as it forms; the last item equals :meth:`sample` with equal noise."""
        ...

    def draw(self, labels: Tensor, noise: Noise, sampling: SamplingParams) -> Any:
        """The code of a sample: decoding it gives what :meth:`sample` gives with equal noise."""
        ...

    def encode(self, pixels: Tensor, labels: Tensor, noise: Noise) -> Any:
        """``(n, T, H, W) uint8`` index maps and their labels to an opaque code that holds both."""
        ...

    def decode(self, code: Any, noise: Noise) -> Tensor:
        """A code back to ``(n, T, H, W) uint8`` index maps."""
        ...

    def paint(self, code: Any) -> Tensor | None:
        """``(n, T, H, W, 4)`` RGBA in [0, 1] before it is snapped to the palette.

        None of models that speak of palette entries only.
        """
        ...

    def code_use(self, batches: Iterable[Batch]) -> Mapping[str, int]:
        """Figures of the codes of many sprites: how much of a code says anything.

        Empty of models whose samples are not drawn by way of a code.
        """
        ...

    def mix(self, a: Any, b: Any, weight: float) -> Any:
        """A code between two: 0 is ``a`` and 1 is ``b``, exactly."""
        ...


@runtime_checkable
class Levelled(Protocol):
    """What a model whose codes have two levels can do besides."""

    def decode_levels(self, code: Any, *, top: bool, bottom: bool) -> Tensor:
        """A code back to ``(n, T, H, W) uint8`` index maps by the levels that are asked for."""
        ...
