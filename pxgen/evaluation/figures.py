"""Figures with 95 % intervals, and the typed summary of an evaluation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import F64, Bools

Z95 = 1.959964
"""Standard deviations on each side that hold 95 % of a normal distribution."""
MAX_WORST = 10
"""Labels listed as the worst, at most."""
MIN_ASKED = 5
"""Sprites that were asked for a label, at least, to count it among the worst."""


class Figure(NamedTuple):
    """A measured value and the ends of its 95 % interval, None where there is none."""

    value: float
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, measured: Any) -> Figure | None:
        """A figure as a measure gives it: a number, or a table of it and its interval."""
        if not isinstance(measured, Mapping):
            return None if measured is None else cls(float(measured))
        value = next(measured[key] for key in ("share", "value", "bits") if key in measured)
        return None if value is None else cls(value, measured["low"], measured["high"])


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The main figures of an evaluation, for one number of drawing steps.

    None is what could not be measured: nothing held out, no dataset, no likelihood.
    """

    steps: int | None
    """None for the model's own number."""
    held_out_bits: Figure | None
    """Bound on the bits that code a held-out sprite, given all its labels."""
    shows_label: Figure | None
    """Share of sprites that show the label asked for."""
    legal: Figure | None
    """Share of legal characters, of models of the built-in ones."""
    copies: Figure | None
    """Share of exact copies of training sprites."""
    excess_copies: Figure | None
    """That share less the one to be expected by chance, as copies of held-out sprites tell it."""
    near: Figure | None
    """Share as near to a training sprite as the nearest 5 % of held-out ones are."""
    kid: Figure | None
    """KID (1801.01401) to held-out sprites by colours and shapes, as are the following."""
    precision: Figure | None
    recall: Figure | None
    """Of 1904.06991."""
    density: Figure | None
    coverage: Figure | None
    """Of 2002.09797."""
    form_kid: Figure | None
    """KID by what random convolutions see, wherever it lies."""
    nearly_empty: Figure | None
    """Share of sprites with next to no opaque pixels."""
    foreground: Figure | None
    """Share of opaque pixels, as a mean over sprites."""
    colors: Figure | None
    """Colours a sprite."""
    outline: Figure | None
    """Share of a silhouette's rim in its commonest colour."""
    symmetry: Figure | None
    """Share of the opaque pixels that equal their mirror images."""
    stray_pixels: Figure | None
    """Share of pixels that differ from all eight around them."""

    @classmethod
    def of(cls, run: Mapping[str, Any], bits: Mapping[str, Any] | None) -> Figures:
        """From the figures of each measure by its name, and those of the held-out bound."""

        def figure(measure: str, *keys: str) -> Figure | None:
            found = run.get(measure)
            for key in keys:
                found = None if found is None else found[key]
            return Figure.of(found)

        judge = "legality" if "legality" in run else "labels"
        sets = {
            name: figure("distribution", "shapes", name)
            for name in ("kid", "precision", "recall", "density", "coverage")
        }
        return cls(
            steps=run["steps"],
            held_out_bits=Figure.of(bits),
            shows_label=figure(judge, "shows_label"),
            legal=figure("legality", "legal"),
            copies=figure("copies", "exact"),
            excess_copies=figure("copies", "excess"),
            near=figure("copies", "near"),
            form_kid=figure("distribution", "form", "kid"),
            nearly_empty=figure("craft", "nearly_empty"),
            foreground=figure("craft", "foreground"),
            colors=figure("craft", "colors"),
            outline=figure("craft", "outline"),
            symmetry=figure("craft", "symmetry"),
            stray_pixels=figure("craft", "stray"),
            **sets,
        )


