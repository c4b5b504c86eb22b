"""Memorisation: copies of training sprites, and distances to the nearest of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import I64, IndexMaps
from pxgen.data.dataset import Dataset, subsample
from pxgen.data.duplicates import sprite_hash
from pxgen.data.neighbours import SpriteIndex
from pxgen.evaluation.figures import Z95, proportion, two_sided, wilson
from pxgen.evaluation.measure import Drawn, Row
from pxgen.evaluation.permutation import p_values

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
    rows: ClassVar[tuple[Row, ...]] = (
        Row("exact copies", ("exact",), "%"),
        Row("expected by chance", ("by_chance",), "%"),
        Row("in excess of chance", ("excess",), "%"),
        Row("mirrored copies", ("mirrored",), "%"),
        Row("recoloured, shifted", ("likeness",), "%"),
        Row("median distance, px", ("median_distance",)),
        Row("near a training one", ("near",), "%"),
    )

    def __init__(self, dataset: Dataset) -> None:
        self._training = SpriteIndex(dataset, dataset.train)
        self._held_out = SpriteIndex(dataset, dataset.held_out)
        distinct = self._held_out.distinct()
        self._scale = self._training.distinct() / distinct if distinct else None
        rows = subsample(dataset.held_out, MAX_BASELINE)
        held_out, self._group = dataset.take(rows)[0], dataset.group[rows]
        self._baseline = self._training.distances(held_out)
        self._near: float | None = None
        if len(self._baseline):
            self._near = float(np.percentile(self._baseline, NEAR_PERCENT))
        self._hashes, self._groups = self._training.hashes(), dataset.group

    def reference(self) -> dict[str, Any]:
        """The figures of held-out sprites; None where nothing is held out."""
        return {
            "training_sprites": len(self._training),
            "held_out_sprites": len(self._baseline),
            "exact": proportion(self._baseline == 0, self._group),
            "near_distance": self._near,
            "near": self._share_near(self._baseline, self._group),
            **_quantiles(self._baseline),
        }

    def of(self, drawn: Drawn) -> dict[str, Any]:
        """Shares of copies, and distances in pixels."""
        distances, nearest = self._training.nearest(drawn.pixels)
        exact = distances == 0
        mirrored = self._training.holds(drawn.pixels[..., ::-1]) & ~exact
        alike = np.array([sprite_hash(each) in self._hashes for each in drawn.pixels], np.bool_)
        by_chance, excess = self._beyond_chance(drawn.pixels, nearest[exact])
        near = self._share_near(distances)
        if near is not None and self._near is not None:
            sides = {"near": distances <= self._near}, {"near": self._baseline <= self._near}
            near["p"] = p_values(*sides, self._group)["near"]
        return {
            "exact": proportion(exact),
            "by_chance": by_chance,
            "excess": excess,
            "mirrored": proportion(mirrored),
            "likeness": proportion(alike & ~exact & ~mirrored),
            "near": near,
            **_quantiles(distances),
        }

    def _beyond_chance(
        self, pixels: IndexMaps, copied: NDArray[np.intp]
    ) -> tuple[dict[str, float] | None, dict[str, float] | None]:
        """The share of copies to be expected of a model that has no memory, and the excess.

        ``copied`` are the rows of the training sprites that were drawn.
        """
        if self._scale is None or not len(pixels):
            return None, None
        unseen = self._held_out.holds(pixels)
        real = np.concatenate([copied, self._held_out.nearest(pixels[unseen])[1]])
        _, counts = np.unique(self._groups[real], return_counts=True)
        repeats = max(1.0, float((counts**2).sum()) / max(1, len(real)))
        share = float(unseen.mean())
        found = (share, *wilson(share, len(pixels) / repeats))
        chance, *ends = (min(1.0, each * self._scale) for each in found)
        by_chance = {"share": chance, "low": ends[0], "high": ends[1]}
        share = len(copied) / len(pixels) - chance
        hits = (len(copied), int(unseen.sum()))
        low, high, p = score_test(*hits, len(pixels), self._scale, repeats)
        excess = {"share": share, "low": min(low, share), "high": max(high, share), "p": p}
        return by_chance, excess

    def _share_near(
        self, distances: I64, group: NDArray[np.integer] | None = None
    ) -> dict[str, Any] | None:
        return None if self._near is None else proportion(distances <= self._near, group)


def score_test(
    copies: int, by_chance: int, of: int, scale: float, repeats: float
) -> tuple[float, float, float]:
    """The 95 % interval of copies beyond chance, as a share of what was drawn, and its p value.

    Of ``of`` drawn sprites ``copies`` equal training sprites and ``by_chance`` held-out ones, of
    which there are ``scale`` times fewer: shares of one multinomial distribution, whose contrast
    ``copies - scale * by_chance`` has a score interval (Tango, 1998, where ``scale`` is 1).

    A group of likes was held out or not by one throw of the dice, however often it is drawn. Draws
    therefore count as ``1 / repeats`` each, the mean of how many drawn real sprites are of the
    group of one of them.

    Returns:
        Its ends, in [-1, 1], and the two-sided p value of no copies beyond chance.
    """
    c, h, n, s = copies / repeats, by_chance / repeats, of / repeats, scale
    point = (c - s * h) / n

    def chi_square(gap: float) -> float:
        if gap == point:
            return 0.0
        # The likeliest share of held-out sprites where the contrast is ``gap``.
        a, constant = s * (1 + s) * n, h * gap * (1 - gap)
        b = s * (c + h) * (1 - gap) - (1 + s) * gap * (n - c)
        q = (b + math.sqrt(max(0.0, b * b + 4 * a * constant))) / (2 * a)
        variance = gap + s * q + s * s * q - gap * gap
        return n * (point - gap) ** 2 / variance if variance > 0 else math.inf

    low, high = (_edge(lambda gap: chi_square(gap) <= Z95**2, point, end) for end in (-s, 1.0))
    return max(-1.0, low), min(1.0, high), two_sided(math.sqrt(chi_square(0.0)))


def _edge(holds: Callable[[float], bool], inside: float, outside: float) -> float:
    """Where ``holds`` ends between two points, by bisection."""
    for _ in range(60):
        middle = (inside + outside) / 2
        if holds(middle):
            inside = middle
        else:
            outside = middle
    return inside


def _quantiles(distances: I64) -> dict[str, Any]:
    if not len(distances):
        return {"median_distance": None, "mean_distance": None}
    return {
        "median_distance": float(np.median(distances)),
        "mean_distance": float(distances.mean()),
    }
