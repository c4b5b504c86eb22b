"""Pairs of labels that exclude each other, by counting."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import F64, Bytes
from pxgen.canvas import MAX_PAIRED_LABELS

EVIDENCE = 16.0
"""Sprites that would show two labels by chance, from which on two that none shows exclude each
other: labels that have nothing to do with one another do so once in e^16."""
CHUNK = 1 << 16
"""Sprites that are counted at once; of all others a bit a label is kept."""


def exclusive_pairs(parts: Iterable[NDArray[np.int8]], group: NDArray[np.int32]) -> Bytes:
    """``(L, L) uint8``: 1 for two labels that no sprite shows, though many would by chance.

    Empty where there are more than ``MAX_PAIRED_LABELS``, or no sprites.

    Frames and copies of one character are one piece of evidence, not many. So a group counts once,
    and there must be evidence enough among the different sets of labels of groups, too. A label
    that no pixel tells of may be there.

    Args:
        parts: ``(n, L)`` of some sprites each, see :meth:`pxgen.data.dataset.Dataset.signs`.
        group: ``(N,)`` of all sprites, alike for those that belong together.
    """
    apart, L = np.ones((0, 0), np.bool_), 0
    packed: list[Bytes] = []
    for signs in parts:
        L = signs.shape[1]
        if L > MAX_PAIRED_LABELS:
            return np.zeros((0, 0), np.uint8)
        possible = (signs >= 0).astype(np.float32)
        never = possible.T @ possible == 0
        apart = apart & never if packed else never
        packed.append(np.packbits(signs > 0, axis=1))
    if not L or not len(group):
        return np.zeros((0, 0), np.uint8)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=group[order[0]] - 1))
    borne = np.bitwise_or.reduceat(np.concatenate(packed)[order], starts)
    # Rows as one value each: they are sorted many times faster than along an axis.
    width = borne.shape[1]
    different = np.unique(borne.view(f"V{width}")).view(np.uint8).reshape(-1, width)
    enough = _by_chance(borne, L) >= EVIDENCE, _by_chance(different, L) >= EVIDENCE
    return np.asarray(apart & enough[0] & enough[1], np.uint8)


def _by_chance(packed: Bytes, labels: int) -> F64:
    """``(L, L)``: how many of ``n`` sets, a bit a label, would hold two that are independent."""
    counts = np.zeros(labels)
    for start in range(0, len(packed), CHUNK):
        counts += np.unpackbits(packed[start : start + CHUNK], axis=1, count=labels).sum(0)
    return np.outer(counts, counts) / len(packed)
