"""Metrics between two sets of sprites, given features of each.

KID (1801.01401) is the squared maximum mean discrepancy under a cubic kernel, unbiased and so
sometimes below zero. Precision and recall (1904.06991), density and coverage (2002.09797) look at
neighbourhoods: whether drawn sprites lie among real ones, and whether they reach all of them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import F64
from pxgen.choices import choose
from pxgen.evaluation.figures import proportion, t95

Groups = tuple[NDArray[np.integer], NDArray[np.integer]]
"""The ``(n,)`` groups of likes of drawn sprites and the ``(m,)`` ones of real sprites."""
NEIGHBOURS = 5
SUBSET_STREAM = 1 << 33
"""The stream that thins the larger set out and deals groups to blocks."""
BLOCKS = 10
"""Parts that the standard error of a KID is measured over."""


def standardised(scale: NDArray[np.floating], *features: NDArray[np.floating]) -> list[F64]:
    """Features less their mean and over their std in ``scale``; constant ones are left out."""
    mean, std = scale.mean(0, dtype=np.float64), scale.std(0, dtype=np.float64)
    # Rounding is no variation.
    varied = std > 1e-4 * float(std.max(initial=0))
    return [
        np.asarray((each[:, varied] - mean[varied]) / std[varied], np.float64) for each in features
    ]


def kid(drawn: F64, real: F64, groups: Groups) -> dict[str, Any]:
    """``value`` with a 95 % interval from blocks of whole groups, ten of each side at least.

    Features are ``(n, D)`` and ``(m, D)``. None is what too few sprites or groups do not tell.
    """
    value = _kid(drawn, real)
    number = [np.unique(group, return_inverse=True)[1] for group in groups]
    counts = [int(each.max(initial=-1)) + 1 for each in number]
    blocks = min(BLOCKS, *(count // 10 for count in counts))
    if value is None or blocks < 2:
        return {"value": value, "low": None, "high": None}
    of = [(_shuffled(n) % blocks)[each] for n, each in zip(counts, number, strict=True)]
    parts = [_kid(drawn[of[0] == k], real[of[1] == k]) for k in range(blocks)]
    values = np.array([part for part in parts if part is not None])
    half = t95(len(values) - 1) * float(values.std(ddof=1)) / math.sqrt(len(values))
    return {"value": value, "low": value - half, "high": value + half}


def _kid(drawn: F64, real: F64) -> float | None:
    m, n = len(drawn), len(real)
    if min(m, n) < 2 or not drawn.shape[1]:
        return None
    within = _within(drawn) / (m * (m - 1)) + _within(real) / (n * (n - 1))
    return float(within - 2 * _kernel(drawn, real).mean())


def _within(features: F64) -> float:
    kernel = _kernel(features, features)
    return float(kernel.sum() - np.trace(kernel))


def _kernel(a: F64, b: F64) -> F64:
    return np.asarray((a @ b.T / a.shape[1] + 1) ** 3)


def prdc(drawn: F64, real: F64, groups: Groups) -> dict[str, Any]:
    """``precision``, ``recall`` and ``coverage`` as shares, and ``density``.

    Sets of equal size make these comparable; the larger one is thinned out.
    """
    size = min(len(drawn), len(real))
    if size <= NEIGHBOURS or not drawn.shape[1]:
        nothing = proportion(np.zeros(0, np.bool_))
        return {"precision": nothing, "recall": nothing, "density": None, "coverage": nothing}
    # By chance, because labels may come in turn.
    chosen = [_shuffled(len(each))[:size] for each in (drawn, real)]
    drawn, real = drawn[chosen[0]], real[chosen[1]]
    of_drawn, of_real = (group[rows] for group, rows in zip(groups, chosen, strict=True))
    across = _distances(drawn, real)
    around_real, around_drawn = _radii(real), _radii(drawn)
    inside = across <= around_real
    reached = np.any(across <= around_drawn[:, None], axis=0)
    return {
        "precision": proportion(np.any(inside, axis=1), of_drawn),
        "recall": proportion(reached, of_real),
        "density": float(inside.sum(1).mean() / NEIGHBOURS),
        "coverage": proportion(across.min(0) <= around_real, of_real),
    }


def _shuffled(count: int) -> NDArray[np.intp]:
    return np.asarray(choose(0, SUBSET_STREAM).permutation(count), np.intp)


def _radii(features: F64) -> F64:
    """``(n,)`` distances to the k-th nearest neighbour within the set."""
    return np.asarray(
        np.partition(_distances(features, features), NEIGHBOURS, axis=1)[:, NEIGHBOURS]
    )


def _distances(a: F64, b: F64) -> F64:
    """``(n, m)`` Euclidean."""
    lengths = (a * a).sum(1)[:, None] + (b * b).sum(1)
    squares = lengths - 2 * a @ b.T
    # Copies are at no distance, whatever rounding leaves between them.
    return np.asarray(np.sqrt(np.where(squares < 1e-9 * lengths, 0, squares)))
