"""Distance between the distributions of drawn sprites and of held-out ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import F32, IndexMaps
from pxgen.data.dataset import Dataset, subsample
from pxgen.evaluation.features import colors_and_shapes, form
from pxgen.evaluation.judge import train_judges
from pxgen.evaluation.measure import Drawn, Row
from pxgen.evaluation.set_metrics import kid, prdc, standardised

Features = Callable[[IndexMaps], F32]
"""``(n, T, H, W)`` sprites to ``(n, D)`` features."""

MAX_SPRITES = 1000
"""Sprites of each side at most: kernels and distances are of all pairs."""


class Distribution:
    """KID, precision, recall, density and coverage in three spaces of features.

    ``shapes`` are colours and outlines and where they lie; ``form`` what random convolutions see,
    wherever it lies; ``judge`` are the scores of a classifier of labels that was trained on the
    generator's training sprites. Drawn sprites are compared with held-out ones; what training
    sprites score against those is the reference.
    """

    name: ClassVar[str] = "distribution"
    rows: ClassVar[tuple[Row, ...]] = tuple(
        Row(f"{title} by {space}", (space, key), unit)
        for space in ("shapes", "form", "judge")
        for title, key, unit in (
            ("KID", "kid", ""),
            ("precision", "precision", "%"),
            ("recall", "recall", "%"),
            ("density", "density", ""),
            ("coverage", "coverage", "%"),
        )
    )

    def __init__(self, dataset: Dataset, *, seed: int) -> None:
        rows = [subsample(each, MAX_SPRITES) for each in (dataset.train, dataset.held_out)]
        (self._training, _), (held_out, _) = map(dataset.take, rows)
        self._groups = [dataset.group[each] for each in rows]
        palette = dataset.palette
        self._spaces: dict[str, Features] = {
            "shapes": lambda pixels: colors_and_shapes(pixels, palette),
            "form": lambda pixels: form(pixels, palette),
        }
        if dataset.label_names:
            (judge,) = train_judges(dataset, [dataset.train], seed=seed, workers=1)
            self._spaces["judge"] = judge.scores
        self._real = {name: extract(held_out) for name, extract in self._spaces.items()}
        self._scale = {name: extract(self._training) for name, extract in self._spaces.items()}
        self._count = len(held_out)

    def reference(self) -> dict[str, Any]:
        """The figures of training sprites against held-out ones: the best to be hoped for."""
        return {"held_out_sprites": self._count, **self._compare(self._training, self._groups[0])}

    def of(self, drawn: Drawn) -> dict[str, Any]:
        """The figures of drawn sprites in each space."""
        pixels = drawn.pixels[:MAX_SPRITES]
        return self._compare(pixels, np.arange(len(pixels)))

    def _compare(self, pixels: IndexMaps, group: NDArray[np.integer]) -> dict[str, Any]:
        figures, groups = {}, (group, self._groups[1])
        for name, extract in self._spaces.items():
            real, drawn = standardised(self._scale[name], self._real[name], extract(pixels))
            figures[name] = {"kid": kid(drawn, real, groups), **prdc(drawn, real, groups)}
        return figures
