"""Detection of pixel art that was enlarged by a whole factor."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Size = tuple[int, int]
"""Height and width."""

MIN_SIDE = 4
"""Sides below this many pixels are no sprites: blocks that large are the drawing itself."""


def enlargement(indices: NDArray[np.unsignedinteger]) -> int:
    """The largest k for which ``(T, H, W)`` frames consist of k x k squares of one colour.

    A picture of a single colour gives the greatest common divisor of its sides.
    """
    _, height, width = indices.shape
    factor = math.gcd(height, width)
    for axis in (1, 2):
        if factor == 1:
            break
        lines = np.moveaxis(indices, axis, 0)
        edges = np.flatnonzero((lines[1:] != lines[:-1]).any((1, 2))) + 1
        factor = math.gcd(factor, int(np.gcd.reduce(edges)))
    return factor


def choose_reductions(counts: Mapping[Size, int], factors: Mapping[Size, int]) -> dict[Size, int]:
    """The factor by which to shrink images of each size, so that a collection has one pixel size.

    If every picture is enlarged by some k, all shrink by it. Otherwise a size shrinks only where
    all its pictures are enlarged and shrinking makes them as large as the most common size that
    was not enlarged: such a folder holds previews beside the sprites.

    Args:
        counts: pictures of each size.
        factors: the greatest common divisor of :func:`enlargement` over the pictures of each size;
            0 where they are all of one colour and say nothing.
    """
    none = dict.fromkeys(counts, 1)
    telling = {size: factor for size, factor in factors.items() if factor}
    if not telling:
        return none
    sides = [side for size in counts for side in size]
    whole = math.gcd(*telling.values(), *sides)
    if whole > 1 and min(sides) // whole >= MIN_SIDE:
        return dict.fromkeys(counts, whole)
    native = Counter({size: counts[size] for size, factor in telling.items() if factor == 1})
    if not native:
        return none
    height, width = max(native, key=lambda size: (native[size], size))
    for size, factor in telling.items():
        k = size[0] // height
        if k > 1 and factor % k == 0 and size == (k * height, k * width):
            none[size] = k
    return none
