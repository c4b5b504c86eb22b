"""Audit of labels: visible, occluded or absent in the pixels of each sprite.

For every label, rules are learnt that tell its bearers from all others: conjunctions of single
pixels (this place has this colour), grown one pixel at a time and taken while they cover bearers
that no rule before them covers (sequential covering, as in Cohen's RIPPER, ICML 1995). A bearer
that a rule covers shows its label. Where none is covered beside another label, either the two look
different together, and rules of their own tell bearers from others there, or that label hides it.
What is neither covered nor hidden looks like a mistake. A hidden label may leave traces all the
same: something that occurs with this label only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pxgen.arrays import F32, Bools, Bytes, IndexMaps
from pxgen.data.dataset import ABSENT, OCCLUDED, TRACED, Dataset, subsample
from pxgen.errors import Progress, unwatched

MAX_SPRITES, MAX_CELLS = 20_000, 2**28
"""Sprites that rules are learnt from, and entries of their feature matrix, at most."""
COLORS_PER_PIXEL = 8
"""Colours of a pixel that are worth a rule: an estimate, to bound the feature matrix."""
MIN_SHARED = 5
"""Sprites that must share a pixel's colour for rules to ask for it."""
MIN_GAIN_BITS = 10.0
"""Bits that a rule must save on the bearers beyond its own length: what fewer bearers share could
be chance, with so many pixels to choose from."""
MIN_PRECISION = 0.999
"""Share of bearers among the sprites that a rule covers, at least."""
MAX_RULE_PIXELS = 4
"""Pixels of a rule."""
MAX_RULES = 60
"""Rules of a label."""
MIN_RECALL = 0.5
"""Share of the bearers that rules must cover before they judge the others."""
MIN_HIDDEN = 5
"""Uncovered bearers that share another label, and not one covered: that label hides this one."""
CHUNK = 4096


Pixel = tuple[int, int]
"""A place and the colour it has there."""


@dataclass(frozen=True)
class PixelRule:
    """A conjunction of pixels that shows a label."""

    pixels: tuple[Pixel, ...]
    beside: tuple[int, ...] = ()
    """Numbers of labels that must be borne, too: a label can look different beside others."""

    def fits(self, flat: IndexMaps, marks: Bools) -> Bools:
        """``(n,) bool``: the sprites ``(n, P)`` with ``(n, L)`` marks that it covers."""
        tests = [flat[:, place] == color for place, color in self.pixels]
        return np.asarray(np.logical_and.reduce(tests) & marks[:, self.beside].all(1))


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Learnt rules by which a label is shown, and the labels that occlude it."""

    rules: tuple[PixelRule, ...] = ()
    """A bearer that fits any of them shows the label; without rules none can be judged."""
    traces: tuple[PixelRule, ...] = ()
    """A bearer that fits any of them, and no rule, shows a trace of the label."""
    occluders: tuple[tuple[int, ...], ...] = ()
    """Numbers of labels that hide this one when borne together."""

    def states(self, flat: IndexMaps, marks: Bools, number: int) -> Bytes:
        """``(n,)`` states of a label in ``(n, P)`` sprites with ``(n, L)`` marks."""
        bears = marks[:, number]
        missed = bears & ~_fits_any(flat, marks, self.rules) if self.rules else np.zeros_like(bears)
        state = np.where(missed, ABSENT, 0).astype(np.uint8)
        for labels in self.occluders:
            state[missed & marks[:, labels].all(1)] = OCCLUDED
        state[missed & _fits_any(flat, marks, self.traces)] = TRACED
        return state


@dataclass(frozen=True, kw_only=True)
class LabelFinding:
    """Counts of one label's states over the sprites that bear it."""

    name: str
    labelled: int
    informative: bool
    """True if rules were found; without, its bearers cannot be judged."""
    visible: int
    occluded: int
    absent: int
    """Neither visible nor hidden by another label: likely a mistake."""
    traces: int
    """Those of the occluded that show something which occurs with this label only."""
    hidden_by: tuple[str, ...]
    """Labels, alone or in pairs (``a + b``), beside which it is never visible."""

    def facts(self) -> dict[str, Any]:
        """Plain JSON values."""
        if not self.informative:
            return {"labelled": self.labelled, "visible": None}
        facts = asdict(self) | {"hidden_by": list(self.hidden_by)}
        del facts["name"], facts["informative"]
        return facts


