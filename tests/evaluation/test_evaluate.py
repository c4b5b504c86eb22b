"""Evaluation as a library: figures with types, of a model and real sprites that are given."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from pxgen.checkpoint.card import Card
from pxgen.checkpoint.store import Loaded
from pxgen.config.requests import EvaluateSettings
from pxgen.data.dataset import Dataset
from pxgen.errors import InputError, UsageError
from pxgen.evaluation.evaluate import _asked, evaluate
from pxgen.evaluation.figures import Figure
from pxgen.evaluation.judge import train_judges
from pxgen.evaluation.verdict import verdict
from pxgen.models.protocol import SamplingParams
from pxgen.noise import Noise
from tests.support.tiny import LABELS, PALETTE, tiny_dataset, tiny_model, tiny_table

OPTIONS = EvaluateSettings(count=12, steps=(2, 3), workers=1)


@pytest.fixture(autouse=True)
def quick_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(train_judges.__kwdefaults__, "steps", 5)


def loaded(data: Dataset) -> Loaded:
    card = Card(dict(tiny_table()), data.canvas, PALETTE, LABELS, data.fingerprint)
    return Loaded(tiny_model(of=data.domain), card, Path("model"), None)


def test_figures_are_those_of_the_report(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = tiny_dataset(tmp_path, count=120)
    found = evaluate(loaded(data), data, OPTIONS)
    assert capfd.readouterr() == ("", "")
    first, second = found.runs
    assert (first.steps, second.steps) == (2, 3)
    assert found.figures == first
    bits, run = found.facts["held_out_bits"], found.facts["runs"][1]
    assert first.held_out_bits == Figure(bits["bits"], bits["low"], bits["high"])
    shown = run["labels"]["shows_label"]
    assert second.shows_label == Figure(shown["share"], shown["low"], shown["high"])
    assert second.copies == Figure(0.0, 0.0, run["copies"]["exact"]["high"])
    near = run["copies"]["near"]
    assert second.near == Figure(near["share"], near["low"], near["high"])
    spaces = run["distribution"]["shapes"]
    assert second.kid.value == spaces["kid"]["value"]
    assert second.density == Figure(spaces["density"])
    assert second.coverage.high == spaces["coverage"]["high"]
    for figure, name in ((second.colors, "colors"), (second.stray_pixels, "stray")):
        known = run["craft"][name]
        assert figure == Figure(known["value"], known["low"], known["high"])
        assert 0 < known["p"] <= 1
    assert second.nearly_empty.value == run["craft"]["nearly_empty"]["share"]
    assert second.excess_copies.value == run["copies"]["excess"]["share"]
    assert second.form_kid.value == run["distribution"]["form"]["kid"]["value"]
    assert second.legal is None


def test_without_real_sprites_the_rest_is_measured(tmp_path: Path) -> None:
    figures = evaluate(loaded(tiny_dataset(tmp_path)), None, OPTIONS).figures
    assert (figures.held_out_bits, figures.copies, figures.kid) == (None, None, None)
    assert figures.colors.value > 0


def test_what_takes_long_is_told_and_watched(tmp_path: Path) -> None:
    said, watched = [], []
    data = tiny_dataset(tmp_path)
    evaluate(
        loaded(data),
        data,
        EvaluateSettings(count=3, steps=(2,), workers=1),
        say=said.append,
        watch=lambda pictures, *about: watched.append(about) or pictures,
    )
    rest = "drawing the rest of held-out sprites"
    assert said == ["reading held-out sprites", "learning to judge", "judging", rest]
    count = min(EvaluateSettings().rest, len(data.held_out))
    halves = [(count, f"given {side} half") for side in ("left", "upper", "lower")]
    assert watched == [(3, "drawing at 2 steps"), *halves]


def test_a_request_that_means_nothing_is_refused(tmp_path: Path) -> None:
    model = loaded(tiny_dataset(tmp_path))
    with pytest.raises(UsageError, match="did you mean right"):
        evaluate(model, None, EvaluateSettings(label=("rihgt",)))
    (tmp_path / "clips").mkdir()
    clips = tiny_dataset(tmp_path / "clips", frames=2)
    with pytest.raises(InputError, match=r"clips has another canvas"):
        evaluate(model, clips, OPTIONS)


def test_sprites_of_some_labels_are_not_compared_with_all(tmp_path: Path) -> None:
    data = tiny_dataset(tmp_path)
    found = evaluate(loaded(data), data, replace(OPTIONS, label=("left",), steps=(2,)))
    assert found.facts["runs"][0].keys() == {"steps", "palette", "labels", "copies", "craft"}
    assert found.facts["asked"]["natural"] is False
    evenly = evaluate(loaded(data), data, replace(OPTIONS, ask="evenly", steps=(2,)))
    for each in (found, evenly):
        assert "whole collections are not compared" in [*verdict(each)][-1]


def test_clips_go_on_with_the_labels_that_they_have(tmp_path: Path) -> None:
    data = tiny_dataset(tmp_path, frames=4)
    model, asked = loaded(data), []
    sample = model.model.sample

    def heard(labels: Tensor, noise: Noise, sampling: SamplingParams) -> Tensor:
        if sampling.mask is not None:
            asked.append(labels)
            assert sampling.steps == 1
        return sample(labels, noise, sampling)

    model.model.sample = heard  # type: ignore[method-assign]
    found = evaluate(model, data, replace(OPTIONS, count=1, steps=(1, 2)))
    _, marks = data.take(data.held_out)
    rest = found.facts["rest"]
    assert rest["sprites"] == len(marks) > 1
    each = torch.from_numpy(marks) * 2.0 - 1
    assert torch.equal(torch.cat(asked), each.repeat(len(rest["tasks"]), 1))
    for count in (0, 1):
        asked.clear()
        found = evaluate(model, data, replace(OPTIONS, count=1, steps=(1,), rest=count))
        rest = found.facts["rest"] or {"sprites": 0, "tasks": {}}
        assert rest["sprites"] == count
        assert len(asked) == count * len(rest["tasks"])


def test_of_several_labels_of_a_sprite_any_is_asked_for(tmp_path: Path) -> None:
    """Every sprite bears both, or none where it is every tenth."""
    data = tiny_dataset(tmp_path, count=120)
    marks = np.ones_like(data.marks)
    marks[::10] = 0
    both = dataclasses.replace(data, marks=marks)
    settings = dataclasses.replace(OPTIONS, count=1000)
    nothing = np.zeros(0, np.intp)
    asked = _asked(settings, loaded(data), both, nothing)
    shares = [float((asked == label).mean()) for label in (-1, 0, 1)]
    none = float((marks[data.train] == 0).all(1).mean())
    assert shares == pytest.approx([none, (1 - none) / 2, (1 - none) / 2], abs=0.05)
    assert np.array_equal(asked, _asked(settings, loaded(data), both, nothing))
    other = _asked(dataclasses.replace(settings, seed=1), loaded(data), both, nothing)
    assert not np.array_equal(asked, other)


def test_labels_are_asked_for_as_often_as_training_sprites_bear_them(tmp_path: Path) -> None:
    """Nine in ten bear the label of the right and none that of the left."""
    data = tiny_dataset(tmp_path, count=120)
    marks = np.zeros_like(data.marks)
    marks[np.arange(len(marks)) % 10 > 0, 1] = 1
    few = dataclasses.replace(data, marks=marks)
    settings = dataclasses.replace(OPTIONS, count=40, steps=(1,))
    model = loaded(data)
    found = evaluate(model, few, settings).facts
    shown = found["runs"][0]["labels"]["labels"]
    assert 30 < shown["right"]["of"] < 40
    assert "left" not in shown
    assert "of random training sprites" in found["asked"]["labels"]
    assert found["asked"]["natural"] is True
    evenly = evaluate(model, few, dataclasses.replace(settings, ask="evenly")).facts
    assert evenly["runs"][0]["labels"]["labels"]["right"]["of"] == 20
