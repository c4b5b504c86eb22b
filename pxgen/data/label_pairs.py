"""Pairs of labels that exclude each other, by counting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import Bytes
from pxgen.canvas import MAX_PAIRED_LABELS

EVIDENCE = 16.0
"""Sets of labels that would hold two by chance, from which on two that none holds exclude each
other: labels that have nothing to do with one another do so once in e^16."""
CHUNK = 1 << 16
"""Sets that are counted at once."""


def exclusive_pairs(signs: NDArray[np.int8], group: NDArray[np.int32]) -> Bytes:
    """``(L, L) uint8``: 1 for two labels that no sprite shows, though many would by chance.

    Empty where there are more than ``MAX_PAIRED_LABELS``, or no sprites.

    Frames and copies of one character are one piece of evidence, not many: sprites of a group
    count once, and so do equal sets of labels. A label that no pixel tells of may be there.

    Args:
        signs: ``(N, L)`` of a dataset, see :meth:`pxgen.data.dataset.Dataset.signs`.
        group: ``(N,)``, alike for sprites that belong together.
    """
    L = signs.shape[1]
    if L > MAX_PAIRED_LABELS or not signs.size:
        return np.zeros((0, 0), np.uint8)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=group[order[0]] - 1))
    sets = np.unique(np.maximum.reduceat(signs[order], starts), axis=0)
    together, counts = np.zeros((L, L)), np.zeros(L)
    for start in range(0, len(sets), CHUNK):
        part = sets[start : start + CHUNK]
        possible = (part >= 0).astype(np.float32)
        together += possible.T @ possible
        counts += (part > 0).sum(0)
    apart = (together == 0) & (np.outer(counts, counts) >= EVIDENCE * len(sets))
    return np.asarray(apart, np.uint8)
