"""Training as a library: a generator of reports that leaves nothing behind but its run folder."""

from __future__ import annotations

import json
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from pxgen.checkpoint.card import read_card
from pxgen.checkpoint.store import save_checkpoint
from pxgen.config.settings import TrainSettings
from pxgen.data.dataset import Dataset
from pxgen.training import session
from pxgen.training.report import Report
from pxgen.training.session import reports
from tests.support.tiny import tiny_dataset
from tests.support.trainings import request

SETTINGS = TrainSettings(steps=6, batch=40, warmup=2, validate_every=4, save_every=1e9)


def start(
    dataset: Path | Dataset, out: Path, settings: TrainSettings = SETTINGS
) -> Generator[Report, None, None]:
    return reports(request(dataset, out.parent, settings, out=out))


def step_of_denoiser(run: Generator[Report, None, None], step: int) -> Report:
    return next(r for r in run if (r.stage, r.position.step) == ("denoiser", step))


def assert_equal(run: Path, other: Path) -> None:
    ours, theirs = (load_file(each / "checkpoint.safetensors") for each in (run, other))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_every_step_is_a_report_and_the_last_one_names_the_checkpoint(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tiny_dataset(tmp_path)
    with ThreadPoolExecutor(1) as worker:
        *before, last = worker.submit(lambda: list(start(tmp_path, tmp_path / "run"))).result()
    assert [r.position.step for r in before if r.stage == "denoiser"] == [1, 2, 3, 4, 5]
    assert not any(report.finished or report.checkpoint for report in before)
    assert last.finished
    assert read_card(last.checkpoint)[0].training["finished"]
    assert last.preview.is_file()
    assert last.held_out["bits"] > 0
    assert last.quality["colors"] > 0
    *_, line = (tmp_path / "run/metrics.jsonl").read_text().splitlines()
    assert json.loads(line)["quality_colors"] == last.quality["colors"]
    assert capfd.readouterr() == ("", "")
    # Once more, and there is nothing left to do.
    (only,) = start(tmp_path, tmp_path / "run")
    assert (only.finished, only.checkpoint) == (True, last.checkpoint)
    assert only.position == last.position


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_training_that_is_left_early_is_saved_and_goes_on(
    tmp_path: Path, interrupted: bool
) -> None:
    dataset = tiny_dataset(tmp_path)
    for _ in start(dataset, tmp_path / "whole"):
        pass
    reports = start(dataset, tmp_path / "part")
    step_of_denoiser(reports, 3)
    if interrupted:
        with pytest.raises(KeyboardInterrupt):
            reports.throw(KeyboardInterrupt())
    else:
        reports.close()
    assert read_card(tmp_path / "part")[0].training["step"] == 3
    first = next(again := start(dataset, tmp_path / "part"))
    assert first.position.step == 4
    *_, last = again
    assert last.finished
    assert_equal(tmp_path / "part", tmp_path / "whole")


def test_a_budget_that_is_spent_already_ends_a_resumed_training_at_once(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path)
    step_of_denoiser(reports := start(dataset, tmp_path / "run"), 5)
    reports.close()
    (only,) = start(dataset, tmp_path / "run", replace(SETTINGS, steps=4))
    assert (only.finished, only.position.step, only.losses) == (True, 5, {})
    assert read_card(only.checkpoint)[0].training["finished"]


def test_the_caller_keeps_its_own_torch(tmp_path: Path) -> None:
    before, state = torch.get_num_threads(), torch.get_rng_state()
    denormal = torch.tensor([1e-40])
    torch.set_num_threads(3)
    try:
        reports = start(tiny_dataset(tmp_path), tmp_path / "run")
        for _ in range(3):
            next(reports)
            assert torch.get_num_threads() == 3
            assert denormal.mul(1).item() > 0
        reports.close()
        assert torch.get_num_threads() == 3
        assert torch.equal(torch.get_rng_state(), state)
    finally:
        torch.set_num_threads(before)


def test_a_larger_budget_takes_an_early_end_back(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path)
    *_, last = start(dataset, tmp_path / "run")
    card, _ = read_card(last.checkpoint)
    early = replace(card, training={**card.training, "turn": 6, "turned_at": 1.0})
    save_checkpoint(last.checkpoint, early, load_file(last.checkpoint))
    *_, last = start(dataset, tmp_path / "run", replace(SETTINGS, steps=8))
    assert (last.position.step, last.position.turn) == (8, None)


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that have passed: those that a test adds, and no others."""
    seconds = [0.0]
    monkeypatch.setattr(session, "time", SimpleNamespace(monotonic=lambda: sum(seconds)))
    monkeypatch.setattr("pxgen.evaluation.quick_eval.JUDGE_STEPS", 1)
    return seconds


@pytest.mark.parametrize(
    ("takes", "previews"),
    # A long one is followed by twelve times as much training, of ten seconds a step here.
    [(2.9, [*range(12)]), (3.0, [0, 4, 8, 11]), (4.0, [0, 5, 10, 11]), (99.0, [0, 11])],
)
def test_previews_that_take_long_are_drawn_less_often(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    passed: list[float],
    takes: float,
    previews: list[int],
) -> None:
    draw = session.draw_preview

    def slow(*arguments: Any) -> Any:
        passed.append(takes)
        return draw(*arguments)

    monkeypatch.setattr(session, "draw_preview", slow)
    drawn = []
    for number, report in enumerate(
        start(tiny_dataset(tmp_path), tmp_path / "run", replace(SETTINGS, validate_every=1))
    ):
        passed.append(10.0)
        drawn += [number] if report.preview else []
    assert drawn == previews


def test_a_checkpoint_is_saved_every_so_many_seconds_and_at_the_end(
    tmp_path: Path, passed: list[float]
) -> None:
    settings, saved = replace(SETTINGS, save_every=30.0), []
    for number, report in enumerate(start(tiny_dataset(tmp_path), tmp_path / "run", settings)):
        passed.append(10.0)
        saved += [number] if report.checkpoint else []
    assert saved == [3, 6, 9, 11]
