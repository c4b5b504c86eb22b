"""What every diffusion is: a network that is learnt after the labels and asked many times.

Of a fresh sprite unknown labels are drawn; of a sprite partly known they are made to fit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from pxgen.canvas import Canvas, Domain
from pxgen.config.schema import setting
from pxgen.models.conditioning import LabelPrior, label_stage
from pxgen.models.diffusion.backbone import TrunkSpec
from pxgen.models.diffusion.inpainting import known_sum, settle_labels
from pxgen.models.diffusion.tiling import Windows
from pxgen.models.layers import NOWHERE
from pxgen.models.protocol import Batch, SamplingParams, Stage
from pxgen.noise import Noise


@dataclass(frozen=True, kw_only=True)
class DiffusionSpec(TrunkSpec):
    """The part of ``[model]`` that labels concern."""

    blind: float = setting(
        0.1, "share of training sprites without labels, for guidance", low=0, high=1
    )
    guidance: float = setting(1.0, "how strictly labels are followed; 1 is as learnt", low=0)


class Known(NamedTuple):
    """What is known of a sprite beforehand."""

    hidden: Tensor
    """``(n, P) bool``: where nothing is."""
    foresight: Callable[[Tensor], Tensor]
    """``(m, L)`` labels to ``(m, P)``: how well a network that sees nothing foresees the pixels."""


class Diffusion(ABC):
    """A network over partly destroyed sprites, and a model of which labels go together.

    Args:
        spec: its settings.
        domain: what it draws.
        name: of the network in checkpoints.
        network: all weights but those of the labels' model.
        codes_pixels: whether its held-out bits bound those of a sprite given its labels.
    """

    def __init__(
        self,
        spec: DiffusionSpec,
        domain: Domain,
        name: str,
        network: nn.Module,
        *,
        codes_pixels: bool = True,
    ) -> None:
        self.domain, self.network = domain, network
        self._codes_pixels = codes_pixels
        self.steerable = domain.labels > 0
        self.module = nn.ModuleDict({name: network})
        self.prior = LabelPrior(domain.labels, spec.hidden) if domain.labels else None
        if self.prior is not None:
            self.module["labels"] = self.prior

    @abstractmethod
    def loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """What is optimised."""

    @abstractmethod
    def held_out(self, batch: Batch, noise: Noise) -> Mapping[str, Tensor]:
        """Figures of sprites it has not learnt from, ``(B,)`` each."""

    @abstractmethod
    def begin(self, batch: Batch) -> None:
        """Start from what training sprites show without a network."""

    def stages(self) -> tuple[Stage, ...]:
        """Which labels go together, if there are any; then pixels given labels."""
        pixels = Stage(
            "denoiser",
            self.network,
            self.loss,
            self.held_out,
            self.begin,
            early_end=True,
            codes_pixels=self._codes_pixels,
        )
        return (pixels,) if self.prior is None else (label_stage(self.prior), pixels)

    def code_use(self, batches: Iterable[Batch]) -> Mapping[str, int]:
        """Nothing: a code is as large as a sprite."""
        return {}

    def canvas(self, sampling: SamplingParams) -> Canvas:
        """What is drawn on."""
        return sampling.canvas or self.domain.canvas

    def windows(self, sampling: SamplingParams) -> Windows:
        """The network's views of what is drawn."""
        return Windows(self.domain.canvas, self.canvas(sampling), sampling.tile or NOWHERE)

    def all_labels(
        self,
        asked: Tensor,
        noise: Noise,
        known: Known | None = None,
    ) -> Tensor:
        """``(n, L)`` labels with every one decided.

        Args:
            asked: ``(n, L)``.
            noise: of the pictures.
            known: None of a fresh sprite.
        """
        if self.prior is None:
            return asked
        if known is None:
            return self.prior.complete(asked, noise)
        return settle_labels(
            self.prior, asked, lambda sets: known_sum(known.foresight(sets), known.hidden), noise
        )


def spread_levels(count: int, noise: Noise) -> Tensor:
    """``(count,)`` levels in [0, 1), one a sprite, spread evenly: a quieter gradient."""
    first = noise.uniform(1)[0]
    return (torch.arange(count, device=first.device) / count + first) % 1
