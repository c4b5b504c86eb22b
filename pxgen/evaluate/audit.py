"""Which labels the pixels show: visible, occluded or absent, label by label and sprite by sprite.

For every label, rules are learnt that tell its bearers from all others: conjunctions of single
pixels (this place has this colour), grown one pixel at a time and taken while they cover bearers
that no rule before them covers (sequential covering, as in Cohen's RIPPER, ICML 1995). A bearer
that a rule covers shows its label. One that none covers hides it, if other labels of that sprite
hide it wherever they stand beside it; otherwise the label looks like a mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pxgen.dataset import ABSENT, OCCLUDED, Dataset, spread

U8 = NDArray[np.uint8]
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
CHUNK = 4096


Pixel = tuple[int, int]
"""A place and the colour it has there."""
Rule = tuple[Pixel, ...]
"""Pixels that together tell a label."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What tells that a label is shown, and what hides it; learnt from the sprites that bear it."""

    rules: tuple[Rule, ...] = ()
    """A bearer that fits any of them shows the label. Without rules nothing is known of it."""
    hints: tuple[Rule, ...] = ()
    """Longer rules: a bearer that hides the label and fits one still leaves a trace."""
    hiders: tuple[tuple[int, ...], ...] = ()
    """Numbers of labels that hide this one when borne together."""

    def sort(self, flat: U8, marks: Flags, number: int) -> tuple[U8, Flags]:
        """``(n,)`` states of a label in ``(n, P)`` sprites with ``(n, L)`` marks, and traces."""
        bears = marks[:, number]
        visible = bears & (_fits(flat, self.rules) if self.rules else True)
        hidden = np.zeros_like(bears)
        for labels in self.hiders:
            hidden |= marks[:, labels].all(1)
        state = np.zeros(len(flat), np.uint8)
        state[bears & ~visible] = ABSENT
        state[bears & ~visible & hidden] = OCCLUDED
        return state, bears & ~visible & _fits(flat, self.hints)


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What is seen of one label."""

    name: str
    labelled: int
    telling: bool
    """Whether rules were found that tell bearers from others; without, nothing is known."""
    visible: int
    occluded: int
    absent: int
    """Neither visible nor hidden by another label: likely a mistake."""
    traces: int
    """Of those not visible, how many still show something that occurs with this label only."""
    hidden_by: tuple[str, ...]
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


@dataclass(frozen=True)
class Audit:
    """What is seen of all labels of a dataset."""

    sights: tuple[Sight, ...]
    unseen: U8
    """``(N, L) uint8``: 0, or OCCLUDED or ABSENT where a borne label is not seen."""


def audit(dataset: Dataset, progress: Callable[[int], None] = lambda label: None) -> Audit:
    """Look for every label of a dataset in its pixels.

    Args:
        dataset: its labels; those that an earlier audit took away are looked for again.
        progress: is told the number of each label before it is learnt, which takes seconds.
    """
    chosen = spread(np.arange(len(dataset)), MOST)
    pixels, _ = dataset.take(chosen)
    features, telling = _features(pixels.reshape(len(pixels), -1), len(dataset.palette))
    marks = dataset.borne(chosen)
    learnt = []
    for number in range(len(dataset.label_names)):
        progress(number)
        learnt.append(learn(features, telling, marks, number))
    return _apply(dataset, learnt)


def _apply(dataset: Dataset, learnt: Sequence[Evidence]) -> Audit:
    """Sort all sprites, also those that nothing was learnt from."""
    unseen = np.zeros((len(dataset), len(learnt)), np.uint8)
    counts, traces = np.zeros(len(learnt), np.int64), np.zeros(len(learnt), np.int64)
    for start in range(0, len(dataset), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(dataset)))
        pixels, _ = dataset.take(rows)
        flat, marks = pixels.reshape(len(pixels), -1), dataset.borne(rows)
        counts += marks.sum(0)
        for number, evidence in enumerate(learnt):
            unseen[rows, number], traced = evidence.sort(flat, marks, number)
            traces[number] += traced.sum()
    names = dataset.label_names
    sights = []
    for number, evidence in enumerate(learnt):
        occluded, absent = (int((unseen[:, number] == s).sum()) for s in (OCCLUDED, ABSENT))
        sights.append(
            Sight(
                name=names[number],
                labelled=int(counts[number]),
                telling=bool(evidence.rules),
                visible=int(counts[number]) - occluded - absent,
                occluded=occluded,
                absent=absent,
                traces=int(traces[number]),
                hidden_by=tuple(" + ".join(names[i] for i in by) for by in evidence.hiders),
            )
        )
    return Audit(tuple(sights), unseen)


def learn(features: F32, telling: Sequence[Pixel], marks: Flags, number: int) -> Evidence:
    """What tells the bearers of one label, and what hides it.

    Args:
        features: ``(N, M) float32`` zeros and ones, a column for each telling pixel.
        telling: the ``M`` pixels.
        marks: ``(N, L)``, who bears which label.
        number: of the label.
    """
    bears = marks[:, number]
    labelled = int(bears.sum())
    alone, short = cover(features, bears, longest=1)
    together, long = cover(features, bears, longest=LONGEST, covered=alone)
    # A label with pixels of its own is seen where they are; the others, where several together
    # occur with it only.
    enough = alone.sum() >= TELLING * labelled
    seen, rules = (alone, short) if enough else (together, [*short, *long])
    if not labelled or seen.sum() < TELLING * labelled:
        return Evidence()
    return Evidence(
        rules=tuple(tuple(telling[column] for column in rule) for rule in rules),
        hints=tuple(tuple(telling[column] for column in rule) for rule in long),
        hiders=_hiders(bears & ~seen, seen, marks, number),
    )


def cover(
    features: F32, bears: Flags, *, longest: int, covered: Flags | None = None
) -> tuple[Flags, list[list[int]]]:
    """``(N,)``, the bearers that ``covered`` or rules of at most ``longest`` pixels cover.

    And the rules, which name columns of the features.
    """
    covered = np.zeros(len(bears), bool) if covered is None else covered.copy()
    rules = []
    for _ in range(RULES if bears.any() else 0):
        rule = _grow(features, bears, bears & ~covered, longest)
        if not rule:
            break
        rules.append(rule)
        covered |= bears & (features[:, rule] > 0).all(1)
    return covered, rules


def _grow(features: F32, bears: Flags, wanted: Flags, longest: int) -> list[int]:
    """The best pure rule, empty if there is none; it must cover enough that are still wanted."""
    inside = np.ones(len(bears), bool)
    surprise, pick = -np.log2(bears.mean()), np.log2(max(2, features.shape[1]))
    rule = []
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
            return []
        rule.append(best)
        inside[rows] &= features[rows, best] > 0
        if (inside & bears).sum() >= PURE * inside.sum():
            return rule
    return []


def _hiders(left: Flags, covered: Flags, marks: Flags, number: int) -> tuple[tuple[int, ...], ...]:
    """The labels, alone or in pairs, beside which bearers are left and none is covered."""
    hidden, by = np.zeros(len(left), bool), []
    others = np.delete(np.arange(marks.shape[1]), number)
    pairs = [(i, i) for i in others] + [(i, j) for i in others for j in others if j < i]
    counts = marks[left].astype(np.int32).T @ marks[left]
    seen = marks[covered].astype(np.int32).T @ marks[covered]
    for i, j in sorted(pairs, key=lambda pair: -counts[pair]):
        if counts[i, j] < HIDING or seen[i, j]:
            continue
        beside = left & marks[:, i] & marks[:, j] & ~hidden
        if beside.sum() >= HIDING:
            hidden |= beside
            by.append((int(i),) if i == j else (int(i), int(j)))
    return tuple(by)


def _fits(flat: U8, rules: Sequence[Rule]) -> Flags:
    """``(n,)``, which of ``(n, P)`` sprites fit any of the rules."""
    fits = np.zeros(len(flat), bool)
    for rule in rules:
        fits |= np.logical_and.reduce([flat[:, place] == color for place, color in rule])
    return fits


def _features(flat: U8, colors: int) -> tuple[F32, list[Pixel]]:
    """A column for each (place, colour) that is neither too rare nor everywhere, and its pixel."""
    columns, pixels = [], []
    for place in range(flat.shape[1]):
        counts = np.bincount(flat[:, place], minlength=colors)
        usual = np.flatnonzero((counts >= RARE) & (counts <= len(flat) - RARE))
        columns += [flat[:, place] == color for color in usual]
        pixels += [(place, int(color)) for color in usual]
    if not columns:
        return np.zeros((len(flat), 0), np.float32), []
    return np.stack(columns, axis=1).astype(np.float32), pixels
