"""Permutation tests of drawn sprites' means against those of real ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pxgen.choices import choose

PICKS, SHUFFLES = 40, 100
"""Times that a sprite of each group is picked, and permutations of each pick."""
PERMUTATION_STREAM = 1 << 36
"""The stream that picks and shuffles."""


def p_values(
    drawn: Mapping[str, NDArray[Any]],
    real: Mapping[str, NDArray[Any]],
    group: NDArray[np.integer],
) -> dict[str, float]:
    """The two-sided p value of each figure's difference of means, by its name.

    It is the chance that the means of ``(n,)`` drawn and ``(m,)`` real values, one of each sprite,
    differ as much where all are of one distribution, however skewed that is and however few they
    are. Likes repeat each other, so of each ``(m,)`` group of real sprites one is picked, which
    counts by the size of the group; the p value is the mean over many picks.
    """
    luck = choose(0, PERMUTATION_STREAM)
    n = len(next(iter(drawn.values())))
    _, sizes = np.unique(group, return_counts=True)
    weights = np.concatenate([sizes / len(group), np.full(n, -1 / n)])
    hits = np.zeros(len(drawn), np.int64)
    for _ in range(PICKS):
        order = luck.permutation(len(group))
        picked = order[np.unique(group[order], return_index=True)[1]]
        pooled = [np.concatenate([real[key][picked], drawn[key]]) for key in drawn]
        values = np.stack(pooled, 1).astype(np.float64)
        values -= values.mean(0)
        # Sums of the same values in another order differ by rounding.
        least = np.abs(weights @ values) - 1e-9 * np.abs(values).max(0)
        shuffled = luck.permuted(np.tile(weights, (SHUFFLES, 1)), axis=1)
        hits += (np.abs(shuffled @ values) >= least).sum(0)
    found = (1 + hits) / (1 + PICKS * SHUFFLES)
    return dict(zip(drawn, found.tolist(), strict=True))
