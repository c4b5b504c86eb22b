"""Ordered dithering: a regular pattern of two palette colours stands for one between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import F32, Bools, IndexMaps, Rgba
from pxgen.errors import UsageError
from pxgen.palette.oklab import OPAQUE, nearest, to_oklab
from pxgen.palette.table import Palette, pack, unpack

METHODS = ("none", "bayer2", "bayer4", "bayer8")

_CHUNK = 2048
_CONTRAST_COST = 0.3
"""The cost of mixing a pair, times its distance: without it grey becomes noise."""


def bayer(side: int) -> F32:
    """The ``(side, side)`` Bayer threshold matrix for a power of two, values within 0..1."""
    order = np.zeros((1, 1), np.int64)
    while len(order) < side:
        order = np.block([[4 * order, 4 * order + 2], [4 * order + 3, 4 * order + 1]])
    return ((order + 0.5) / side**2).astype(np.float32)


def dither(rgba: Rgba, palette: Palette, method: str) -> IndexMaps:
    """``(..., H, W, 4) uint8`` colours to ``(..., H, W) uint8`` palette indices.

    A colour that the palette holds is never dithered, so art on the palette stays exact. The
    pattern is anchored at the top left of each picture, so equal pictures and frames stay equal.
    Alpha below 128 is index 0. Of the :data:`METHODS`, ``none`` takes the nearest colour.

    Raises:
        UsageError: an unknown method.
    """
    if method not in METHODS:
        raise UsageError(f"no dithering {method!r}: choose one of {', '.join(METHODS)}")
    if method == "none" or len(palette) <= 2:
        return nearest(palette, rgba)
    matrix = bayer(int(method.removeprefix("bayer")))
    height, width = rgba.shape[-3:-1]
    rows, columns = np.arange(height) % len(matrix), np.arange(width) % len(matrix)
    threshold = matrix[rows[:, None], columns]

    distinct, inverse = np.unique(pack(rgba), return_inverse=True)
    first, second, share = _pairs(palette, unpack(distinct))
    inverse = inverse.reshape(rgba.shape[:-1])
    return np.where(threshold < share[inverse], second[inverse], first[inverse])


def _pairs(palette: Palette, colors: Rgba) -> tuple[IndexMaps, IndexMaps, F32]:
    """For each ``(M, 4)`` colour its nearest entry, the entry to mix in, and that entry's share."""
    first = nearest(palette, colors)
    second, share = first.copy(), np.zeros(len(colors), np.float32)
    inexact = (palette.colors(first)[:, :3] != colors[:, :3]).any(1)
    mixed = np.flatnonzero(inexact & (colors[:, 3] >= OPAQUE))
    entries, solid = to_oklab(palette.rgba[1:, :3]), palette.rgba[1:, 3] == 255
    for start in range(0, len(mixed), _CHUNK):
        part = mixed[start : start + _CHUNK]
        base = entries[first[part].astype(np.intp) - 1]
        other, amount = _best_mix(to_oklab(colors[part, :3]), base, entries, solid)
        second[part], share[part] = other + 1, amount
    return first, second, share


def _best_mix(target: F32, base: F32, entries: F32, solid: Bools) -> tuple[NDArray[np.intp], F32]:
    """The ``solid`` entry whose mix with ``base`` comes nearest to ``target``, and its share.

    The share never passes one half: beyond it the other colour would itself be the nearest.
    """
    way = entries - base[:, None, :]
    length = (way**2).sum(-1)
    along = (way * (target - base)[:, None, :]).sum(-1)
    share = np.clip(along / np.maximum(length, 1e-12), 0, 0.5)
    miss = ((base[:, None, :] + share[..., None] * way - target[:, None, :]) ** 2).sum(-1)
    miss += _CONTRAST_COST * length * share * (1 - share)
    # Without any of them each colour is mixed with its own.
    miss[:, ~solid], share[:, ~solid] = np.inf, 0
    best = miss.argmin(1)
    return best, share[np.arange(len(best)), best].astype(np.float32)