def proportion(hits: Bools, group: NDArray[np.integer] | None = None) -> dict[str, Any]:
    """The share of ``(n,)`` hits with the 95 % interval of Wilson (1927), sound near 0 and 1, too.

    Sprites of one ``(n,)`` group count together, as in :func:`bounded_mean`; without groups each
    counts. ``share``, ``low`` and ``high`` are None where there is nothing to count.
    """
    of, count = len(hits), int(hits.sum())
    if not of:
        return {"share": None, "low": None, "high": None, "count": 0, "of": 0}
    observations = of if group is None else _observations(hits.astype(np.float64), group)
    low, high = wilson(count / of, observations)
    return {"share": count / of, "low": low, "high": high, "count": count, "of": of}


def wilson(p: float, n: float) -> tuple[float, float]:
    """The 95 % interval of Wilson (1927) for a share ``p`` of ``n`` independent observations."""
    z = Z95
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # Exact at the ends, where rounding would leave 1e-17 or exclude the share itself.
    return (0.0 if p == 0 else centre - half), (1.0 if p == 1 else centre + half)


def bounded_mean(values: F64, group: NDArray[np.integer]) -> tuple[float, float, float]:
    """The mean of ``(n,)`` values in [0, 1] and its 95 % interval, which stays in there.

    That of Wilson for as many observations of 0 or 1 as would tell the mean as precisely, where a
    ``(n,)`` group counts as one observation (cluster-robust variance).
    """
    mean = min(1.0, float(values.mean()))
    return mean, *wilson(mean, _observations(values, group))


def _observations(values: F64, group: NDArray[np.integer]) -> float:
    """How many independent observations of 0 or 1 tell as much as a mean of groups.

    The effective sample size of Korn and Graubard (1998), for few groups, too.
    """
    mean = float(values.mean())
    _, inverse = np.unique(group, return_inverse=True)
    squares = float((np.bincount(inverse, values - mean) ** 2).sum())
    count = int(inverse.max()) + 1
    if count < 2 or squares < 1e-12:
        return float(count)
    squares *= count / (count - 1) * (t95(count - 1) / Z95) ** 2
    return mean * (1 - mean) * len(values) ** 2 / squares


def two_sided(errors: float) -> float:
    """The two-sided p value of so many standard errors."""
    return math.erfc(errors / math.sqrt(2))


def t95(freedom: int) -> float:
    """The quantile of Student's t that stands for ``Z95``, by the approximation of Wallace (1959).

    It is 39 % too wide for one degree of freedom, 4 % for two and about 1 % or less for more.
    """
    z = Z95 * (8 * freedom + 3) / (8 * freedom + 1)
    return math.sqrt(freedom * math.expm1(z * z / freedom))


def mean_with_interval(
    values: F64, group: NDArray[np.integer]
) -> tuple[float, float | None, float | None]:
    """The mean of ``(n,)`` values and its 95 % interval, for a population of groups.

    The ends are None where there is but one group.

    Mirrors and recolours repeat each other's value, so a group counts as one observation
    (cluster-robust variance); with groups of one this is the usual interval.
    """
    mean = float(values.mean())
    _, inverse = np.unique(group, return_inverse=True)
    residuals = np.bincount(inverse, values - mean)
    count = len(residuals)
    if count < 2:
        return mean, None, None
    std_error = math.sqrt(float((residuals**2).sum()) * count / (count - 1)) / len(values)
    half = t95(count - 1) * std_error
    return mean, mean - half, mean + half


def label_accuracy(names: Sequence[str], asked: NDArray[np.intp], shown: Bools) -> dict[str, Any]:
    """Accuracy of labels: the share of sprites that show the one asked for, by label, too.

    ``(n,)`` label numbers are asked for, of which -1 is not counted; ``(n,) bool`` are shown.
    ``worst`` are labels that were asked for ``MIN_ASKED`` times and whose interval lies below the
    share of all.
    """
    labels = {names[k]: proportion(shown[asked == k]) for k in np.unique(asked[asked >= 0])}
    whole = proportion(shown[asked >= 0])
    below = [n for n, f in labels.items() if f["of"] >= MIN_ASKED and f["high"] < whole["share"]]
    worst = sorted(below, key=lambda name: labels[name]["share"])[:MAX_WORST]
    return {"shows_label": whole, "worst": worst, "labels": labels}
