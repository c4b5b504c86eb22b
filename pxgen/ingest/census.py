"""Every colour of a collection and how many pixels bear it, in bounded memory."""

from __future__ import annotations

import numpy as np

from pxgen.arrays import I64, Colors32
from pxgen.palette.table import sum_counts

MAX_EXACT_COLORS = 1 << 20
"""Distinct colours that are counted exactly; beyond it rare neighbours are counted together."""

_BUFFER = 1 << 18
_COARSE = np.uint32(0xF8F8F8FF)


class Census:
    """Counts packed RGBA colours; ``exact`` turns false when there are too many to tell apart."""

    def __init__(self) -> None:
        self.exact = True
        self._colors: Colors32 = np.zeros(0, np.uint32)
        self._counts: I64 = np.zeros(0, np.int64)
        self._waiting: list[tuple[Colors32, I64]] = []
        self._waiting_size = 0

    def add(self, colors: Colors32, counts: I64) -> None:
        """Count ``(k,)`` packed colours."""
        self._waiting.append((colors, counts))
        self._waiting_size += len(colors)
        if self._waiting_size >= _BUFFER:
            self._merge()

    def table(self) -> tuple[Colors32, I64]:
        """Distinct packed colours, ascending, and the pixels of each."""
        self._merge()
        return self._colors, self._counts

    def _merge(self) -> None:
        parts = [(self._colors, self._counts), *self._waiting]
        self._waiting, self._waiting_size = [], 0
        colors = np.concatenate([part[0] for part in parts])
        counts = np.concatenate([part[1] for part in parts])
        self._colors, self._counts = sum_counts(colors, counts)
        if len(self._colors) > MAX_EXACT_COLORS:
            self.exact = False
            # Frequent colours stay as they are: outlines, white and black decide how art looks.
            rare = np.argsort(self._counts, kind="stable")[: -MAX_EXACT_COLORS // 4]
            self._colors[rare] &= _COARSE
            self._colors, self._counts = sum_counts(self._colors, self._counts)
