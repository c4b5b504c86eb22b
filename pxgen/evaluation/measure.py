"""The contract of a measure, and the sprites that it judges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import IndexMaps
from pxgen.data.dataset import Dataset, subsample


class Drawn(NamedTuple):
    """Drawn sprites, and the labels asked for."""

    pixels: IndexMaps
    """``(n, T, H, W) uint8`` palette indices."""
    asked: NDArray[np.intp]
    """``(n,)`` number of the one label each was asked to show, -1 where none was."""


class Measure(Protocol):
    """One aspect of quality. Figures are plain JSON values."""

    name: ClassVar[str]
    """The key of its figures in the report."""
    columns: ClassVar[Mapping[str, str]]
    """Headline figures: the title of a column to the key of :meth:`of`."""

    def reference(self) -> dict[str, Any]:
        """The figures of real sprites, and of the measure's own reliability."""
        ...

    def of(self, drawn: Drawn) -> dict[str, Any]:
        """The figures of drawn sprites."""
        ...


def real_sprites(dataset: Dataset, most: int) -> IndexMaps:
    """At most so many real sprites, held-out ones if there are any, ``(n, T, H, W) uint8``."""
    chosen = dataset.held_out if len(dataset.held_out) else dataset.train
    return dataset.take(subsample(chosen, most))[0]
