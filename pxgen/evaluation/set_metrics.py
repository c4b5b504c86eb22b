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
from pxgen.evaluation.figures import Z95, proportion
from pxgen.noise import choose

NEIGHBOURS = 5
SUBSET_STREAM = 1 << 33
"""The stream that thins the larger set out."""
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


def kid(drawn: F64, real: F64) -> dict[str, Any]:
    """``value`` with a 95 % interval from blocks; None where there are too few sprites."""
    value = _kid(drawn, real)
    blocks = min(BLOCKS, len(drawn) // 10, len(real) // 10)
    if value is None or blocks < 2:
        return {"value": value, "low": None, "high": None}
    drawn, real = _subset(drawn, len(drawn)), _subset(real, len(real))
    parts = [_kid(drawn[k::blocks], real[k::blocks]) for k in range(blocks)]
    values = np.array([part for part in parts if part is not None])
    half = Z95 * float(values.std(ddof=1)) / math.sqrt(len(values))
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


def prdc(drawn: F64, real: F64) -> dict[str, Any]:
    """``precision``, ``recall`` and ``coverage`` as shares, and ``density``.

    Sets of equal size make these comparable; the larger one is thinned out.
    """
    size = min(len(drawn), len(real))
    if size <= NEIGHBOURS or not drawn.shape[1]:
        nothing = proportion(np.zeros(0, np.bool_))
        return {"precision": nothing, "recall": nothing, "density": None, "coverage": nothing}
    drawn, real = _subset(drawn, size), _subset(real, size)
    across = _distances(drawn, real)
    around_real, around_drawn = _radii(real), _radii(drawn)
    inside = across <= around_real
    return {
        "precision": proportion(np.any(inside, axis=1)),
        "recall": proportion(np.any(across <= around_drawn[:, None], axis=0)),
        "density": float(inside.sum(1).mean() / NEIGHBOURS),
        "coverage": proportion(across.min(0) <= around_real),
    }


def _subset(features: F64, size: int) -> F64:
    """A random subset of ``size``, in random order."""
    # By chance, because labels may come in turn.
    return features[choose(0, SUBSET_STREAM).permutation(len(features))[:size]]


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
