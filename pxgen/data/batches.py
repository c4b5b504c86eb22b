"""Batches of training sprites: drawn with balanced labels, shifted or mirrored on request."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pxgen.arrays import IndexMaps
from pxgen.choices import choose
from pxgen.data.augment import Augmentation
from pxgen.data.dataset import Dataset
from pxgen.models.protocol import Batch


class Examples:
    """Batches of training sprites, each a function of (seed, step) alone.

    Args:
        dataset: where they come from.
        balance: the share of draws that first choose a label evenly and then a sprite that bears
            it, so that nine aliens among ten thousand are seen.
        flip: mirror half of the sprites.
        shift: move sprites by up to so many pixels; what is uncovered is transparent.
        augment: also mirror, move and recolour sprites for stages that are told of it.
    """

    def __init__(
        self, dataset: Dataset, *, balance: float, flip: bool, shift: int, augment: bool = False
    ) -> None:
        self._dataset, self._flip = dataset, flip
        self._augmentation = Augmentation(dataset) if augment else None
        # A sprite that leaves its canvas teaches nothing.
        self._shift = min(shift, dataset.canvas.height - 1, dataset.canvas.width - 1)
        marks = dataset.marks[dataset.train]
        bearers = [dataset.train[np.flatnonzero(column)] for column in marks.T]
        self._bearers = [each for each in bearers if len(each)]
        self._balance = balance if self._bearers else 0.0

    def batch(
        self,
        count: int,
        seed: int,
        step: int,
        device: torch.device,
        codes: Callable[[NDArray[np.intp]], Tensor] | None = None,
        *,
        told: bool = False,
    ) -> Batch:
        """``count`` sprites for one step.

        ``codes`` gives the cached codes of sprites by row; changed sprites come without.
        ``told`` asks for augmented ones, and the numbers that say how.
        """
        generator = choose(seed, step)
        chosen = self._pick(count, generator)
        pixels, _ = self._dataset.take(chosen)
        if self._flip:
            mirrored = generator.random(count) < 0.5
            pixels[mirrored] = pixels[mirrored, ..., ::-1]
        if self._shift:
            moves = generator.integers(-self._shift, self._shift + 1, (count, 2))
            pixels = np.stack([shifted(p, *move) for p, move in zip(pixels, moves, strict=True)])
        augmentation = None
        if told and self._augmentation is not None:
            pixels, numbers = self._augmentation.apply(pixels, generator)
            augmentation = torch.from_numpy(numbers).to(device)
        batch = _to_batch(self._dataset, chosen, pixels, device)
        if augmentation is not None:
            return batch._replace(augmentation=augmentation)
        if codes is None or self._flip or self._shift:
            return batch
        return batch._replace(codes=codes(chosen))

    def _pick(self, count: int, generator: np.random.Generator) -> NDArray[np.intp]:
        train = self._dataset.train
        chosen = train[generator.integers(len(train), size=count)]
        for slot in np.flatnonzero(generator.random(count) < self._balance):
            bearers = self._bearers[generator.integers(len(self._bearers))]
            chosen[slot] = bearers[generator.integers(len(bearers))]
        return chosen


def batch_of(dataset: Dataset, rows: NDArray[np.intp], device: torch.device) -> Batch:
    """Chosen sprites as a batch: palette indices, and labels in {-1, 0, 1}."""
    return _to_batch(dataset, rows, dataset.take(rows)[0], device)


def _to_batch(
    dataset: Dataset, rows: NDArray[np.intp], pixels: IndexMaps, device: torch.device
) -> Batch:
    present = None if dataset.present is None else dataset.present[rows]
    if present is not None and present.all():
        present = None
    return Batch(
        torch.from_numpy(pixels).to(device).long(),
        torch.from_numpy(dataset.signs(rows)).to(device).float(),
        present=None if present is None else torch.from_numpy(present).to(device),
    )


def shifted(pixels: IndexMaps, down: int, right: int) -> IndexMaps:
    """``(T, H, W)`` moved by whole pixels, transparent where nothing moved in."""
    _, H, W = pixels.shape
    moved = np.zeros_like(pixels)
    moved[:, max(down, 0) : H + down, max(right, 0) : W + right] = pixels[
        :, max(-down, 0) : H - down, max(-right, 0) : W - right
    ]
    return moved
