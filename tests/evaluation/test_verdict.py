"""The sentences at the end of an evaluation: differences beyond chance and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pxgen.cli.evaluate import _print
from pxgen.evaluation.adherence import Adherence
from pxgen.evaluation.copies import Copies
from pxgen.evaluation.craft import Craft
from pxgen.evaluation.distribution import Distribution
from pxgen.evaluation.evaluate import Evaluation
from pxgen.evaluation.figures import proportion
from pxgen.evaluation.labels import Labels
from pxgen.evaluation.legality import Legality
from pxgen.evaluation.measure import Measure
from pxgen.evaluation.motion import Motion
from pxgen.evaluation.report_text import MAX_RUNS, tables, text
from pxgen.evaluation.verdict import verdict
from pxgen.render.page import Page
from tests.support.measuring import drawn, marked

NOTHING = {"share": 0.0, "low": -0.1, "high": 0.02, "p": 1.0}


def share(count: int, of: int) -> dict[str, Any]:
    return proportion(np.arange(of) < count)


def craft(empty: dict[str, Any], stray: float, colors: float = 8.0) -> dict[str, Any]:
    return {
        "nearly_empty": empty,
        "stray": {"value": stray, "low": stray - 0.01, "high": stray + 0.01},
        "colors": {"value": colors, "low": colors - 0.1, "high": colors + 0.1},
    }


def judged(*runs: dict[str, Any], trained_on: bool = True, natural: bool = True) -> Evaluation:
    facts = {
        "asked": {"samples": 500, "natural": natural},
        "dataset": {"trained_on": trained_on, "held_out": 500},
        "references": {"copies": {}, "craft": craft(share(2, 500), 0.09), "labels": {}},
        "rest": None,
        "runs": [{"steps": 8 * k, **run} for k, run in enumerate(runs, start=1)],
    }
    rows = tuple((m.name, m.rows) for m in (Labels, Copies, Craft) if m.name in runs[0])
    return Evaluation(facts, rows, b"", _no_page)


def _no_page() -> Page:
    raise AssertionError("asked for")


@pytest.mark.parametrize(
    ("drawn", "held", "says"), [(40, 80, True), (80, 40, False), (48, 52, False)]
)
def test_what_takes_no_model_and_is_better_is_told(drawn: int, held: int, says: bool) -> None:
    evaluation = judged(run())
    given = {"exact": share(drawn, 100), "held": share(held, 100)}
    others = {"exact": share(90, 100), "held": share(10, 100), "nearest": share(20, 100)}
    evaluation.facts["rest"] = {"sprites": 9, "tasks": {"down": others, "first frame": given}}
    told = [line for line in verdict(evaluation) if "of the rest right" in line]
    expected = (
        "With first frame given, one held has 80.0 % of the rest right, and what is drawn 40.0 %: "
        "this model does not know the rest of unseen sprites."
    )
    assert told == [expected] * says


def run(excess: dict[str, float] | None = NOTHING, **figures: Any) -> dict[str, Any]:
    copies = {"exact": share(50, 500), "by_chance": share(5, 500), "excess": excess}
    return {"copies": copies, **figures}


def test_differences_beyond_chance_are_told_the_clearest_first() -> None:
    assert list(verdict(judged(run(craft=craft(share(26, 500), 0.15))))) == [
        "Drawn sprites are noisier than real ones: stray pixels 15.0 % against 9.0 %.",
        "Drawn sprites are nearly empty more often than real ones: nearly empty 5.2 % against "
        "0.4 %.",
        "At most 2.0 % are learnt by heart: copies that chance does not explain.",
    ]


@pytest.mark.parametrize(
    ("drawn", "real", "enough"), [(5, 4, False), (5, 6, True), (1, 400, True), (1000, 2048, True)]
)
def test_too_few_to_tell_is_no_praise(drawn: int, real: int, enough: bool) -> None:
    """Of 5 and 4 no order is rarer than 1 in 126; a float does not hold all of 1000 and 2048."""
    evaluation = judged(run(craft=craft(share(2, 500), 0.09)))
    evaluation.facts["asked"]["samples"] = drawn
    evaluation.facts["dataset"]["held_out"] = real
    first = next(verdict(evaluation))
    assert ("none is worse" in first) == enough
    few = f"Too few sprites to tell what is beyond chance: {drawn} drawn, {real} held out."
    assert (first == few) == (not enough)


def test_what_chance_explains_is_no_difference() -> None:
    lines = list(verdict(judged(run(craft=craft(share(5, 500), 0.1)))))
    assert lines[0] == (
        "3 figures could be compared with real sprites; none is worse than chance explains (500 "
        "drawn)."
    )
    assert len(lines) == 2
    other = judged(run(craft=craft(share(5, 500), 0.1)), trained_on=False)
    assert len(list(verdict(other))) == 1


def test_copies_beyond_chance_are_told() -> None:
    sure = {"share": 0.09, "low": 0.05, "high": 0.1, "p": 1e-5}
    *_, last = verdict(judged(run(sure, craft=craft(share(2, 500), 0.09))))
    assert last == (
        "Some is learnt by heart: 10.0 % are copies of training sprites, of which chance explains "
        "1.0 %."
    )


def test_copies_that_chance_may_explain_are_bounded_or_said_to_be_unknown() -> None:
    few = {"share": 0.02, "low": 0.001, "high": 0.04, "p": 0.01}
    assert [*verdict(judged(run(few)))] == [
        "At most 4.0 % are learnt by heart: copies that chance does not explain."
    ]
    open_ended = {"share": 0.4, "low": -0.1, "high": 0.9, "p": 0.2}
    assert [*verdict(judged(run(open_ended)))] == [
        "How much is learnt by heart cannot be told from 500 sprites: 0.0 to 90.0 % may be."
    ]


def test_one_training_sprite_drawn_always_is_no_proof_of_innocence(tmp_path: Path) -> None:
    dataset = marked(tmp_path, noise=0.5)
    once = np.repeat(dataset.pixels[dataset.train[:1]], 50, 0)
    (line,) = verdict(judged({"copies": Copies(dataset).of(drawn(once)) | {"near": None}}))
    assert "cannot be told from 50 sprites: 0.0 to 100.0 %" in line


def test_the_p_value_of_a_figure_decides() -> None:
    noisy = craft(share(2, 500), 0.15)
    assert len([*verdict(judged(run(craft=noisy)))]) == 2
    noisy["stray"]["p"] = 0.004
    assert "; none is worse than" in next(verdict(judged(run(craft=noisy))))
    noisy["stray"]["p"] = 0.002
    assert "noisier" in next(verdict(judged(run(craft=noisy))))


def test_sprites_of_chosen_labels_are_not_compared_with_all() -> None:
    """Aliens may well be noisier than all sprites; whether they show their label can be told."""
    labels = {"shows_label": share(300, 500), "judge_recall": share(450, 500), "worst": []}
    lines = [*verdict(judged(run(labels=labels, craft=craft(share(2, 500), 0.5)), natural=False))]
    assert "show the label asked for less often" in lines[0]
    assert "At most" in lines[1]
    assert lines[2].endswith("figures of whole collections are not compared.")
    assert len(lines) == 3


def test_figures_without_an_interval_are_not_compared() -> None:
    figures = craft(share(2, 500), 0.5)
    figures["stray"] |= {"low": None, "high": None}
    assert "Two figures could be compared with real sprites; neither is worse" in next(
        verdict(judged(run(craft=figures)))
    )


def test_each_measure_has_its_say_before_another_figure_of_one() -> None:
    figures = craft(share(2, 500), 0.5, 20.0)
    labels = {"shows_label": share(300, 500), "judge_recall": share(450, 500), "worst": []}
    lines = list(verdict(judged(run(labels=labels, craft=figures))))
    assert len(lines) == 3
    assert "more colours than real ones: colours a sprite 20.0 against 8.0" in lines[0]
    assert lines[1] == (
        "Drawn sprites show the label asked for less often than real ones: shows its label 60.0 % "
        "against 90.0 %."
    )


def test_an_illegal_character_is_unlike_all_real_ones() -> None:
    legality = {"legal": share(490, 500), "shows_label": share(0, 0), "worst": []}
    facts = judged(run()).facts | {"dataset": None, "references": {"legality": {"kinds": 10}}}
    facts["runs"] = [{"steps": 8, "legality": legality}]
    evaluation = Evaluation(facts, (("legality", Legality.rows),), b"", _no_page)
    (line,) = verdict(evaluation)
    assert line.endswith("less often legal than real ones: 10 of 500 fail.")
    (table,) = tables(evaluation)
    assert table.headings == ["legality", "8 steps"]
    assert table.rows[0] == ["legal, %", "98.0 (96.4 to 98.9)"]
    facts["runs"][0]["legality"]["legal"] = share(9999, 10000)
    assert "1 of 10000 fail" in next(verdict(evaluation))


def test_each_number_of_steps_is_judged_and_two_stand_in_a_row() -> None:
    figures = [run(craft=craft(share(2, 500), stray)) for stray in (0.3, 0.2, 0.09)]
    evaluation = judged(*figures)
    lines = list(verdict(evaluation))
    assert [line.split(":")[0] for line in lines] == [f"{8 * k} steps" for k in (1, 1, 2, 2, 3, 3)]
    assert "; none is worse than" in lines[4]
    headings = [table.headings[1:] for table in tables(evaluation) if table.headings[0] == "craft"]
    assert headings == [["8 steps", "16 steps", "held out"], ["24 steps", "held out"]]


MEASURES = (Adherence, Legality, Labels, Copies, Distribution, Craft, Motion)


@pytest.mark.parametrize("measure", MEASURES)
def test_the_document_explains_figures_by_the_names_in_tables(measure: type[Measure]) -> None:
    text = (Path(__file__).parents[2] / "docs" / "evaluate.md").read_text("utf-8").casefold()
    parts = {row.title for row in measure.rows}
    if measure is Distribution:
        parts = {row.title.split(" by ")[0] for row in measure.rows}
        parts |= {"by " + row.keys[0] for row in measure.rows}
    names = {title.removesuffix(", px").casefold() for title in parts}
    assert not {name for name in names if f"*{name}*" not in text}


@pytest.mark.parametrize("measure", MEASURES)
def test_two_numbers_of_steps_beside_real_sprites_fit_100_columns(measure: type[Measure]) -> None:
    """Three figures of the longest kind, two blanks before each."""
    figure = len(text({"value": -0.044, "low": -0.304, "high": 0.216}))
    titles = [f"{row.title}, {row.unit}" if row.unit else row.title for row in measure.rows]
    assert max(map(len, titles)) + (MAX_RUNS + 1) * (2 + figure) <= 100


def test_two_runs_with_worst_labels_and_continued_clips_fit_100_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As printed, where tables of figures stand one below the other and others by themselves."""
    worst = ["headwear-wide-brimmed-hat", "left"]
    of = {name: share(3, 40) for name in worst}
    labels = {"shows_label": share(300, 500), "judge_recall": share(450, 500), "worst": worst}
    judge = {"judge": "held-out", "recall": 0.9, "precision": 1.0, "bearers": 12345}
    figures = run(labels=labels | {"labels": of}, craft=craft(share(2, 500), 0.5, 20.0))
    evaluation = judged(figures, figures)
    again = {"exact": [0.5], "changed_f1": [0.5], "skill": 0.123}
    completed = {
        **dict.fromkeys(("exact", "whole", "legal"), share(3, 40)),
        **dict.fromkeys(("held", "mirrored", "nearest"), share(3, 40)),
        "new_colors": 0.1,
        "by_view": {"left": 0.5, "right": 0.25},
        "motion": {"drawn": again},
    }
    evaluation.facts.update(
        asked=evaluation.facts["asked"] | {"seed": 0, "labels": "none", "sampler": None},
        model={"local_palettes": False},
        held_out_bits=None,
        rest={"sprites": 100, "tasks": {"first frame": completed, "left": completed}},
        runs=[run | {"steps": 576} for run in evaluation.facts["runs"]],
    )
    evaluation.facts["references"]["labels"] = {"labels": dict.fromkeys(worst, judge)}
    _print(evaluation)
    lines = capsys.readouterr().out.splitlines()
    tables = lines[: next(n for n, line in enumerate(lines) if "Drawn sprites" in line)]
    assert sum("shown least, 576 steps" in line for line in tables) == 2
    assert any("100 held-out sprites given" in line for line in tables)
    assert any("motion after the first frame" in line for line in tables)
    assert any(line.split() == ["left", "50.0", "25.0"] for line in tables)
    assert max(map(len, tables)) <= 100
    ends = {line.rstrip().rindex("576 steps") for line in tables if line.count("576 steps") == 2}
    assert len(ends) == 1
