"""The figures of an evaluation as lines and tables, however they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from pxgen.evaluation.evaluate import Evaluation


class TextTable(NamedTuple):
    """One table: the first column names what a row is of, the others are numbers."""

    headings: list[str]
    rows: list[list[str]]


def remarks(facts: dict[str, Any]) -> Iterator[str]:
    """The evaluation's conditions and bits, as lines."""
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
    """The evaluation's figures, as tables."""
    facts, columns = evaluation.facts, evaluation.columns
    measured = [c for c in columns if any(run[c[1]][c[2]] is not None for run in facts["runs"])]
    yield _headlines(facts, measured)
    if "distribution" in facts["references"]:
        yield _distribution(facts)
    if facts["continuation"]:
        yield _continuation(facts["continuation"])
    for name in ("legality", "labels"):
        for run in facts["runs"]:
            if name in run:
                yield _worst(name, run, facts["references"][name].get("labels", {}))


def _headlines(facts: dict[str, Any], columns: list[tuple[str, str, str]]) -> TextTable:
    """A row for each number of steps, and one of what real sprites score."""
    rows = [
        [str(run["steps"] or "own"), *(text(run[m][key]) for _, m, key in columns)]
        for run in facts["runs"]
    ]
    references = facts["references"]
    if "copies" in references:
        real = (REFERENCE_KEYS.get((m, key), key) for _, m, key in columns)
        cells = [references[m].get(k) for (_, m, _), k in zip(columns, real, strict=True)]
        rows.append(["held out", *map(text, cells)])
    return TextTable(["steps", *(title for title, _, _ in columns)], rows)


def _distribution(facts: dict[str, Any]) -> TextTable:
    """Distances of drawn and of training sprites to held-out ones, as sets."""
    names = ("KID", "precision", "recall", "density", "coverage")
    reference = facts["references"]["distribution"]
    sets = [(str(run["steps"] or "own"), run["distribution"]) for run in facts["runs"]]
    rows = [
        [f"{space}, {steps}", *(text(figures[space][name.lower()]) for name in names)]
        for space in reference
        if isinstance(reference[space], dict)
        for steps, figures in [*sets, ("training set", reference)]
    ]
    return TextTable(["compared with held-out sprites by", *names], rows)


def _continuation(facts: dict[str, Any]) -> TextTable:
    """Accuracy of continued clips, as means over horizons."""
    title = f"{facts['clips']} held-out clips after {facts['kept']} frames"
    rows = []
    for name, figures in facts.items():
        if isinstance(figures, dict):
            known = [f1 for f1 in figures["changed_f1"] if f1 is not None]
            exact = sum(figures["exact"]) / len(figures["exact"])
            f1 = sum(known) / len(known) if known else None
            rows.append([name, text(exact), text(f1), text(figures["skill"])])
    return TextTable([title, "exact pixels", "F1 of changes", "skill"], rows)


REFERENCE_KEYS = {("labels", "shows_label"): "mean_recall"}
"""Keys of the reference that differ from the figure's own."""


def _worst(name: str, run: dict[str, Any], judges: dict[str, Any]) -> TextTable:
    """The labels shown least often when asked for, and how well the judge knows them."""
    by = "certifier" if name == "legality" else "judge"
    title = f"worst labels at {run['steps'] or 'own'} steps ({by})"
    headings = ["shown", "asked"] + (["judge", "recall", "precision", "bearers"] if judges else [])
    rows = []
    for label in run[name]["worst"]:
        figure, judge = run[name]["labels"][label], judges.get(label)
        cells = [text(figure), str(figure["of"])]
        if judge:
            cells += [judge["judge"], *(text(judge[k]) for k in ("recall", "precision", "bearers"))]
        rows.append([label, *cells, *[""] * (len(headings) - len(cells))])
    return TextTable([title, *headings], rows)


def text(value: Any) -> str:
    """A figure for people: shares in per cent with their interval, numbers as they are."""
    if isinstance(value, dict) and "value" in value:
        interval = "" if value["low"] is None else f" ({value['low']:.3f} to {value['high']:.3f})"
        return "-" if value["value"] is None else f"{value['value']:.3f}{interval}"
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
