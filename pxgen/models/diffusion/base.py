"""The base of every diffusion: a denoiser, trained after a label prior, and the labels of a draw.

Open labels are drawn for a new sprite, and inferred for one that is partly known.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pxgen.canvas import Canvas, Domain
from pxgen.config.schema import setting
from pxgen.models.conditioning import LABEL_DROPOUT, LabelledModel, drop_labels
from pxgen.models.diffusion.backbone import BackboneSpec
from pxgen.models.diffusion.given import given_pixels, one_frame
from pxgen.models.diffusion.head import SpriteHead
from pxgen.models.diffusion.inpainting import infer_labels, masked_sum
from pxgen.models.diffusion.tiling import Windows
from pxgen.models.layers import NO_WRAP
from pxgen.models.protocol import Batch, SamplingParams, Stage
from pxgen.noise import Noise

FEW = 4000
"""Training sprites below which they are augmented, unless told otherwise."""
FEW_ALIKE = 150
"""The same where they share a template: what a place tells of them it does not of changed ones."""


@dataclass(frozen=True, kw_only=True)
class DiffusionSpec(BackboneSpec):
    """Settings of every diffusion."""

    label_dropout: float = setting(
        LABEL_DROPOUT, "share of training sprites without labels, for guidance", low=0, high=1
    )
    guidance: float = setting(1.0, "how strictly labels are followed; 1 is as learnt", low=0)


def batch_of(canvas: Canvas) -> int:
    """Sprites a step: at equal time many small steps teach more than few large ones."""
    return 64 if canvas.pixels <= 512 else 32 if canvas.pixels <= 1024 else 16


class Diffusion(LabelledModel):
    """A denoiser of sprites, and a label prior.

    ``name`` is the denoiser's in checkpoints. Without a ``head``, which predicts palette entries,
    there is no bound on bits.
    """

    def __init__(
        self,
        spec: DiffusionSpec,
        domain: Domain,
        name: str,
        network: nn.Module,
        head: SpriteHead | None,
    ) -> None:
        super().__init__(domain, {name: network}, spec.hidden)
        self._label_dropout, self._has_template = spec.label_dropout, spec.has_template
        self.network, self.head = network, head

    @abstractmethod
    def loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """The terms of the objective."""

    @abstractmethod
    def bound(self, batch: Batch, given: Tensor | None, noise: Noise) -> Tensor:
        """``(B,)`` in :attr:`unit`: what the pixels cost that are not ``(B, P) bool`` given.

        All labels are known, and pixels of missing frames cost nothing.
        """

    @property
    def unit(self) -> str:
        """Of the bound."""
        return "bits"

    def held_out(self, batch: Batch, noise: Noise) -> Mapping[str, Tensor]:
        """The bound of held-out sprites, and of clips that of all frames but a given one."""
        figures = {self.unit: self.bound(batch, None, noise)}
        if self.domain.canvas.frames > 1:
            given = one_frame(self.domain.canvas, noise)
            figures[f"rest_{self.unit}"] = self.bound(batch, given, noise)
        return figures

    def initialize(self, batch: Batch) -> None:
        """Set the head's bias by training sprites, before the first step."""
        if self.head is not None:
            self.head.start_from(batch.pixels.flatten(1), batch.present_pixels())

    def sprite_stages(self) -> tuple[Stage, ...]:
        """The denoiser's."""
        batch = batch_of(self.domain.canvas)
        pixels = Stage(
            "denoiser",
            self.network,
            self.loss,
            self.held_out,
            self.initialize,
            batch=batch,
            microbatch=batch // 2,
            told_of_augmentation=True,
            augmented_below=FEW_ALIKE if self._has_template else FEW,
            takes_incomplete=True,
            early_decay=True,
            counts_in_bits=self.head is not None,
            bits=None if self.head is None else lambda batch, noise: self.bound(batch, None, noise),
        )
        return (pixels,)

    def training_conditions(self, batch: Batch, noise: Noise) -> Tensor:
        """The conditions of a step: labels, some dropped, and how sprites were augmented."""
        labels = drop_labels(batch.labels, noise, self._label_dropout)
        return labels if batch.augmentation is None else torch.cat([labels, batch.augmentation], 1)

    def given(self, noise: Noise) -> Tensor | None:
        """``(B, P) bool``: what is known of the clips of a step. Of stills nothing is."""
        canvas = self.domain.canvas
        return given_pixels(canvas, noise) if canvas.frames > 1 else None

    def known_pixels(self, sampling: SamplingParams) -> Tensor | None:
        """``(P,) bool``: what a network of clips is told that it is known; None where nothing."""
        if self.domain.canvas.frames == 1 or sampling.init is None or sampling.mask is None:
            return None
        return ~sampling.mask.flatten()

    def canvas(self, sampling: SamplingParams) -> Canvas:
        """The canvas of the drawing."""
        return sampling.canvas or self.domain.canvas

    def windows(self, sampling: SamplingParams) -> Windows:
        """The network's views of the drawing."""
        return Windows(self.domain.canvas, self.canvas(sampling), sampling.tile or NO_WRAP)

    def maps(self, tokens: Tensor, sampling: SamplingParams) -> Tensor:
        """``(n, P)`` tokens to ``(n, T, H, W) uint8`` index maps of the drawing's canvas."""
        return tokens.to(torch.uint8).view(-1, *self.canvas(sampling))

    def infer_labels(
        self, asked: Tensor, seen: Tensor, log_probs: Callable[[Tensor], Tensor], noise: Noise
    ) -> Tensor:
        """``(n, L)`` labels with the open ones inferred from those of M pixels that are seen.

        ``seen`` is ``(n, M) bool``, and ``log_probs`` takes ``(m, L)`` labels to ``(m, M)``:
        log-probabilities of the pixels given labels alone.
        """
        if self.prior is None:
            return asked
        return infer_labels(
            self.prior, asked, lambda sets: masked_sum(log_probs(sets), seen), noise
        )


def low_discrepancy_levels(count: int, noise: Noise) -> Tensor:
    """``(count,)`` levels in [0, 1), evenly apart, for a gradient of less variance (2107.00630)."""
    first = noise.uniform(1)[0]
    return (torch.arange(count, device=first.device) / count + first) % 1