@dataclass(frozen=True)
class Audit:
    """The findings of all labels of a dataset."""

    findings: tuple[LabelFinding, ...]
    unseen: Bytes
    """``(N, L) uint8``: 0, or OCCLUDED, ABSENT or TRACED where a borne label is not seen."""


def audit(dataset: Dataset, progress: Progress = unwatched) -> Audit:
    """Look for every label of a dataset in its pixels.

    Args:
        dataset: its labels; those that an earlier audit took away are looked for again.
        progress: is told how many labels are learnt, of which each takes seconds.
    """
    most = min(MAX_SPRITES, max(1, MAX_CELLS // (COLORS_PER_PIXEL * dataset.canvas.pixels)))
    chosen = subsample(np.arange(len(dataset)), most)
    pixels, _ = dataset.take(chosen)
    features, columns = _features(pixels.reshape(len(pixels), -1), len(dataset.palette))
    marks = dataset.borne(chosen)
    learnt = []
    for number in range(len(dataset.label_names)):
        progress(number, "labels audited")
        learnt.append(learn(features, columns, marks, number))
    return _apply(dataset, learnt)


def _apply(dataset: Dataset, learnt: Sequence[Evidence]) -> Audit:
    """Sort all sprites, also those that nothing was learnt from."""
    unseen = np.zeros((len(dataset), len(learnt)), np.uint8)
    counts = np.zeros(len(learnt), np.int64)
    for start in range(0, len(dataset), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(dataset)))
        pixels, _ = dataset.take(rows)
        flat, marks = pixels.reshape(len(pixels), -1), dataset.borne(rows)
        counts += marks.sum(0)
        for number, evidence in enumerate(learnt):
            unseen[rows, number] = evidence.states(flat, marks, number)
    names = dataset.label_names
    findings = []
    for number, evidence in enumerate(learnt):
        states = np.bincount(unseen[:, number], minlength=TRACED + 1).tolist()
        findings.append(
            LabelFinding(
                name=names[number],
                labelled=int(counts[number]),
                informative=bool(evidence.rules),
                visible=int(counts[number]) - sum(states[1:]),
                occluded=states[OCCLUDED] + states[TRACED],
                absent=states[ABSENT],
                traces=states[TRACED],
                hidden_by=tuple(" + ".join(names[i] for i in by) for by in evidence.occluders),
            )
        )
    return Audit(tuple(findings), unseen)


def learn(features: F32, pixels: Sequence[Pixel], marks: Bools, number: int) -> Evidence:
    """Learn the rules of the label of a number, and the labels that occlude it.

    ``(N, M) float32`` features are zeros and ones, a column for each of the ``M`` pixels;
    ``(N, L) bool`` marks say which labels a sprite bears.
    """
    bears = marks[:, number]
    labelled = int(bears.sum())
    alone, short = cover(features, bears, longest=1)
    together, long = cover(features, bears, longest=MAX_RULE_PIXELS, covered=alone)
    # A label with pixels of its own is seen where they are; the others, where several together
    # occur with it only.
    enough = alone.sum() >= MIN_RECALL * labelled
    seen, found = (alone, short) if enough else (together, [*short, *long])
    if not labelled or seen.sum() < MIN_RECALL * labelled:
        return Evidence()
    rules = [_rule(pixels, columns) for columns in found]
    traces = [_rule(pixels, columns) for columns in long]
    occluders: list[tuple[int, ...]] = []
    hidden = np.zeros_like(bears)
    for beside in _candidates(bears & ~seen, marks, number):
        both = marks[:, beside].all(1)
        left = bears & both & ~seen & ~hidden
        if left.sum() < MIN_HIDDEN or (seen & both).any():
            continue
        rows = np.flatnonzero(both)
        own, columns = cover(features[rows], bears[rows], longest=MAX_RULE_PIXELS)
        special = [_rule(pixels, each, beside) for each in columns]
        if own.sum() >= MIN_RECALL * (bears & both).sum() and not enough:
            rules += special
            seen[rows] |= own
        else:
            # What has pixels of its own is hidden without them, whatever else may betray it:
            # a hat that darkens beside an earring still covers it.
            traces += special
            hidden |= left
            occluders.append(beside)
    return Evidence(rules=tuple(rules), traces=tuple(traces), occluders=tuple(occluders))


def _rule(pixels: Sequence[Pixel], columns: list[int], beside: tuple[int, ...] = ()) -> PixelRule:
    return PixelRule(tuple(pixels[column] for column in columns), beside)


def _candidates(left: Bools, marks: Bools, number: int) -> Iterator[tuple[int, ...]]:
    """Labels, alone or in pairs, that some bearers without evidence share; the commonest first."""
    # Of small whole numbers float32 is exact, and multiplied far sooner.
    bears = marks[left].astype(np.float32)
    counts = np.tril((bears.T @ bears).astype(np.int64))
    counts[number], counts[:, number] = 0, 0
    rows, columns = np.nonzero(counts >= MIN_HIDDEN)
    # Of equally common ones those alone come first.
    order = np.lexsort((rows != columns, -counts[rows, columns]))
    for i, j in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        yield (i,) if i == j else (i, j)


def cover(
    features: F32, bears: Bools, *, longest: int, covered: Bools | None = None
) -> tuple[Bools, list[list[int]]]:
    """Sequential covering: rules of at most ``longest`` pixels, as columns of the features.

    Returns:
        ``(N,) bool`` bearers that ``covered`` or the rules cover, and the rules.
    """
    covered = np.zeros(len(bears), bool) if covered is None else covered.copy()
    rules = []
    # Of a handful of sprites no pixel is telling.
    for _ in range(MAX_RULES if features.size and bears.any() else 0):
        rule = _grow(features, bears, bears & ~covered, longest)
        if not rule:
            break
        rules.append(rule)
        covered |= bears & (features[:, rule] > 0).all(1)
    return covered, rules


def _grow(features: F32, bears: Bools, wanted: Bools, longest: int) -> list[int]:
    """The rule of most FOIL gain on the ``wanted`` bearers, of enough precision; or none."""
    inside = np.ones(len(bears), bool)
    surprisal, pick = -np.log2(bears.mean()), np.log2(max(2, features.shape[1]))
    rule = []
    for length in range(1, longest + 1):
        rows = np.flatnonzero(inside)
        new = features[rows].T @ wanted[rows].astype(np.float32)
        wrong = features[rows].T @ (~bears[rows]).astype(np.float32)
        # FOIL's gain: bearers kept, times how much surer the rule becomes of them.
        precision = wanted[rows].sum() / max(1, len(rows))
        gain = new * (np.log2((new + 1e-9) / (new + wrong + 1e-9)) - np.log2(precision + 1e-12))
        # The shortest description decides: each bearer covered is so many bits less to say.
        gain[new * surprisal <= length * pick + MIN_GAIN_BITS] = -np.inf
        best = int(gain.argmax())
        if not np.isfinite(gain[best]):
            return []
        rule.append(best)
        inside[rows] &= features[rows, best] > 0
        if (inside & bears).sum() >= MIN_PRECISION * inside.sum():
            return rule
    return []


def _fits_any(flat: IndexMaps, marks: Bools, rules: Sequence[PixelRule]) -> Bools:
    """``(n,) bool``: the sprites that any of the rules covers."""
    fits = np.zeros(len(flat), bool)
    for rule in rules:
        fits |= rule.fits(flat, marks)
    return fits


def _features(flat: IndexMaps, colors: int) -> tuple[F32, list[Pixel]]:
    """A column for each (place, colour) that is neither too rare nor everywhere, and its pixel."""
    columns, pixels = [], []
    for place in range(flat.shape[1]):
        counts = np.bincount(flat[:, place], minlength=colors)
        usual = np.flatnonzero((counts >= MIN_SHARED) & (counts <= len(flat) - MIN_SHARED))
        columns += [flat[:, place] == color for color in usual]
        pixels += [(place, int(color)) for color in usual]
    if not columns:
        return np.zeros((len(flat), 0), np.float32), []
    return np.stack(columns, axis=1).astype(np.float32), pixels
