"""Marks of careful pixel art: few colours, no stray pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from pxgen.arrays import Bools, IndexMaps
from pxgen.evaluation.measure import PixelMeasure


class Craft(PixelMeasure):
    """Colours a sprite, and the share of its pixels that no neighbour shares a colour with."""

    name: ClassVar[str] = "craft"
    columns: ClassVar[Mapping[str, str]] = {"colours": "colors", "stray pixels": "stray"}

    @staticmethod
    def figures(pixels: IndexMaps) -> dict[str, float]:
        """``colors`` and the share ``stray``, as means over sprites."""
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
