"""Figures of clips by hand, and through the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pxgen.api import evaluate
from pxgen.checkpoint.card import Card
from pxgen.checkpoint.store import prefixed, save_checkpoint
from pxgen.cli.app import pxgen
from pxgen.data.dataset import ABSENT
from pxgen.evaluation import judge
from pxgen.evaluation.measure import Drawn
from pxgen.evaluation.motion import Motion, baselines, changed_f1, continuation
from pxgen.models.protocol import SamplingParams
from pxgen.sampling.engine import PictureRequest
from tests.support.tiny import LABELS, PALETTE, labelled, tiny_dataset, tiny_model, tiny_table


def dot(places: list[tuple[int, int]], color: int = 1) -> np.ndarray:
    """A clip of one pixel that goes from place to place."""
    clip = np.zeros((1, len(places), 4, 5), np.uint8)
    for frame, (row, column) in enumerate(places):
        clip[0, frame, row, column] = color
    return clip


def figures_of(clips: np.ndarray) -> dict[str, float]:
    measured = Motion(None).of(Drawn(clips, np.full(len(clips), -1)))
    return {name: figure["value"] for name, figure in measured.items()}


def test_movement_is_counted() -> None:
    figures = figures_of(dot([(0, 0), (0, 1), (0, 1), (0, 2)]))
    assert figures["static_frames"] == pytest.approx(1 / 3)
    assert figures["motion"] == pytest.approx(2 * (2 / 20) / 3)
    assert figures["loop"] == pytest.approx((2 / 20) / figures["motion"])
    assert figures["flicker"] == 0
    still = figures_of(np.ones((2, 3, 4, 5), np.uint8))
    assert (still["static_frames"], still["motion"], still["loop"]) == (1, 0, 0)


def test_colours_that_come_and_go_flicker() -> None:
    clip = np.concatenate([dot([(0, 0)], color) for color in (1, 2, 1)], axis=1)
    # Transparent stays; of three colours one is common to neighbours.
    assert figures_of(clip)["flicker"] == pytest.approx(1 - 1 / 3)


def test_a_loop_is_a_ratio_of_means_with_its_interval() -> None:
    """As of clips drawn anew many times: the ratio varies as its linear part says."""
    rng = np.random.default_rng(0)
    many = (rng.random((20_000, 3, 4, 5)) < rng.random((20_000, 1, 1, 1))).astype(np.uint8)
    ratios = [figures_of(part)["loop"] for part in np.split(many, 200)]
    figure = Motion(None).of(Drawn(many[:100], np.full(100, -1)))["loop"]
    assert (figure["high"] - figure["low"]) / 2 == pytest.approx(1.98 * np.std(ratios), rel=0.2)
    assert figure["value"] == pytest.approx(1, abs=0.1)


def test_motion_that_has_stopped_differs_from_that_of_real_clips(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    clips = rng.integers(0, 3, (30, 3, 4, 4), dtype=np.uint8)
    measure = Motion(labelled(tmp_path, clips, np.zeros((30, 1), np.uint8), np.arange(30) % 2))
    still = measure.of(Drawn(np.repeat(clips[:, :1], 3, 1), np.full(30, -1)))
    assert still["motion"]["p"] < 0.003
    assert measure.of(Drawn(clips[::2], np.full(15, -1)))["motion"]["p"] > 0.05


def test_baselines_go_on_simply() -> None:
    true = dot([(0, 0), (1, 1), (2, 2), (3, 3)])
    ways = baselines(true, 2)
    assert np.array_equal(ways["best shift"][:, 2:], true[:, 2:])
    assert np.array_equal(ways["last frame"][:, 2], true[:, 1])
    assert np.array_equal(ways["in turn"][:, 2:], true[:, :2])


def test_a_still_image_has_no_skill_and_the_truth_all() -> None:
    true = dot([(0, 0), (1, 1), (2, 2), (3, 3)])
    figures = continuation(true, true, 1)
    assert figures["drawn"]["skill"] == 1
    assert figures["drawn"]["exact"] == [1, 1, 1]
    assert figures["drawn"]["changed_f1"] == [1, 1, 1]
    assert figures["last frame"]["skill"] == 0
    assert figures["last frame"]["changed_f1"] == [0, 0, 0]


def test_changes_count_where_they_are_right() -> None:
    before = np.zeros((1, 2, 2), np.uint8)
    true = np.array([[[1, 2], [0, 0]]], np.uint8)
    assert changed_f1(true, np.array([[[1, 1], [0, 0]]], np.uint8), before) == 0.5
    assert changed_f1(before, before, before) is None


OTHERS = {"one frame in 2", "left half", "upper half", "lower half"}


def test_labels_that_no_pixel_shows_are_open_in_clips_that_are_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(judge.train_judges.__kwdefaults__, "steps", 5)
    data = tiny_dataset(tmp_path, frames=2)
    data = replace(data, unseen=np.full(data.marks.shape, ABSENT, np.uint8))
    card = Card(dict(tiny_table()), data.canvas, PALETTE, LABELS, data.fingerprint)
    weights = prefixed(tiny_model("masked", data.domain).module.state_dict(), "weights")
    save_checkpoint(tmp_path / "run" / "checkpoint.safetensors", card, weights)
    asked = []

    def request(number: int, labels: np.ndarray, sampling: SamplingParams) -> PictureRequest:
        if sampling.mask is not None:
            asked.append(labels)
        return PictureRequest(number, labels, sampling)

    monkeypatch.setattr("pxgen.evaluation.evaluate.PictureRequest", request)
    evaluate(tmp_path / "run", data, count=4)
    assert asked
    assert not np.any(asked)


@pytest.mark.parametrize("recipe", ["vqvae", "masked", "vae"])
def test_models_of_clips_are_measured_in_motion(
    recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(judge.train_judges.__kwdefaults__, "steps", 5)
    data = tiny_dataset(tmp_path, count=48, frames=4)
    card = Card(dict(tiny_table(recipe)), data.canvas, PALETTE, LABELS, data.fingerprint)
    weights = prefixed(tiny_model(recipe, data.domain).module.state_dict(), "weights")
    save_checkpoint(tmp_path / "run" / "checkpoint.safetensors", card, weights)
    command = ["evaluate", "-m", f"{tmp_path}/run", "--dataset", str(tmp_path), "-n", "4"]
    facts = json.loads(CliRunner().invoke(pxgen, [*command, "--json"]).stdout)
    assert facts["references"]["motion"]["static_frames"]["value"] == 1
    assert facts["runs"][0]["motion"]["motion"]["value"] >= 0
    if recipe == "vae":
        assert facts["rest"] is None
        return
    given = facts["rest"]["tasks"]
    first = {"first frame", "first half"}
    assert given.keys() == (first if recipe == "vqvae" else first | OTHERS)
    assert len(given["first frame"]["motion"]["drawn"]["exact"]) == 3
    text = CliRunner().invoke(pxgen, command).stdout
    assert "held-out sprites given" in text
    assert "motion after the first frame" in text
    assert "in turn" in text
