"""The judgement of an evaluation in plain sentences: what is unlike real sprites beyond chance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from pxgen.evaluation.evaluate import Evaluation
from pxgen.evaluation.figures import Z95, Figure
from pxgen.evaluation.measure import Row
from pxgen.evaluation.report_text import found, steps_of

BEYOND_CHANCE = 3.0
"""Standard errors: about twenty figures are compared, of which one would reach two by chance."""
MAX_DIFFERENCES = 2
"""Differences that are told of a number of steps, the clearest ones."""
WORDS: dict[tuple[str, ...], tuple[str | None, str | None]] = {
    ("craft", "nearly_empty"): ("are nearly empty more often", "are nearly empty less often"),
    ("craft", "foreground"): ("fill more of the canvas", "fill less of the canvas"),
    ("craft", "colors"): ("have more colours", "have fewer colours"),
    ("craft", "outline"): ("are more evenly outlined", "are less evenly outlined"),
    ("craft", "symmetry"): ("are more symmetric", "are less symmetric"),
    ("craft", "stray"): ("are noisier", "are smoother"),
    ("copies", "near"): ("lie nearer to training sprites", None),
    ("distribution", "shapes", "kid"): ("lie farther from held-out ones as a whole", None),
    ("distribution", "form", "kid"): ("lie farther from held-out ones as a whole", None),
    ("distribution", "shapes", "coverage"): (None, "are less varied"),
    ("legality", "legal"): (None, "are less often legal"),
    ("legality", "shows_label"): (None, "show the label asked for less often"),
    ("labels", "shows_label"): (None, "show the label asked for less often"),
}
"""Figures that are compared: what more and less of each means; None is no fault."""


class Difference(NamedTuple):
    """A figure of drawn sprites beside that of real ones."""

    measure: str
    words: str | None
    """What drawn sprites do more or less; None where it is no fault."""
    figures: str
    errors: float
    """Standard errors between the two."""


def verdict(evaluation: Evaluation) -> Iterator[str]:
    """One to three sentences for each number of steps; none where there is nothing to compare."""
    facts = evaluation.facts
    for run in facts["runs"]:
        where = f"{steps_of(run)}: " if len(facts["runs"]) > 1 else ""
        compared = list(_differences(evaluation, run))
        clear = [each for each in compared if each.words and each.errors > BEYOND_CHANCE]
        for each in _clearest(clear):
            yield f"{where}Drawn sprites {each.words} than real ones: {each.figures}."
        if compared and not clear:
            count = facts["asked"]["samples"]
            yield f"{where}Nothing measured is unlike real sprites beyond chance ({count} drawn)."
        if facts["dataset"] and facts["dataset"]["trained_on"] and run["copies"]["excess"]:
            yield where + _memory(run["copies"])


def _clearest(found: list[Difference]) -> list[Difference]:
    """The clearest of each measure first, since figures of one go together; then the others."""
    found = sorted(found, key=lambda each: -each.errors)
    measures = [each.measure for each in found]
    told = sorted(range(len(found)), key=lambda i: measures[:i].count(measures[i]))
    return [found[i] for i in told[:MAX_DIFFERENCES]]


def _differences(evaluation: Evaluation, run: dict[str, Any]) -> Iterator[Difference]:
    references = evaluation.facts["references"]
    for name, rows in evaluation.rows:
        for row in rows:
            if (name, *row.keys) not in WORDS:
                continue
            real = Figure.of(found(references[name], row))
            if name == "legality":
                real = Figure(1.0)
            elif name == "labels":
                real = Figure.of(run[name]["judge_recall"])
            drawn = Figure.of(found(run[name], row))
            if drawn is not None and real is not None:
                yield _difference(name, row, drawn, real)


def _difference(measure: str, row: Row, drawn: Figure, real: Figure) -> Difference:
    """The difference of two independent figures (Newcombe, 1998)."""
    words = WORDS[(measure, *row.keys)]
    more, less = (drawn, real) if drawn.value > real.value else (real, drawn)
    ends = (more.value - _or(more.low, more.value), _or(less.high, less.value) - less.value)
    gap, half = more.value - less.value, math.hypot(*ends)
    factor, unit = (100, " %") if row.unit == "%" else (1, "")
    figures = [
        f"{factor * each.value:.{2 if row.title.startswith('KID') else 1}f}{unit}"
        for each in (drawn, real)
    ]
    return Difference(
        measure,
        words[0] if more is drawn else words[1],
        f"{row.title} {figures[0]} against {figures[1]}",
        Z95 * gap / half if half else 0.0,
    )


def _or(end: float | None, value: float) -> float:
    return value if end is None else end


def _memory(copies: dict[str, Any]) -> str:
    """Whether more copies of training sprites were drawn than chance explains."""
    if copies["excess"]["low"] <= 0:
        return "No more copies of training sprites than chance explains."
    share, chance = (100 * copies[key]["share"] for key in ("exact", "by_chance"))
    return (
        f"Some is learnt by heart: {share:.1f} % are copies of training sprites, of which chance "
        f"explains {chance:.1f} %."
    )
