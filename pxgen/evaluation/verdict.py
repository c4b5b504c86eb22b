"""The judgement of an evaluation in plain sentences: what is unlike real sprites beyond chance."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pxgen.evaluation.evaluate import Evaluation
from pxgen.evaluation.figures import Z95, Figure, two_sided
from pxgen.evaluation.measure import Row
from pxgen.evaluation.report_text import figure_of, steps_of

BEYOND_CHANCE = 0.003
"""The p value below which a figure differs, as of three standard errors: of about fifteen that are
compared, one reaches 0.05 in every other evaluation by chance."""
MAX_EXCESS = 0.05
"""The share of copies beyond chance that is told as a bound; a larger one is not known."""
MAX_DIFFERENCES = 2
"""Differences that are told of a number of steps, the clearest ones."""
ANY = {1: ("One figure", "it is not"), 2: ("Two figures", "neither is")}
"""Words for so few figures, of which none differs."""
FARTHER = "lie farther from held-out ones as a whole"
WORDS: dict[tuple[str, ...], tuple[str | None, str | None]] = {
    ("craft", "nearly_empty"): ("are nearly empty more often", "are nearly empty less often"),
    ("craft", "foreground"): ("fill more of the canvas", "fill less of the canvas"),
    ("craft", "colors"): ("have more colours", "have fewer colours"),
    ("craft", "outline"): ("are more evenly outlined", "are less evenly outlined"),
    ("craft", "symmetry"): ("are more symmetric", "are less symmetric"),
    ("craft", "stray"): ("are noisier", "are smoother"),
    ("motion", "static_frames"): ("stand still more often", "stand still less often"),
    ("motion", "motion"): ("move more", "move less"),
    ("motion", "loop"): ("close their loops less smoothly", "close their loops more smoothly"),
    ("motion", "flicker"): ("flicker more", "flicker less"),
    ("copies", "near"): ("lie nearer to training sprites", None),
    ("distribution", "shapes", "kid"): (FARTHER, None),
    ("distribution", "form", "kid"): (FARTHER, None),
    ("distribution", "shapes", "coverage"): (None, "are less varied"),
    ("legality", "legal"): (None, "are less often legal"),
    ("legality", "shows_label"): (None, "show the label asked for less often"),
    ("labels", "shows_label"): (None, "show the label asked for less often"),
}
"""Figures that are compared: what more and less of each means; None is no fault."""
REST = {
    "held": "one held",
    "mirrored": "a mirror",
    "nearest": "the nearest training sprite",
}
"""Ways to complete a clip that take no model."""
ASKED = ("legality", "labels")
"""Measures of each sprite by the label asked for, which may be any; others compare collections."""


class Difference(NamedTuple):
    """A figure of drawn sprites beside that of real ones."""

    measure: str
    words: str | None
    """What drawn sprites do more or less; None where it is no fault."""
    figures: str
    errors: float
    """Standard errors between the two, to find the clearest."""
    p: float
    """The chance of such a difference between sprites of one kind."""


def verdict(evaluation: Evaluation) -> Iterator[str]:
    """One to four sentences for each number of steps; none where there is nothing to compare."""
    facts = evaluation.facts
    asked, data = facts["asked"], facts["dataset"]
    for run in facts["runs"]:
        where = f"{steps_of(run)}: " if len(facts["runs"]) > 1 else ""
        compared = list(_differences(evaluation, run))
        faults = [each for each in compared if each.words and each.p < BEYOND_CHANCE]
        for each in _clearest(faults):
            yield f"{where}Drawn sprites {each.words} than real ones: {each.figures}."
        if compared and not faults and data and _too_few(asked["samples"], data["held_out"]):
            yield (
                f"{where}Too few sprites to tell what is beyond chance: {asked['samples']} drawn, "
                f"{data['held_out']} held out."
            )
        elif compared and not faults:
            many, none = ANY.get(len(compared), (f"{len(compared)} figures", "none is"))
            yield (
                f"{where}{many} could be compared with real sprites; {none} worse than chance "
                f"explains ({asked['samples']} drawn)."
            )
        if data and data["trained_on"] and run["copies"]["excess"]:
            yield where + _memory(run["copies"])
    if facts["rest"]:
        yield from _worse_than_simple(facts["rest"]["tasks"])
    if data and not asked["natural"]:
        yield "Labels were asked for in turn: figures of whole collections are not compared."


def _worse_than_simple(tasks: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    """The task in which a way that takes no model is right by far more often than what is drawn."""
    found = []
    for name, figures in tasks.items():
        drawn = Figure.of(figures["exact"])
        for way, words in REST.items():
            other = Figure.of(figures.get(way))
            if drawn and other and (drawn.high or 1.0) < (other.low or 0.0):
                shares = f"{100 * other.value:.1f} %", f"{100 * drawn.value:.1f} %"
                told = f"With {name} given, {words} has {shares[0]} of the rest right"
                found.append((other.value - drawn.value, f"{told}, and what is drawn {shares[1]}"))
    if found:
        yield f"{max(found)[1]}: this model does not know the rest of unseen sprites."


def _too_few(drawn: int, real: int) -> bool:
    """Whether no permutation of so many could be rare enough, however unlike they are."""
    several = math.lgamma(drawn + real + 1) - math.lgamma(drawn + 1) - math.lgamma(real + 1)
    return several < -math.log(BEYOND_CHANCE)


def _clearest(differences: list[Difference]) -> list[Difference]:
    """The clearest of each measure first, since figures of one go together; then the others."""
    ordered = sorted(differences, key=lambda each: -each.errors)
    measures = [each.measure for each in ordered]
    told = sorted(range(len(ordered)), key=lambda i: measures[:i].count(measures[i]))
    return [ordered[i] for i in told[:MAX_DIFFERENCES]]


def _differences(evaluation: Evaluation, run: dict[str, Any]) -> Iterator[Difference]:
    facts = evaluation.facts
    for name, rows in evaluation.rows:
        for row in rows:
            natural = facts["asked"]["natural"] or name in ASKED
            if not natural or (name, *row.keys) not in WORDS:
                continue
            of_run: dict[str, Any] = figure_of(run[name], row) or {}
            drawn = Figure.of(of_run or None)
            real = Figure.of(figure_of(facts["references"][name], row))
            if name == "labels":
                real = Figure.of(run[name]["judge_recall"])
            if drawn is not None and name == "legality":
                yield _misses(row, of_run["of"] - of_run["count"], of_run["of"])
            elif drawn is not None and real is not None:
                yield from _difference(name, row, drawn, real, of_run.get("p"))


def _misses(row: Row, missed: int, of: int) -> Difference:
    """The certifier is exact and every built-in character legal: any miss is a difference."""
    words, p = WORDS[("legality", *row.keys)][1], 0.0 if missed else 1.0
    return Difference("legality", words, f"{missed} of {of} fail", math.inf, p)


def _difference(
    measure: str, row: Row, drawn: Figure, real: Figure, p: float | None
) -> Iterator[Difference]:
    """The difference of two figures: by ``p`` or, if they have intervals, by Newcombe (1998)."""
    words = WORDS[(measure, *row.keys)]
    more, less = (drawn, real) if drawn.value > real.value else (real, drawn)
    errors = 0.0
    if more.low is not None and less.high is not None:
        half = math.hypot(more.value - more.low, less.high - less.value)
        errors = Z95 * (more.value - less.value) / half if half else 0.0
    elif p is None:
        return
    factor, unit = (100, " %") if row.unit == "%" else (1, "")
    digits = 2 if row.title.startswith("KID") else 1
    figures = [f"{factor * each.value:.{digits}f}{unit}" for each in (drawn, real)]
    yield Difference(
        measure,
        words[0] if more is drawn else words[1],
        f"{row.title} {figures[0]} against {figures[1]}",
        errors,
        two_sided(errors) if p is None else p,
    )


def _memory(copies: dict[str, Any]) -> str:
    """Whether copies of training sprites were drawn that chance does not explain, if known."""
    excess, exact = copies["excess"], copies["exact"]
    low, high = (100 * max(0.0, excess[end]) for end in ("low", "high"))
    if excess["p"] < BEYOND_CHANCE and excess["share"] > 0:
        share, chance = (100 * copies[key]["share"] for key in ("exact", "by_chance"))
        return (
            f"Some is learnt by heart: {share:.1f} % are copies of training sprites, of which "
            f"chance explains {chance:.1f} %."
        )
    if excess["high"] < MAX_EXCESS:
        return f"At most {high:.1f} % are learnt by heart: copies that chance does not explain."
    return (
        f"How much is learnt by heart cannot be told from {exact['of']} sprites: {low:.1f} to "
        f"{high:.1f} % may be."
    )
