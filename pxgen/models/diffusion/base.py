"""The base of every diffusion: a denoiser, trained after a label prior, and the labels of a draw.

Open labels are drawn for a new sprite, and inferred for one that is partly known.
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
from pxgen.models.conditioning import LABEL_DROPOUT, LabelPrior, label_stage
from pxgen.models.diffusion.backbone import BackboneSpec
from pxgen.models.diffusion.inpainting import infer_labels, masked_sum
from pxgen.models.diffusion.tiling import Windows
from pxgen.models.layers import NO_WRAP
from pxgen.models.protocol import Batch, SamplingParams, Stage
from pxgen.noise import Noise


@dataclass(frozen=True, kw_only=True)
class DiffusionSpec(BackboneSpec):
    """Settings of every diffusion."""

    label_dropout: float = setting(
        LABEL_DROPOUT, "share of training sprites without labels, for guidance", low=0, high=1
    )
    guidance: float = setting(1.0, "how strictly labels are followed; 1 is as learnt", low=0)


class Known(NamedTuple):
    """The known pixels of a sprite that is completed."""

    masked: Tensor
    """``(n, P) bool``: the pixels that are not known."""
    log_probs: Callable[[Tensor], Tensor]
    """``(m, L)`` labels to ``(m, P)``: log-probabilities of the pixels given labels alone."""


class Diffusion(ABC):
    """A denoiser of sprites, and a label prior.

    Args:
        spec: its settings.
        domain: of the sprites.
        name: of the denoiser in checkpoints.
        network: the denoiser.
        counts_in_bits: whether its held-out bits bound those of a sprite given its labels.
    """

    def __init__(
        self,
        spec: DiffusionSpec,
        domain: Domain,
        name: str,
        network: nn.Module,
        *,
        counts_in_bits: bool = True,
    ) -> None:
        self.domain, self.network = domain, network
        self._counts_in_bits = counts_in_bits
        self.steerable = domain.labels > 0
        self.module = nn.ModuleDict({name: network})
        self.prior = LabelPrior(domain.labels, spec.hidden) if domain.labels else None
        if self.prior is not None:
            self.module["labels"] = self.prior

    @abstractmethod
    def loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """The terms of the objective."""

    @abstractmethod
    def held_out(self, batch: Batch, noise: Noise) -> Mapping[str, Tensor]:
        """Figures of held-out sprites, ``(B,)`` each."""

    @abstractmethod
    def initialize(self, batch: Batch) -> None:
        """Set biases by training sprites, before the first step."""

    def stages(self) -> tuple[Stage, ...]:
        """The label prior, if there are labels; then the denoiser."""
        pixels = Stage(
            "denoiser",
            self.network,
            self.loss,
            self.held_out,
            self.initialize,
            early_decay=True,
            counts_in_bits=self._counts_in_bits,
        )
        return (pixels,) if self.prior is None else (label_stage(self.prior), pixels)

    def code_use(self, batches: Iterable[Batch]) -> Mapping[str, int]:
        """Empty: a code is as large as a sprite."""
        return {}

    def canvas(self, sampling: SamplingParams) -> Canvas:
        """The canvas of the drawing."""
        return sampling.canvas or self.domain.canvas

    def windows(self, sampling: SamplingParams) -> Windows:
        """The network's views of the drawing."""
        return Windows(self.domain.canvas, self.canvas(sampling), sampling.tile or NO_WRAP)

    def complete_labels(self, asked: Tensor, noise: Noise, known: Known | None = None) -> Tensor:
        """``(n, L)`` labels with the open ones drawn, or inferred where pixels are known."""
        if self.prior is None:
            return asked
        if known is None:
            return self.prior.complete(asked, noise)
        seen = ~known.masked
        return infer_labels(
            self.prior, asked, lambda sets: masked_sum(known.log_probs(sets), seen), noise
        )


def low_discrepancy_levels(count: int, noise: Noise) -> Tensor:
    """``(count,)`` levels in [0, 1), evenly apart (2107.00630): a quieter gradient."""
    first = noise.uniform(1)[0]
    return (torch.arange(count, device=first.device) / count + first) % 1
