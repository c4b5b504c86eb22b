"""Labelled heads of which some labels are hidden."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pxgen.data.dataset import Dataset, DatasetWriter, open_dataset
from tests.support.tiny import PALETTE

NAMES = ("ring", "hood", "scar", "noise")


WRONG = 7
"""Sprites labelled as wearing a ring that show none and hide it under nothing."""


def heads(folder: Path, *, traces: bool = False) -> Dataset:
    """Heads in random colours; rings show unless a hood covers them, scars are two dark pixels."""
    generator = np.random.default_rng(3)
    marks = (generator.random((2000, 4)) < (0.4, 0.3, 0.4, 0.5)).astype(np.uint8)
    pixels = np.zeros((2000, 1, 6, 8), np.uint8)
    pixels[:, 0, 1:5, 2:6] = generator.integers(1, 3, (2000, 1, 1))
    # Either pixel of a scar alone is an eye or a mouth of somebody else.
    eye, mouth = generator.random((2, 2000)) < 0.4
    pixels[eye | (marks[:, 2] == 1), 0, 2, 3] = 3
    pixels[mouth | (marks[:, 2] == 1), 0, 3, 4] = 3
    pixels[(eye & mouth) & (marks[:, 2] == 0), 0, 3, 4] = 1
    pixels[marks[:, 0] == 1, 0, 4, 1] = 4
    pixels[marks[:, 1] == 1, 0, 0:6, 0:2] = 1
    if traces:
        # Without a hood the same pixel says nothing.
        pixels[marks[:, :2].all(1) | (eye & (marks[:, 1] == 0)), 0, 5, 7] = 3
    plain = np.flatnonzero((marks[:, 0] == 0) & (marks[:, 1] == 0))[:WRONG]
    marks[plain, 0] = 1
    writer = DatasetWriter(
        folder / "dataset.safetensors",
        palette=PALETTE,
        label_names=NAMES,
        canvas=(1, 6, 8),
        info={},
    )
    with writer:
        writer.append(pixels, marks, [f"{i}.png" for i in range(2000)])
        writer.finish(np.zeros(2000, np.uint8), np.arange(2000, dtype="i4"))
    return open_dataset(folder)
