"""Nearest-neighbour enlargement by whole factors, which keeps pixels square."""

from __future__ import annotations

import numpy as np

from pxgen.arrays import IndexMaps


def enlarge(indices: IndexMaps, factor: int) -> IndexMaps:
    """``(..., H, W)`` to ``(..., H * factor, W * factor)``: each pixel becomes a square."""
    if factor == 1:
        return indices
    return np.repeat(np.repeat(indices, factor, axis=-2), factor, axis=-1)
