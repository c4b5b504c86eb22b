"""Enlargement by whole factors, the only kind that keeps pixel art pixel art."""

from __future__ import annotations

import numpy as np

from pxgen.arrays import U8


def enlarge(indices: U8, factor: int) -> U8:
    """``(..., H, W)`` to ``(..., H * factor, W * factor)``: each pixel becomes a square."""
    if factor == 1:
        return indices
    return np.repeat(np.repeat(indices, factor, axis=-2), factor, axis=-1)
