"""Label adherence: the judge is measured on sprites that it has not seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pxgen.evaluation import judge
from pxgen.evaluation.labels import Labels
from tests.support.measuring import drawn, marked


@pytest.fixture(autouse=True)
def quick_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(judge.train_judges.__kwdefaults__, "steps", 150)


def test_the_judge_learns_labels_and_is_measured_on_sprites_it_has_not_seen(tmp_path: Path) -> None:
    dataset = marked(tmp_path)
    measure = Labels(dataset, seed=0, workers=2)
    reference = measure.reference()
    for name in ("label 0", "label 1"):
        quality = reference["labels"][name]
        assert quality["judge"] == "held-out"
        assert quality["bearers"] == dataset.marks[dataset.train, int(name[-1])].sum()
        assert min(quality["recall"], quality["precision"]) > 0.95
    pixels = np.zeros((4, 1, 6, 6), np.uint8)
    pixels[:2, 0, 0, 0] = 2
    figures = measure.of(drawn(pixels, [0, 1, 0, 1]))
    assert figures["labels"]["label 0"]["count"] == 1
    assert figures["labels"]["label 1"]["count"] == 0


def test_labels_that_nothing_shows_do_not_look_learnt(tmp_path: Path) -> None:
    """Noise labels can be memorised; a judge measured on what it saw would find them all."""
    reference = Labels(marked(tmp_path, shuffled=True), seed=0, workers=2).reference()
    assert reference["mean_balanced_accuracy"] == pytest.approx(0.5, abs=0.06)


def test_a_rare_label_is_judged_by_folds_that_have_not_seen_its_bearers(tmp_path: Path) -> None:
    measure = Labels(marked(tmp_path, rare=30), seed=0, workers=1)
    quality = measure.reference()["labels"]["label 2"]
    assert (quality["judge"], quality["bearers"]) == ("folds", 30)
    assert quality["recall"] > 0.8
    pixels = np.zeros((2, 1, 6, 6), np.uint8)
    pixels[0, 0, 2, 2] = 4
    assert measure.of(drawn(pixels, [2, 2]))["shows_label"]["count"] == 1


def test_a_label_without_bearers_is_left_out(tmp_path: Path) -> None:
    measure = Labels(marked(tmp_path), seed=0, workers=1)
    assert "label 2" not in measure.reference()["labels"]
    figures = measure.of(drawn(np.zeros((3, 1, 6, 6), np.uint8), [0, 1, 2]))
    assert figures["shows_label"]["of"] == 2


def test_perfect_samples_would_score_the_judges_recall_of_what_was_asked(tmp_path: Path) -> None:
    measure = Labels(marked(tmp_path), seed=0, workers=1)
    known = measure.reference()["labels"]
    figures = measure.of(drawn(np.zeros((4, 1, 6, 6), np.uint8), [0, 1, 1, 1]))
    wanted = (known["label 0"]["recall"] + 3 * known["label 1"]["recall"]) / 4
    assert figures["judge_recall"]["share"] == pytest.approx(wanted)
    assert 0 <= figures["judge_recall"]["low"] < wanted <= figures["judge_recall"]["high"] <= 1


def test_judges_are_the_same_on_any_number_of_threads(tmp_path: Path) -> None:
    dataset = marked(tmp_path, rare=15)
    one, two = (Labels(dataset, seed=0, workers=w) for w in (1, 2))
    assert one.reference() == two.reference()
