"""Sprites whose figures are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pxgen.data.dataset import Dataset
from pxgen.evaluation.measure import Drawn
from tests.support.tiny import labelled


def drawn(pixels: np.ndarray, asked: list[int] | None = None) -> Drawn:
    return Drawn(pixels, np.array(asked or [-1] * len(pixels), np.intp))


def marked(folder: Path, *, rare: int = 0, noise: float = 0.1, shuffled: bool = False) -> Dataset:
    """Noise with a mark of its own for each of two labels, and a third for ``rare`` sprites."""
    rng = np.random.default_rng(1)
    pixels = (rng.random((400, 1, 6, 6)) < noise).astype(np.uint8)
    labels = rng.integers(0, 2, (400, 3), dtype=np.uint8)
    held = np.arange(400) % 4 == 0
    labels[:, 2] = 0
    labels[np.flatnonzero(~held)[:rare], 2] = 1
    for k in range(3):
        pixels[:, 0, k, k] = np.where(labels[:, k] == 1, 2 + k, 0)
    if shuffled:
        labels = rng.integers(0, 2, (400, 3), dtype=np.uint8)
    return labelled(folder, pixels, labels, held)
