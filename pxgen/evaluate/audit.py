"""Which labels the pixels show: visible, occluded or absent, label by label and sprite by sprite.

For every label, rules are learnt that tell its bearers from all others: conjunctions of single
pixels (this place has this colour), grown one pixel at a time and taken while they cover bearers
that no rule before them covers (sequential covering, as in Cohen's RIPPER, ICML 1995). A bearer
that a rule covers shows its label. One that none covers hides it, if other labels of that sprite
hide it wherever they stand beside it; otherwise the label looks like a mistake.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pxgen.dataset import Dataset
from pxgen.examples import spread

F32 = NDArray[np.float32]
Flags = NDArray[np.bool_]

MOST = 20_000
"""Sprites that rules are learnt from."""
RARE = 5
"""Sprites that must share a pixel's colour for rules to ask for it."""
SLACK = 10.0
"""Bits by which a rule must say more of the bearers than it takes to say the rule: what fewer
bearers share could be chance, with so many pixels to choose from."""
PURE = 0.999
"""Share of bearers among the sprites that a rule covers."""
LONGEST = 4
"""Pixels of a rule."""
RULES = 60
"""Rules of a label."""
TELLING = 0.5
"""Share of the bearers that rules must cover to say anything of the others."""
HIDING = 5
"""Uncovered bearers that share another label, and not one covered: that label hides this one."""


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What is seen of one label."""

    name: str
    labelled: int
    telling: bool = False
    """Whether rules were found that tell bearers from others; without, nothing is known."""
    visible: int = 0
    occluded: int = 0
    absent: int = 0
    """Neither visible nor hidden by another label: likely a mistake."""
    traces: int = 0
    """Of those not visible, how many still show something that occurs with this label only."""
    hidden_by: tuple[str, ...] = ()
    """Labels, alone or in pairs (``a + b``), beside which it is never visible."""

    def facts(self) -> dict[str, Any]:
        """Plain JSON values."""
        if not self.telling:
            return {"labelled": self.labelled, "visible": None}
        return {
            "labelled": self.labelled,
            "visible": self.visible,
            "occluded": self.occluded,
            "absent": self.absent,
            "traces": self.traces,
            "hidden_by": list(self.hidden_by),
        }


def audit(dataset: Dataset) -> Iterator[Sight]:
    """Look for every label of a dataset in its pixels, one label after another."""
    chosen = spread(np.arange(len(dataset)), MOST)
    pixels, labels = dataset.take(chosen)
    features = _features(pixels.reshape(len(pixels), -1), len(dataset.palette))
    marks = labels.astype(bool)
    for number, name in enumerate(dataset.label_names):
        others = np.delete(marks, number, axis=1)
        names = [*dataset.label_names[:number], *dataset.label_names[number + 1 :]]
        yield see(name, features, marks[:, number], others, names)


def see(name: str, features: F32, bears: Flags, others: Flags, names: list[str]) -> Sight:
    """Sort the bearers of one label into visible, occluded and absent.

    Args:
        name: the label.
        features: ``(N, M) float32`` zeros and ones, a column for each telling pixel.
        bears: ``(N,)``, who bears it.
        others: ``(N, L - 1)``, the other labels.
        names: of the other labels.
    """
    labelled = int(bears.sum())
    alone = cover(features, bears, longest=1)
    together = cover(features, bears, longest=LONGEST, covered=alone)
    # A label with pixels of its own is seen where they are; the others, where several together
    # occur with it only.
    seen = alone if alone.sum() >= TELLING * labelled else together
    if not labelled or seen.sum() < TELLING * labelled:
        return Sight(name=name, labelled=labelled)
    left = bears & ~seen
    hidden, by = _hiders(left, seen, others, names)
    return Sight(
        name=name,
        labelled=labelled,
        telling=True,
        visible=int(seen.sum()),
        occluded=int(hidden.sum()),
        absent=int((left & ~hidden).sum()),
        traces=int((left & together).sum()),
        hidden_by=by,
    )


def cover(features: F32, bears: Flags, *, longest: int, covered: Flags | None = None) -> Flags:
    """``(N,)``, the bearers that ``covered`` or rules of at most ``longest`` pixels cover."""
    covered = np.zeros(len(bears), bool) if covered is None else covered.copy()
    for _ in range(RULES if bears.any() else 0):
        rule = _grow(features, bears, bears & ~covered, longest)
        if rule is None:
            break
        covered |= rule & bears
    return covered


def _grow(features: F32, bears: Flags, wanted: Flags, longest: int) -> Flags | None:
    """Who the best pure rule covers; it must cover enough bearers that are still wanted."""
    inside = np.ones(len(bears), bool)
    surprise, pick = -np.log2(bears.mean()), np.log2(max(2, features.shape[1]))
    for length in range(1, longest + 1):
        rows = np.flatnonzero(inside)
        new = features[rows].T @ wanted[rows].astype(np.float32)
        wrong = features[rows].T @ (~bears[rows]).astype(np.float32)
        # FOIL's gain: bearers kept, times how much surer the rule becomes of them.
        chance = wanted[rows].sum() / max(1, len(rows))
        gain = new * (np.log2((new + 1e-9) / (new + wrong + 1e-9)) - np.log2(chance + 1e-12))
        # The shortest description decides: each bearer covered is so many bits less to say.
        gain[new * surprise <= length * pick + SLACK] = -np.inf
        best = int(gain.argmax())
        if not np.isfinite(gain[best]):
            return None
        inside[rows] &= features[rows, best] > 0
        if (inside & bears).sum() >= PURE * inside.sum():
            return inside
    return None


def _hiders(
    left: Flags, covered: Flags, others: Flags, names: list[str]
) -> tuple[Flags, tuple[str, ...]]:
    """Which of the uncovered bearers are hidden, and beside which labels."""
    hidden, by = np.zeros(len(left), bool), []
    pairs = [(i, i) for i in range(others.shape[1])]
    pairs += [(i, j) for i in range(others.shape[1]) for j in range(i)]
    counts = others[left].astype(np.int32).T @ others[left]
    seen = others[covered].astype(np.int32).T @ others[covered]
    for i, j in sorted(pairs, key=lambda pair: -counts[pair]):
        if counts[i, j] < HIDING or seen[i, j]:
            continue
        beside = left & others[:, i] & others[:, j] & ~hidden
        if beside.sum() >= HIDING:
            hidden |= beside
            by.append(names[i] if i == j else f"{names[i]} + {names[j]}")
    return hidden, tuple(by)


def _features(flat: NDArray[np.uint8], colors: int) -> F32:
    """A column for each (place, colour) that is neither too rare nor everywhere."""
    columns = []
    for place in range(flat.shape[1]):
        counts = np.bincount(flat[:, place], minlength=colors)
        usual = np.flatnonzero((counts >= RARE) & (counts <= len(flat) - RARE))
        columns += [flat[:, place] == color for color in usual]
    if not columns:
        return np.zeros((len(flat), 0), np.float32)
    return np.stack(columns, axis=1).astype(np.float32)
