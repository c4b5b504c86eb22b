"""The sentences at the end of an evaluation: differences beyond chance and no others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

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
from tests.support.tiny import PALETTE

NOTHING = {"share": 0.0, "low": -0.1, "high": 0.02}


def share(count: int, of: int) -> dict[str, Any]:
    return proportion(np.arange(of) < count)


def craft(empty: dict[str, Any], stray: float, colors: float = 8.0) -> dict[str, Any]:
    return {
        "nearly_empty": empty,
        "stray": {"value": stray, "low": stray - 0.01, "high": stray + 0.01},
        "colors": {"value": colors, "low": colors - 0.1, "high": colors + 0.1},
    }


def judged(*runs: dict[str, Any], trained_on: bool = True) -> Evaluation:
    facts = {
        "asked": {"samples": 500},
        "dataset": {"trained_on": trained_on, "held_out": 500},
        "references": {"copies": {}, "craft": craft(share(2, 500), 0.09), "labels": {}},
        "continuation": None,
        "runs": [{"steps": 8 * k, **run} for k, run in enumerate(runs, start=1)],
    }
    rows = tuple((m.name, m.rows) for m in (Labels, Copies, Craft) if m.name in runs[0])
    return Evaluation(facts, rows, b"", (), PALETTE)


def run(excess: dict[str, float] | None = NOTHING, **figures: Any) -> dict[str, Any]:
    copies = {"exact": share(50, 500), "by_chance": share(5, 500), "excess": excess}
    return {"copies": copies, **figures}


def test_differences_beyond_chance_are_told_the_clearest_first() -> None:
    assert list(verdict(judged(run(craft=craft(share(26, 500), 0.15))))) == [
        "Drawn sprites are noisier than real ones: stray pixels 15.0 % against 9.0 %.",
        "Drawn sprites are nearly empty more often than real ones: nearly empty 5.2 % against "
        "0.4 %.",
        "No more copies of training sprites than chance explains.",
    ]


def test_what_chance_explains_is_no_difference() -> None:
    lines = list(verdict(judged(run(craft=craft(share(5, 500), 0.1)))))
    assert lines[0] == "Nothing measured is unlike real sprites beyond chance (500 drawn)."
    assert len(lines) == 2
    other = judged(run(craft=craft(share(5, 500), 0.1)), trained_on=False)
    assert len(list(verdict(other))) == 1


def test_copies_beyond_chance_are_told() -> None:
    sure = {"share": 0.09, "low": 0.05, "high": 0.1}
    *_, last = verdict(judged(run(sure, craft=craft(share(2, 500), 0.09))))
    assert last == (
        "Some is learnt by heart: 10.0 % are copies of training sprites, of which chance explains "
        "1.0 %."
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
    evaluation = Evaluation(facts, (("legality", Legality.rows),), b"", (), PALETTE)
    (line,) = verdict(evaluation)
    assert line.endswith("less often legal than real ones: legal 98.0 % against 100.0 %.")
    (table,) = tables(evaluation)
    assert table.headings == ["legality", "8 steps"]
    assert table.rows[0] == ["legal, %", "98.0 (96.4 to 98.9)"]


def test_each_number_of_steps_is_judged_and_two_stand_in_a_row() -> None:
    figures = [run(craft=craft(share(2, 500), stray)) for stray in (0.3, 0.2, 0.09)]
    evaluation = judged(*figures)
    lines = list(verdict(evaluation))
    assert [line.split(":")[0] for line in lines] == [f"{8 * k} steps" for k in (1, 1, 2, 2, 3, 3)]
    assert "Nothing measured" in lines[4]
    headings = [table.headings[1:] for table in tables(evaluation) if table.headings[0] == "craft"]
    assert headings == [["8 steps", "16 steps", "held out"], ["24 steps", "held out"]]


@pytest.mark.parametrize(
    "measure", [Adherence, Legality, Labels, Copies, Distribution, Craft, Motion]
)
def test_two_numbers_of_steps_beside_real_sprites_fit_100_columns(measure: type[Measure]) -> None:
    """Three figures of the longest kind, two blanks before each."""
    figure = len(text({"value": -0.044, "low": -0.304, "high": 0.216}))
    titles = [f"{row.title}, {row.unit}" if row.unit else row.title for row in measure.rows]
    assert max(map(len, titles)) + (MAX_RUNS + 1) * (2 + figure) <= 100
