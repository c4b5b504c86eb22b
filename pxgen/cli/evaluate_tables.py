"""The figures of an evaluation as tables on standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from pxgen.commands.evaluate import Evaluation

WIDE = 400
"""Columns of the page where the output is no terminal: nothing is cut."""


def print_tables(evaluation: Evaluation) -> None:
    """Print what was measured, in frames on a terminal and as aligned text elsewhere."""
    terminal = sys.stdout.isatty()
    console = Console(
        file=sys.stdout, width=None if terminal else WIDE, markup=False, highlight=False
    )
    frame = box.SIMPLE_HEAD if terminal else None
    for line in _remarks(evaluation.facts):
        console.print(line)
    for table in _tables(evaluation):
        console.print()
        table.box, table.pad_edge = frame, terminal
        console.print(table)


def _remarks(facts: dict[str, Any]) -> Iterator[str]:
    asked, data, bits = facts["asked"], facts["dataset"], facts["held_out_bits"]
    yield (
        f"{asked['samples']} sprites drawn, seed {asked['seed']}, labels asked: {asked['labels']}, "
        f"sampler {asked['sampler'] or 'default'}"
    )
    if data is None:
        yield "no dataset: held-out bits, copies and the judge of labels need --dataset"
        return
    if not data["trained_on"]:
        yield "this is not the dataset that the model was trained on: copies are not memories"
    if bits is None:
        yield "nothing is held out: no held-out bits, no baseline for distances"
    else:
        spread = f"95 % interval {bits['low']:.2f} to {bits['high']:.2f}"
        yield f"held-out bits a sprite: {bits['bits']:.2f} ({spread}, {bits['sprites']} sprites)"
        if bits["code_bits"] is not None:
            rest = bits["bits"] - bits["code_bits"]
            yield (
                f"of these {bits['code_bits']:.2f} say the code, of whose {bits['units']} units "
                f"{bits['active_units']} are active, and {rest:.2f} the pixels given the code"
            )


def _tables(evaluation: Evaluation) -> Iterator[Table]:
    facts, columns = evaluation.facts, evaluation.columns
    measured = [c for c in columns if any(run[c[1]][c[2]] is not None for run in facts["runs"])]
    yield _headlines(facts, measured)
    if "distribution" in facts["references"]:
        yield _distribution(facts)
    for name in ("legality", "labels"):
        for run in facts["runs"]:
            if name in run:
                yield _worst(name, run, facts["references"][name].get("labels", {}))


def _headlines(facts: dict[str, Any], columns: list[tuple[str, str, str]]) -> Table:
    """A row for each number of steps, and one of what real sprites score."""
    table = Table("steps", title_justify="left")
    for title, _, _ in columns:
        table.add_column(title, justify="right")
    for run in facts["runs"]:
        table.add_row(str(run["steps"] or "own"), *(text(run[m][key]) for _, m, key in columns))
    references = facts["references"]
    if "copies" in references:
        real = (REAL.get((m, key), key) for _, m, key in columns)
        cells = [references[m].get(k) for (_, m, _), k in zip(columns, real, strict=True)]
        table.add_row("held out", *(text(cell) for cell in cells))
    return table


def _distribution(facts: dict[str, Any]) -> Table:
    """How drawn sprites are alike held-out ones as a whole, and how training sprites are."""
    headings = ("KID", "precision", "recall", "density", "coverage")
    table = Table("compared with held-out sprites by", "steps", title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="right")
    reference = facts["references"]["distribution"]
    rows = [(str(run["steps"] or "own"), run["distribution"]) for run in facts["runs"]]
    for space, figures in reference.items():
        if isinstance(figures, dict):
            for steps, figure in [*rows, ("training set", reference)]:
                cells = (text(figure[space][heading.lower()]) for heading in headings)
                table.add_row(space, steps, *cells)
    return table


REAL = {("labels", "shows_label"): "mean_recall"}
"""Where real sprites' score of a figure stands under another key."""


def _worst(name: str, run: dict[str, Any], judges: dict[str, Any]) -> Table:
    """The labels shown least often when asked for, and how well the judge knows them."""
    by = "certifier" if name == "legality" else "judge"
    table = Table(f"worst labels at {run['steps'] or 'own'} steps ({by})", title_justify="left")
    headings = ["shown", "asked"] + (["judge", "recall", "precision", "bearers"] if judges else [])
    for heading in headings:
        table.add_column(heading, justify="right")
    for label in run[name]["worst"]:
        figure, judge = run[name]["labels"][label], judges.get(label)
        cells = [text(figure), str(figure["of"])]
        if judge:
            cells += [judge["judge"], *(text(judge[k]) for k in ("recall", "precision", "bearers"))]
        table.add_row(label, *cells)
    return table


def text(value: Any) -> str:
    """A figure for people: shares in per cent with their interval, numbers as they are."""
    if isinstance(value, dict) and "value" in value:
        spread = "" if value["low"] is None else f" ({value['low']:.3f} to {value['high']:.3f})"
        return "-" if value["value"] is None else f"{value['value']:.3f}{spread}"
    if isinstance(value, dict):
        if value["share"] is None:
            return "-"
        low, high = 100 * value["low"], 100 * value["high"]
        return f"{100 * value['share']:.1f} % ({low:.1f}-{high:.1f})"
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3g}" if value > 1 else f"{value:.3f}"
    return str(value)
