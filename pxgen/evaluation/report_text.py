"""The figures of an evaluation as lines and tables, however they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from pxgen.evaluation.evaluate import Evaluation
from pxgen.evaluation.figures import Figure
from pxgen.evaluation.measure import Row

MAX_RUNS = 2
"""Numbers of steps side by side."""


class TextTable(NamedTuple):
    """One table: the first column names what a row is of, the others are numbers."""

    headings: list[str]
    rows: list[list[str]]
    aligned: bool = False
    """Whether its columns stand below those of other tables."""


def aligned_widths(shown: Sequence[TextTable]) -> list[int]:
    """The widths of the columns that stand below each other, in characters."""
    rows = [row for table in shown if table.aligned for row in (table.headings, *table.rows)]
    return [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]


def remarks(facts: dict[str, Any]) -> Iterator[str]:
    """The evaluation's conditions and bits, as lines."""
    asked, data, bits = facts["asked"], facts["dataset"], facts["held_out_bits"]
    yield (
        f"{asked['samples']} sprites drawn, seed {asked['seed']}, labels asked: {asked['labels']}, "
        f"sampler {asked['sampler'] or 'default'}"
    )
    if facts["model"]["local_palettes"]:
        yield (
            "every sprite has a palette of its own: forms are judged, and pictures show the mean "
            "colours"
        )
    if data is None:
        yield "no dataset: held-out bits, copies and the judge of labels need --dataset"
        return
    if not data["trained_on"]:
        yield "this is not the dataset that the model was trained on: copies are not memories"
    if bits is None and data["held_out"]:
        yield "this kind of model has no likelihood: no bits"
    elif bits is None:
        yield "nothing is held out: no held-out bits, no baseline for distances"
    else:
        interval = "all of one kind, so without an interval"
        if bits["low"] is not None:
            interval = f"95 % interval {bits['low']:.2f} to {bits['high']:.2f}"
        yield f"held-out bits a sprite: {bits['bits']:.2f} ({interval}, {bits['sprites']} sprites)"
        files = bits["files"]
        yield (
            f"the same sprites: {files['raw']:.0f} bits as bare indices, {files['png']:.0f} as PNG "
            f"files, {files['gif']:.0f} as GIF files"
        )
        if len(bits["by_stage"]) > 1:
            parts = ", ".join(f"{name} {of:.2f}" for name, of in bits["by_stage"].items())
            yield f"bits by stage: {parts}"
        if bits["code_bits"] is not None:
            rest = bits["bits"] - bits["code_bits"]
            yield (
                f"of these {bits['code_bits']:.2f} say the code, of whose {bits['units']} units "
                f"{bits['active_units']} are active, and {rest:.2f} the pixels given the code"
            )


def tables(evaluation: Evaluation) -> Iterator[TextTable]:
    """The evaluation's figures, as tables: a row a figure, a column a number of steps.

    At most ``MAX_RUNS`` numbers of steps stand side by side, so that no table is wider than 100
    characters, unless a label's name has more than 28.
    """
    facts, runs = evaluation.facts, evaluation.facts["runs"]
    for start in range(0, len(runs), MAX_RUNS):
        for name, rows in evaluation.rows:
            yield _figures(facts, runs[start : start + MAX_RUNS], name, rows)
    if facts["rest"]:
        yield from _rest(facts["rest"])
    for name in ("legality", "labels"):
        for run in runs:
            if name in run and run[name]["worst"]:
                yield _worst(name, run, facts["references"][name].get("labels", {}))


def _figures(
    facts: dict[str, Any], runs: list[dict[str, Any]], name: str, rows: tuple[Row, ...]
) -> TextTable:
    """The figures of one measure, with those of real sprites beside them where there are any."""
    sets = [run[name] for run in runs]
    headings = [steps_of(run) for run in runs]
    if facts["dataset"] and any(
        figure_of(facts["references"][name], row) is not None for row in rows
    ):
        sets.append(facts["references"][name])
        unseen = name != "distribution" and facts["dataset"]["held_out"]
        headings.append("held out" if unseen else "training set")
    cells = [
        [_titled(row), *(text(figure_of(figures, row), row.unit) for figures in sets)]
        for row in rows
        if any(figure_of(figures, row) is not None for figures in sets[: len(runs)])
    ]
    return TextTable([name, *headings], cells, aligned=True)


