"""A judge's opinion of single sprites."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pxgen import builtin
from pxgen.data.dataset import open_dataset
from pxgen.evaluation.opinion import certified, judged, labels_shown, opinion_by
from tests.support.tiny import tiny_dataset


def test_the_certifier_doubts_wrong_pixels_and_missing_labels() -> None:
    ((pixels, borne),) = builtin.generate(2, 3)
    marks, asked = borne > 0, np.zeros(borne.shape, np.float32)
    right = certified(pixels, asked, builtin.HEADS)
    assert right.doubts.tolist() == [0, 0]
    assert np.array_equal(right.seen, marks)
    pixels[0, 0, 0, 0] = 1 + pixels[0, 0, 0, 0]
    asked[1, np.flatnonzero(~marks[1])[0]] = 1
    wrong = certified(pixels, asked, builtin.HEADS)
    assert wrong.doubts.tolist() == pytest.approx([1 / pixels[0].size, 1])
    # A label that is forbidden and shown is as wrong.
    asked[1] = -1.0 * marks[1]
    assert certified(pixels, asked, builtin.HEADS).doubts[1] == 1


def test_a_classifier_doubts_the_label_it_believes_in_least() -> None:
    scores = np.log(np.array([[3, 1 / 3], [3, 1 / 3], [3, 1 / 3], [3, 1 / 3]], np.float32))
    asked = np.array([[1, 0], [1, 1], [0, -1], [0, 0]], np.float32)
    opinion = judged(scores, asked)
    assert opinion.doubts.tolist() == pytest.approx([0.25, 0.75, 0.25, 0.25])
    assert opinion.seen.tolist() == [[True, False]] * 4
    assert labels_shown(["a", "b"], asked, opinion) == [["a"], ["a", "b"], ["a"], ["a"]]
    assert labels_shown(["a", "b"], asked, None) == [["a"], ["a", "b"], [], []]


def test_a_dataset_teaches_a_judge_if_it_bears_labels(tmp_path: Path) -> None:
    tiny_dataset(tmp_path / "d", 24)
    dataset = open_dataset(tmp_path / "d")
    pixels, marks = dataset.take(dataset.train)
    opinion = opinion_by(dataset, pixels, marks.astype(np.float32))
    assert opinion is not None
    assert opinion.doubts.shape == (len(pixels),)
    assert opinion.doubts.mean() < 0.5
    bare = replace(dataset, marks=np.zeros_like(dataset.marks))
    assert opinion_by(bare, pixels, marks.astype(np.float32)) is None
