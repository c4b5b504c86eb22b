"""Numpy's random streams, which need no torch; :mod:`pxgen.noise` draws from them."""

from __future__ import annotations

import numpy as np

MASK64 = 2**64 - 1


def choose(seed: int, step: int) -> np.random.Generator:
    """Numpy's generator keyed by ``(seed, step)``: the examples of a step, and other choices."""
    return np.random.Generator(philox(seed, step ^ (1 << 63)))


def philox(seed: int, number: int) -> np.random.Philox:
    """The Philox stream (Salmon et al., SC 2011) keyed by ``(seed, number)``."""
    return np.random.Philox(key=np.array([seed & MASK64, number & MASK64], np.uint64))
