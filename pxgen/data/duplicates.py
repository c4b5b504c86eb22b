"""Near-duplicates: a hash that copies, mirrors, recolours and shifts of a sprite share."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import IndexMaps


def canonical_hash(indices: NDArray[Any], colors: int, *, clear: bool) -> int:
    """A 64-bit hash of a sprite's canonical form.

    The transparent border is cut off and colours are numbered as they first occur; of that map and
    its mirror's the smaller one is hashed. The key depends on the sprite alone, so it stays the
    same when a collection grows.

    Args:
        indices: ``(T, H, W)`` indices into the sprite's own colours, all of which occur.
        colors: how many there are.
        clear: whether colour 0 is transparent.
    """
    drawn = _trim(indices) if clear else indices
    form = min(_relabelled(drawn, colors, clear), _relabelled(drawn[..., ::-1], colors, clear))
    digest = hashlib.blake2b(repr(drawn.shape).encode() + form, digest_size=8)
    return int.from_bytes(digest.digest(), "little")


def sprite_hash(drawn: IndexMaps) -> int:
    """:func:`canonical_hash` of ``(T, H, W)`` indices into a palette, of which 0 is transparent."""
    entries, inverse = np.unique(drawn, return_inverse=True)
    relabelled = inverse.reshape(drawn.shape).astype(np.uint8)
    return canonical_hash(relabelled, len(entries), clear=bool(entries[0] == 0))


def _trim(drawn: NDArray[Any]) -> NDArray[Any]:
    visible = drawn != 0
    rows, columns = (np.flatnonzero(visible.any(axes)) for axes in ((0, 2), (0, 1)))
    if not len(rows):
        return drawn[:, :1, :1]
    return drawn[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _relabelled(indices: NDArray[Any], colors: int, clear: bool) -> bytes:
    flat = indices.ravel()
    # Of equal indices the last assignment stays: backwards, that is the first occurrence.
    first = np.full(colors, len(flat))
    first[flat[::-1]] = np.arange(len(flat) - 1, -1, -1)
    if clear:
        first[0] = -1  # transparent stays transparent in every recolour
    rank = np.empty(colors, np.uint32)
    rank[np.argsort(first, kind="stable")] = np.arange(colors) + (not clear)
    return bytes(rank[flat].tobytes())
