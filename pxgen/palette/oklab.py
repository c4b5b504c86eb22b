"""Colour as the eye sees it: OKLab, the nearest palette entry, and palette swaps.

OKLab is Björn Ottosson's perceptual space (https://bottosson.github.io/posts/oklab/): the plain
distance between two colours there agrees with how different they look, which sRGB distance does
not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import F32, Bytes, IndexMaps, Rgba
from pxgen.errors import InputError
from pxgen.palette.table import Palette, pack, unpack

OPAQUE = 128
"""Alpha from here up counts as visible; below, a pixel is the transparent index 0."""

_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_CHUNK = 4096


_SRGB = np.arange(256) / 255
_LINEAR = np.where(_SRGB <= 0.04045, _SRGB / 12.92, ((_SRGB + 0.055) / 1.055) ** 2.4)


def to_oklab(rgb: Bytes) -> F32:
    """``(..., 3) uint8`` sRGB to ``(..., 3) float32`` OKLab: L in 0..1, a and b around ±0.4."""
    lms = np.cbrt(_LINEAR[rgb] @ _LMS.T)
    return np.asarray(lms @ _LAB.T, np.float32)


def nearest(palette: Palette, rgba: Rgba) -> IndexMaps:
    """The palette index that looks most like each ``(..., 4) uint8`` colour.

    A colour that the palette holds is always its own entry; of others, alpha below :data:`OPAQUE`
    is index 0. Among equally near entries the first wins. Memory stays bounded whatever the size.

    Returns:
        ``(...) uint8`` indices.
    """
    distinct, inverse = np.unique(pack(rgba), return_inverse=True)
    colors = unpack(distinct)
    index, known = palette.lookup(colors)
    visible = colors[:, 3] >= OPAQUE
    search = np.flatnonzero(visible & ~known)
    if len(palette) > 1:
        index[search] = _nearest_entries(palette, colors[search])
    index[~(visible | known)] = 0
    return index[inverse].reshape(rgba.shape[:-1])


def _nearest_entries(palette: Palette, colors: Rgba) -> IndexMaps:
    entries = _features(palette.rgba[1:])
    found = np.empty(len(colors), np.uint8)
    for start in range(0, len(colors), _CHUNK):
        part = _features(colors[start : start + _CHUNK])
        gap = ((part[:, None, :] - entries) ** 2).sum(-1)
        found[start : start + _CHUNK] = gap.argmin(1) + 1
    return found


def distinct_entries(palette: Palette, colors: Rgba) -> NDArray[np.intp]:
    """An entry for each of ``(k, 4)`` opaque colours, none for two: of all pairs the nearest first.

    A colour that the palette holds is its own entry.

    Raises:
        InputError: the colours are more than the entries.
    """
    if len(colors) >= len(palette):
        raise InputError(
            f"{len(colors)} colours for a palette of {len(palette) - 1}: reduce them with "
            f"pxgen export IMAGE --colors {len(palette) - 1} -o FILE.png"
        )
    entries, known = palette.lookup(colors)
    found = entries.astype(np.intp)
    gaps = ((_features(colors)[:, None] - _features(palette.rgba)) ** 2).sum(-1)
    gaps[:, 0] = gaps[known] = gaps[:, found[known]] = np.inf
    for _ in range(int((~known).sum())):
        color, entry = np.unravel_index(gaps.argmin(), gaps.shape)
        found[color] = entry
        gaps[color] = gaps[:, entry] = np.inf
    return found


def _features(rgba: Rgba) -> F32:
    """OKLab with alpha as a fourth axis, so that an opaque colour prefers an opaque entry."""
    alpha = rgba[:, 3:].astype(np.float32) / 255
    return np.concatenate([to_oklab(rgba[:, :3]), alpha], axis=1)


def swap(source: Palette, target: Palette) -> IndexMaps:
    """Palette swap: an index of ``target`` for each index of ``source``.

    Palettes of one size are exchanged position by position (recolours keep their ramps that way);
    otherwise each colour goes to the one in ``target`` that looks most like it. 0 stays 0.

    Returns:
        ``(len(source),) uint8``: apply it as ``swap(a, b)[indices]``.
    """
    if len(source) == len(target):
        return np.arange(len(source), dtype=np.uint8)
    return nearest(target, source.rgba)