def steps_of(run: dict[str, Any]) -> str:
    """The number of steps that a run's sprites were drawn in."""
    return f"{run['steps']} steps" if run["steps"] else "drawn"


def figure_of(figures: dict[str, Any], row: Row) -> Any:
    """A row's figure, None where there is none."""
    value: Any = figures
    for key in row.keys:
        value = None if value is None else value.get(key)
    empty = isinstance(value, dict) and next(iter(value.values())) is None
    return None if empty else value


def _titled(row: Row) -> str:
    return f"{row.title}, {row.unit}" if row.unit else row.title


REST = {
    "exact": "exact, %",
    "whole": "frames, %",
    "held": "held",
    "mirrored": "mirrored",
    "nearest": "nearest",
    "new_colors": "new colours",
    "legal": "legal",
}
"""Columns of the table of what is drawn to given frames; all are shares in per cent."""


def _rest(facts: dict[str, Any]) -> Iterator[TextTable]:
    """The rest of held-out sprites, by what is given; by view; and how motion goes on."""
    given = facts["tasks"]
    keys = [key for key in REST if any(each.get(key) is not None for each in given.values())]
    rows = [[name, *(_short(each.get(key)) for key in keys)] for name, each in given.items()]
    yield TextTable(
        [f"{facts['sprites']} held-out sprites given", *(REST[key] for key in keys)], rows
    )
    views = list(dict.fromkeys(view for each in given.values() for view in each["by_view"]))
    if len(views) > 1:
        rows = [
            [name, *(_short(each["by_view"].get(view)) for view in views)]
            for name, each in given.items()
            if name in views
        ]
        yield TextTable(["exact foreground, %, given", *views], rows)
    for name, each in given.items():
        if "motion" in each:
            yield _continuation(name, each["motion"])


def _short(figure: Any) -> str:
    """A share in per cent without its interval."""
    found = Figure.of(figure)
    return "-" if found is None else f"{100 * found.value:.1f}"


def _continuation(given: str, facts: dict[str, Any]) -> TextTable:
    """Accuracy of continued clips, as means over horizons."""
    rows = []
    for name, figures in facts.items():
        known = [f1 for f1 in figures["changed_f1"] if f1 is not None]
        exact = sum(figures["exact"]) / len(figures["exact"])
        f1 = sum(known) / len(known) if known else None
        rows.append([name, text(exact, "%"), text(f1, "%"), text(figures["skill"])])
    title = f"motion after the {given}"
    return TextTable([title, "exact pixels, %", "F1 of changes, %", "skill"], rows)


def _worst(name: str, run: dict[str, Any], judges: dict[str, Any]) -> TextTable:
    """The labels shown clearly less often than all, and how well the judge knows them."""
    title = f"shown least, {steps_of(run)}"
    headings = ["shown, %", "asked"]
    headings += ["judge", "recall, %", "precision, %", "bearers"] if judges else []
    rows = []
    for label in run[name]["worst"]:
        figure, judge = run[name]["labels"][label], judges.get(label)
        cells = [text(figure, "%"), str(figure["of"])]
        if judge:
            known = (text(judge[key], "%") for key in ("recall", "precision"))
            cells += [judge["judge"], *known, str(judge["bearers"])]
        rows.append([label, *cells, *[""] * (len(headings) - len(cells))])
    return TextTable([title, *headings], rows)


def text(value: Any, unit: str = "") -> str:
    """A figure with its 95 % interval for people, in per cent where that is its unit."""
    figure = Figure.of(value)
    if figure is None:
        return "-"
    if isinstance(value, int):
        return str(value)
    factor = 100 if unit == "%" else 1
    digits = 1 if unit == "%" or abs(figure.value) >= 10 else 3
    shown = f"{factor * figure.value:.{digits}f}"
    if figure.low is None or figure.high is None:
        return shown
    ends = (f"{factor * end:.{digits}f}" for end in (figure.low, figure.high))
    return f"{shown} ({' to '.join(ends)})"
