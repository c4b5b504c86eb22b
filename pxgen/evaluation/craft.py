"""Marks of careful pixel art: few colours, no stray pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from pxgen.arrays import Bools, IndexMaps
from pxgen.data.dataset import Dataset
from pxgen.evaluation.measure import Drawn, real_sprites

MAX_BASELINE = 1000
"""Real sprites that the reference is taken from, at most."""


class Craft:
    """Colours a sprite, and the share of its pixels that no neighbour shares a colour with."""

    name: ClassVar[str] = "craft"
    columns: ClassVar[Mapping[str, str]] = {"colours": "colors", "stray pixels": "stray"}

    def __init__(self, dataset: Dataset | None) -> None:
        self._real = None if dataset is None else real_sprites(dataset, MAX_BASELINE)

    def reference(self) -> dict[str, Any]:
        """The figures of real sprites, held-out ones if there are any."""
        return {} if self._real is None else _figures(self._real)

    def of(self, drawn: Drawn) -> dict[str, Any]:
        """Means over sprites."""
        return _figures(drawn.pixels)


def _figures(pixels: IndexMaps) -> dict[str, Any]:
    flat = np.sort(pixels.reshape(len(pixels), -1), axis=1)
    colors = 1 + (np.diff(flat, axis=1) != 0).sum(1) - (flat[:, 0] == 0)
    alone = stray(pixels)
    seen = (pixels > 0).sum((1, 2, 3))
    return {
        "colors": float(colors.mean()),
        "stray": float((alone.sum((1, 2, 3)) / np.maximum(seen, 1)).mean()),
    }


def stray(pixels: IndexMaps) -> Bools:
    """``(n, T, H, W)``: opaque pixels that differ from all eight around them."""
    around = np.pad(pixels, ((0, 0), (0, 0), (1, 1), (1, 1)))
    alone = pixels > 0
    height, width = pixels.shape[2:]
    for down in range(3):
        for right in range(3):
            if (down, right) != (1, 1):
                alone &= around[:, :, down : down + height, right : right + width] != pixels
    return alone
