"""The contract of a measure, and the sprites that it judges."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import F32, IndexMaps
from pxgen.data.dataset import Dataset, subsample
from pxgen.evaluation.figures import bounded_mean, mean_with_interval, proportion
from pxgen.evaluation.permutation import p_values

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
    def of_each(pixels: IndexMaps, /) -> dict[str, NDArray[Any]]:
        """``(n,)`` values of each of ``(n, T, H, W) uint8`` sprites, one for each row."""

    def reference(self) -> dict[str, Any]:
        """The figures of real sprites, held-out ones if there are any."""
        return {} if self._real is None else self._means(*self._real)

    def of(self, drawn: Drawn) -> dict[str, Any]:
        """The figures of drawn sprites, with the p value ``p`` of a difference from real ones."""
        values = self.of_each(drawn.pixels)
        figures = self._means(values, np.arange(len(drawn.pixels)))
        for name, p in p_values(values, *self._real).items() if self._real else ():
            figures[name]["p"] = p
        return figures

    @cached_property
    def _real(self) -> tuple[dict[str, NDArray[Any]], NDArray[np.integer]] | None:
        """The values of real sprites, and their groups."""
        if self._dataset is None:
            return None
        held_out, train = self._dataset.held_out, self._dataset.train
        chosen = subsample(held_out if len(held_out) else train, MAX_REAL_SPRITES)
        return self.of_each(self._dataset.take(chosen)[0]), self._dataset.group[chosen]

    def _means(
        self, values: dict[str, NDArray[Any]], group: NDArray[np.integer]
    ) -> dict[str, dict[str, Any]]:
        """Means with 95 % intervals, for which a group counts as one observation."""
        figures = {}
        for row in self.rows:
            (name,) = row.keys
            if values[name].dtype == np.bool_:
                figures[name] = proportion(values[name], group)
                continue
            interval = bounded_mean if row.unit == "%" else mean_with_interval
            mean, low, high = interval(values[name], group)
            figures[name] = {"value": mean, "low": low, "high": high}
        return figures
