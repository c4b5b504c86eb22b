"""The contract of a measure, and the sprites that it judges."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import F32, IndexMaps
from pxgen.data.dataset import Dataset, subsample

MAX_REAL_SPRITES = 1000
"""Real sprites that the reference of a measure is taken from, at most."""


class Drawn(NamedTuple):
    """Drawn sprites, and the labels asked for."""

    pixels: IndexMaps
    """``(n, T, H, W) uint8`` palette indices."""
    asked: NDArray[np.intp]
    """``(n,)`` number of the one label each was asked to show, -1 where none was."""


class Row(NamedTuple):
    """A figure as a report shows it."""

    title: str
    keys: tuple[str, ...]
    """Where it stands in what :meth:`Measure.of` returns."""
    unit: str = ""
    """``%`` of a figure in [0, 1], which is shown times 100."""


class Measure(Protocol):
    """One aspect of quality. Figures are plain JSON values."""

    name: ClassVar[str]
    """The key of its figures in the report."""
    rows: ClassVar[tuple[Row, ...]]
    """What a report shows; :meth:`reference` has the same keys where it has a figure."""

    def reference(self) -> dict[str, Any]:
        """The figures of real sprites, and of the measure's own reliability."""

    def of(self, drawn: Drawn) -> dict[str, Any]:
        """The figures of drawn sprites."""


def one_label(asked: NDArray[np.intp], count: int) -> F32:
    """``(n,)`` numbers to ``(n, L)`` labels: 1 for the one asked for; -1 asks for none."""
    return np.asarray(asked[:, None] == np.arange(count), np.float32)


class PixelMeasure(Measure):
    """A measure of pixels alone, by which drawn sprites and real ones are judged alike."""

    def __init__(self, dataset: Dataset | None) -> None:
        self._dataset = dataset

    @staticmethod
    @abstractmethod
    def figures(pixels: IndexMaps, group: NDArray[np.integer], /) -> dict[str, Any]:
        """The figures of ``(n, T, H, W) uint8`` sprites and their ``(n,)`` groups of likes."""

    def reference(self) -> dict[str, Any]:
        """The figures of real sprites, held-out ones if there are any."""
        if self._dataset is None:
            return {}
        held_out, train = self._dataset.held_out, self._dataset.train
        chosen = subsample(held_out if len(held_out) else train, MAX_REAL_SPRITES)
        return self.figures(self._dataset.take(chosen)[0], self._dataset.group[chosen])

    def of(self, drawn: Drawn) -> dict[str, Any]:
        """The figures of drawn sprites."""
        return self.figures(drawn.pixels, np.arange(len(drawn.pixels)))
