"""Accuracy of labels by classifiers, whose own accuracy is measured.

Which real sprites the classifiers learn from is a choice between two evils. Those held out from
the generator owe nothing to what it has seen, and leave its whole training set to measure the
classifier on; but a tenth of a collection holds one alien or none. So each label goes to one of
two judges:

* the *held-out* judge, trained on the held-out sprites alone and measured on training sprites,
  judges every label that it finds there with recall and precision of at least ``MIN_QUALITY``;
* the *folds* judge every other label: classifiers trained on all real sprites but one part each,
  measured on the part that they have not seen, near-duplicates kept together; a drawn sprite is
  judged by their mean. What these have in common with the generator can only be real sprites and
  their real labels; that a sprite is a copy is told by another measure.

No judge is ever measured on a sprite that it was trained on. The recall of a judge is what perfect
samples would score; its false alarms are what samples without the label would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from pxgen.arrays import F32, Bools, IndexMaps
from pxgen.choices import choose
from pxgen.data.dataset import Dataset, subsample
from pxgen.evaluation.figures import label_accuracy, wilson
from pxgen.evaluation.judge import Judge, train_judges
from pxgen.evaluation.measure import Drawn, Row

MIN_QUALITY = 0.9
FOLDS = 5
MAX_SPRITES = 20_000
"""Unseen real sprites that a judge is measured on, at most."""
FOLD_STREAM = 1 << 32
"""Divides the sprites; beyond the stream of any judge."""


class Labels:
    """Judges sprites by the better of two classifiers, label by label."""

    name: ClassVar[str] = "labels"
    rows: ClassVar[tuple[Row, ...]] = (
        Row("shows its label", ("shows_label",), "%"),
        Row("the judge's recall", ("judge_recall",), "%"),
    )

    def __init__(self, dataset: Dataset, *, seed: int, workers: int) -> None:
        self._names = dataset.label_names
        self._dataset, self._seed, self._workers = dataset, seed, workers
        self._quality: dict[str, dict[str, Any]] = {}
        self._held_out = self._train_on_held_out()
        self._insufficient = [name for name in self._names if not self._suffices(name)]
        self._folds = self._train_on_folds() if self._insufficient else []

    def reference(self) -> dict[str, Any]:
        """The judges' figures on unseen real sprites, by label and on average.

        Figures are None where there is no unseen sprite to measure with.
        """
        figures = ("recall", "precision", "balanced_accuracy", "false_alarms")
        means = {f"mean_{figure}": self._mean(figure) for figure in figures}
        return {"folds": FOLDS if self._folds else 0, **means, "labels": self._quality}

    def of(self, drawn: Drawn) -> dict[str, Any]:
        """The share of sprites that show the label asked for.

        Labels that no real sprite bears are left out: no judge can know them.
        """
        known = {k for k, name in enumerate(self._names) if name in self._quality}
        asked = np.where(np.isin(drawn.asked, list(known)), drawn.asked, -1)
        seen = self.scores(drawn.pixels) > 0
        shown = np.where(asked >= 0, seen[np.arange(len(asked)), asked], False)
        figures = label_accuracy(self._names, asked, shown)
        counts = {name: figure["of"] for name, figure in figures["labels"].items()}
        return figures | {"judge_recall": self._recall(counts)}

    def _recall(self, counts: Mapping[str, int]) -> dict[str, Any] | None:
        """The judges' recall over labels asked for so often: what perfect samples would score."""
        known = [name for name in counts if self._quality[name]["recall"] is not None]
        if not known:
            return None
        weights = np.array([counts[name] for name in known]) / sum(counts[name] for name in known)
        recall = np.array([self._quality[name]["recall"] for name in known])
        bearers = np.array([self._quality[name]["bearers"] for name in known])
        # One more hit and one more miss: a label of few bearers is never certain.
        likely = (recall * bearers + 1) / (bearers + 2)
        variance = float((weights**2 * likely * (1 - likely) / bearers).sum())
        mean = float(weights @ recall)
        low, high = wilson(mean, max(1.0, mean * (1 - mean) / variance))
        return {"share": mean, "low": low, "high": high}

    def scores(self, pixels: IndexMaps) -> F32:
        """``(n, L)``, each by the better judge; drawn sprites show the labels of positive score."""
        scores = np.zeros((len(pixels), len(self._names)), np.float32)
        if self._held_out is not None:
            scores = self._held_out.scores(pixels)
        if self._folds:
            mean = np.mean([judge.scores(pixels) for judge in self._folds], axis=0)
            columns = [self._names.index(name) for name in self._insufficient]
            scores[:, columns] = mean[:, columns]
        return scores

    def _train_on_held_out(self) -> Judge | None:
        data = self._dataset
        if not len(data.held_out):
            return None
        (judge,) = train_judges(data, [data.held_out], seed=self._seed, workers=1)
        pixels, marks = data.take(subsample(data.train, MAX_SPRITES))
        self._record("held-out", self._names, judge.scores(pixels) > 0, marks > 0)
        return judge

    def _train_on_folds(self) -> list[Judge]:
        data = self._dataset
        _, group = np.unique(data.group, return_inverse=True)
        fold = choose(self._seed, FOLD_STREAM).integers(FOLDS, size=int(group.max()) + 1)[group]
        parts = [np.flatnonzero(fold == k) for k in range(FOLDS)]
        parts = [part for part in parts if 0 < len(part) < len(data)]
        rests = [np.setdiff1d(np.arange(len(data)), part) for part in parts]
        judges = train_judges(data, rests, seed=self._seed + 1, workers=self._workers)
        if not parts:
            return []
        seen, marks = [], []
        for judge, part in zip(judges, parts, strict=True):
            pixels, borne = data.take(subsample(part, MAX_SPRITES))
            seen.append(judge.scores(pixels) > 0)
            marks.append(borne > 0)
        self._record("folds", self._insufficient, np.concatenate(seen), np.concatenate(marks))
        return judges

    def _record(self, judge: str, names: Sequence[str], seen: Bools, marks: Bools) -> None:
        for name in names:
            column = self._names.index(name)
            if self._dataset.marks[:, column].any():
                quality = _quality(seen[:, column], marks[:, column])
                self._quality[name] = {"judge": judge, **quality}

    def _suffices(self, name: str) -> bool:
        quality = self._quality.get(name, {})
        return min(quality.get("recall") or 0, quality.get("precision") or 0) >= MIN_QUALITY

    def _mean(self, figure: str) -> float | None:
        values = [q[figure] for q in self._quality.values() if q[figure] is not None]
        return float(np.mean(values)) if values else None


def _quality(seen: Bools, bears: Bools) -> dict[str, Any]:
    """A judge's figures on ``(n,)`` real sprites: the labels seen against those borne."""
    hits = int((seen & bears).sum())
    recall = hits / int(bears.sum()) if bears.any() else None
    false_alarms = float(seen[~bears].mean()) if not bears.all() else None
    balanced = (
        (recall + 1 - false_alarms) / 2 if recall is not None and false_alarms is not None else None
    )
    return {
        "bearers": int(bears.sum()),
        "recall": recall,
        "precision": hits / int(seen.sum()) if seen.any() else None,
        "balanced_accuracy": balanced,
        "false_alarms": false_alarms,
    }
