"""Pairs of labels that exclude each other, by counting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import F64, Bools, Bytes
from pxgen.canvas import MAX_PAIRED_LABELS

EVIDENCE = 16.0
"""Sprites that would show two labels by chance, from which on two that none shows exclude each
other: labels that have nothing to do with one another do so once in e^16."""
CHUNK = 1 << 16
"""Sprites that are counted at once."""


def exclusive_pairs(signs: NDArray[np.int8], group: NDArray[np.int32]) -> Bytes:
    """``(L, L) uint8``: 1 for two labels that no sprite shows, though many would by chance.

    Empty where there are more than ``MAX_PAIRED_LABELS``, or no sprites.

    Frames and copies of one character are one piece of evidence, not many. So a group counts once,
    and there must be evidence enough among the different sets of labels of groups, too. A label
    that no pixel tells of may be there.

    Args:
        signs: ``(N, L)`` of a dataset, see :meth:`pxgen.data.dataset.Dataset.signs`.
        group: ``(N,)``, alike for sprites that belong together.
    """
    L = signs.shape[1]
    if L > MAX_PAIRED_LABELS or not signs.size:
        return np.zeros((0, 0), np.uint8)
    together = np.zeros((L, L))
    for start in range(0, len(signs), CHUNK):
        possible = (signs[start : start + CHUNK] >= 0).astype(np.float32)
        together += possible.T @ possible
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=group[order[0]] - 1))
    borne = np.maximum.reduceat(signs[order] > 0, starts)
    # Rows as one value each: they are sorted many times faster than along an axis.
    different = np.unique(borne.view(f"V{L}")).view(np.bool_).reshape(-1, L)
    enough = _by_chance(borne) >= EVIDENCE, _by_chance(different) >= EVIDENCE
    return np.asarray((together == 0) & enough[0] & enough[1], np.uint8)


def _by_chance(borne: Bools) -> F64:
    """``(L, L)``: how many of ``(n, L) bool`` would bear two labels that are independent."""
    counts = np.count_nonzero(borne, axis=0)
    return np.outer(counts, counts) / len(borne)
