"""A light evaluation, cheap enough for every validation of a training."""

from __future__ import annotations

import numpy as np

from pxgen.arrays import Bools
from pxgen.checkpoint.card import Card
from pxgen.data.dataset import Dataset, subsample
from pxgen.evaluation.craft import Craft
from pxgen.evaluation.judge import Judge, train_judges
from pxgen.evaluation.legality import Legality, builtin_cast
from pxgen.evaluation.measure import Drawn

JUDGE_STEPS = 150
"""Steps of the judge's training: a quarter of those of an evaluation."""
MAX_CHECKED = 500
"""Training sprites that the judge is tried on."""


class QuickEval:
    """Few figures of few sprites, to see a trend.

    The judge of labels learns from held-out sprites alone, once, and only labels that it
    recognises on training sprites count.
    """

    def __init__(self, dataset: Dataset, card: Card, *, steerable: bool, seed: int) -> None:
        cast = builtin_cast(card)
        self._legality = None if cast is None else Legality(None, cast)
        self._judge: Judge | None = None
        self._known: Bools = np.zeros(len(card.label_names), np.bool_)
        sides = dataset.held_out, dataset.train
        if steerable and self._legality is None and all(map(len, sides)):
            (self._judge,) = train_judges(
                dataset, [dataset.held_out], seed=seed, workers=1, steps=JUDGE_STEPS
            )
            pixels, marks = dataset.take(subsample(dataset.train, MAX_CHECKED))
            seen, bears = self._judge.scores(pixels) > 0, marks > 0
            hits, of = (seen & bears).sum(0), bears.sum(0)
            self._known = (of > 0) & (hits >= 0.9 * of) & (hits >= 0.9 * seen.sum(0))

    def of(self, drawn: Drawn) -> dict[str, float]:
        """``foreground``, ``stray_pixels``, ``colors``; ``shows_label`` and ``legal`` if known."""
        craft = Craft.of_each(drawn.pixels)
        names = {"foreground": "foreground", "stray_pixels": "stray", "colors": "colors"}
        figures = {name: float(craft[key].mean()) for name, key in names.items()}
        if self._legality is not None:
            exact = self._legality.of(drawn)
            figures["legal"] = exact["legal"]["share"]
            if exact["shows_label"]["share"] is not None:
                figures["shows_label"] = exact["shows_label"]["share"]
        if self._judge is not None:
            told = (drawn.asked >= 0) & self._known[drawn.asked]
            if told.any():
                seen = self._judge.scores(drawn.pixels) > 0
                shown = seen[np.arange(len(seen)), drawn.asked]
                figures["shows_label"] = float(shown[told].mean())
        return figures
