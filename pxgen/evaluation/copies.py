"""Memorisation: copies of training sprites, and distances to the nearest of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from pxgen.arrays import I64, IndexMaps
from pxgen.data.dataset import Dataset, subsample
from pxgen.data.duplicates import sprite_hash
from pxgen.data.neighbours import SpriteIndex
from pxgen.evaluation.figures import difference, proportion
from pxgen.evaluation.measure import Drawn

MAX_BASELINE = 1000
"""Held-out sprites, at most, whose distances to the training set are the baseline."""
NEAR_PERCENT = 5
"""Percentile of held-out distances below which a sprite is near to the training set."""


class Copies:
    """Exact, mirrored, recoloured and shifted copies, and distances to the nearest training sprite.

    A drawn sprite may equal a real one by chance: where a collection has few possible sprites, good
    ones are among them. How often they equal held-out sprites, which the model has never seen,
    scaled to as many as it has seen, is that chance; only the excess over it was learnt by heart.

    Distances mean nothing alone, since plain sprites are alike: beside them stand those of real
    sprites that were held out. A distance that the nearest 5 % of these reach is near; many more
    near samples than near held-out sprites speak of memory. Real sprites can be nearer than drawn
    ones for an innocent reason, too: a drawn one may hold mistakes.
    """

    name: ClassVar[str] = "copies"
    columns: ClassVar[Mapping[str, str]] = {
        "copies": "exact",
        "by chance": "by_chance",
        "excess": "excess",
        "mirrored": "mirrored",
        "recoloured, shifted": "likeness",
        "distance": "median_distance",
        "near": "near",
    }

    def __init__(self, dataset: Dataset) -> None:
        self._training = SpriteIndex(dataset, dataset.train)
        self._held_out = SpriteIndex(dataset, dataset.held_out)
        distinct = self._held_out.distinct()
        self._scale = self._training.distinct() / distinct if distinct else None
        held_out, _ = dataset.take(subsample(dataset.held_out, MAX_BASELINE))
        self._baseline = self._training.distances(held_out)
        self._near: float | None = None
        if len(self._baseline):
            self._near = float(np.percentile(self._baseline, NEAR_PERCENT))
        self._copied = self._training.holds(held_out)
        self._hashes = self._training.hashes()

    def reference(self) -> dict[str, Any]:
        """The figures of held-out sprites; None where nothing is held out."""
        return {
            "training_sprites": len(self._training),
            "held_out_sprites": len(self._baseline),
            "exact": proportion(self._copied),
            "near_distance": self._near,
            "near": self._share_near(self._baseline),
            **_quantiles(self._baseline),
        }

    def of(self, drawn: Drawn) -> dict[str, Any]:
        """Shares of copies, and distances in pixels."""
        distances = self._training.distances(drawn.pixels)
        exact = distances == 0
        mirrored = self._training.holds(drawn.pixels[..., ::-1]) & ~exact
        alike = np.array([sprite_hash(each) in self._hashes for each in drawn.pixels], np.bool_)
        by_chance = self._by_chance(drawn.pixels)
        return {
            "exact": proportion(exact),
            "by_chance": by_chance,
            "excess": None if by_chance is None else difference(proportion(exact), by_chance),
            "mirrored": proportion(mirrored),
            "likeness": proportion(alike & ~exact & ~mirrored),
            "near": self._share_near(distances),
            **_quantiles(distances),
        }

    def _by_chance(self, pixels: IndexMaps) -> dict[str, Any] | None:
        """The share of copies to be expected of a model that has no memory."""
        if self._scale is None or not len(pixels):
            return None
        found = proportion(self._held_out.holds(pixels))
        return {key: min(1.0, found[key] * self._scale) for key in ("share", "low", "high")}

    def _share_near(self, distances: I64) -> dict[str, Any] | None:
        return None if self._near is None else proportion(distances <= self._near)


def _quantiles(distances: I64) -> dict[str, Any]:
    if not len(distances):
        return {"median_distance": None, "mean_distance": None}
    return {
        "median_distance": float(np.median(distances)),
        "mean_distance": float(distances.mean()),
    }
