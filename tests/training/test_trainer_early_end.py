"""Early stopping: patience, and the early end once held-out bits rise."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from pxgen.config.settings import TrainSettings
from pxgen.models.protocol import Batch
from pxgen.noise import BatchNoise
from pxgen.training import schedule
from pxgen.training.trainer import Trainer
from tests.support.tiny import tiny_dataset, tiny_model
from tests.support.trainings import CPU, go_on, stopped

SETTINGS = TrainSettings(steps=40, batch=16, warmup=0, validate_every=2, ema=0.0, lr=0.03)
BITS = (9.0, 7.0, 8.0, 8.5, 7.5, 9.0, 3.0)
"""What validations find; the second is the best before patience ends."""


class Fading:
    """A stage whose validations find some bits one after another, whatever it learns."""

    def __init__(
        self,
        patience: int | None,
        bits: Iterable[float] = BITS,
        *,
        early_decay: bool = False,
        continues: bool = False,
    ) -> None:
        self.model = tiny_model()
        self.found = iter(bits)
        real = self.model.stages()[-1]

        def held_out(batch: Batch, noise: BatchNoise) -> dict[str, torch.Tensor]:
            return {"bits": torch.full((len(batch.pixels),), next(self.found))}

        stage = dataclasses.replace(real, held_out=held_out, patience=patience)
        stage = dataclasses.replace(stage, early_decay=early_decay, continues=continues)
        self.model.stages = lambda: (stage,)  # type: ignore[method-assign]

    def weights(self) -> list[torch.Tensor]:
        return [tensor.clone() for tensor in self.model.module.state_dict().values()]


def run(folder: Path, fading: Fading, settings: TrainSettings = SETTINGS) -> Trainer:
    return Trainer(fading.model, tiny_dataset(folder), settings, CPU)


def same(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
    return all(map(torch.equal, a, b))


def test_a_stage_ends_early_with_the_weights_of_its_best_validation(tmp_path: Path) -> None:
    fading = Fading(patience=3)
    trainer, best, reports = run(tmp_path, fading), [], []
    for report in trainer.run():
        reports.append(report)
        if report.held_out == {"bits": 7.0}:
            with trainer.averaged():
                best = fading.weights()
    # The best of step 4, then three worse ones.
    assert reports[-1].position.step == 10
    assert reports[-1].finished
    with trainer.averaged():
        assert same(fading.weights(), best)


def test_what_a_stage_begins_with_may_be_the_best_of_it(tmp_path: Path) -> None:
    """Few sprites are learnt by heart from the first step on: the weights of before are left."""
    fading = Fading(patience=3, continues=True)
    trainer, before = run(tmp_path, fading), []

    def found() -> Iterator[float]:
        before.extend(fading.weights())
        yield 6.0
        yield from BITS

    fading.found = found()
    *_, last = trainer.run()
    assert last.position.step == 6
    with trainer.averaged():
        assert same(fading.weights(), before)


def test_without_patience_a_stage_takes_its_budget(tmp_path: Path) -> None:
    fading = Fading(patience=None)
    reports = list(run(tmp_path, fading, dataclasses.replace(SETTINGS, steps=14)).run())
    assert reports[-1].position.step == 14


@pytest.fixture
def ripe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "EARLY_DECAY_MIN_STEP", 40)


@pytest.mark.usefixtures("ripe")
def test_an_early_end_takes_the_way_of_the_learning_rate_in_fewer_steps(tmp_path: Path) -> None:
    settings = dataclasses.replace(SETTINGS, steps=200, validate_every=10)
    reports = list(run(tmp_path, Fading(None, early_decay=True), settings).run())
    # 7 bits at step 20, over 3 % more at 30 and 40; half as many steps to the end.
    assert {report.position.turn for report in reports} == {None, 40}
    assert reports[-1].position.step == 60
    assert reports[-1].finished
    rates = [report.lr for report in reports]
    whole = [0.5 * SETTINGS.lr * (1 + np.cos(np.pi * k / 200)) for k in range(200)]
    assert rates[15:40] == pytest.approx(whole[15:40])
    steps = 40 + 8 * np.arange(20)
    assert rates[40:] == pytest.approx([whole[step] for step in steps])


@pytest.mark.parametrize(
    ("bits", "turn"),
    [
        # 3 % and one bit above the fewest: 104 of 100, and 2.03 of 1.
        ((100.0, 101, 102, 103.9, 103.9, 103.9), None),
        ((100.0, 101, 102, 104.1, 103.9, 103.9), 8),
        ((1.0, 1.5, 1.9, 2.0, 2.02, 2.02), None),
        ((1.0, 1.5, 1.9, 2.04, 2.02, 2.02), 8),
        # One worse validation may be chance.
        ((9.0, 8, 7, 20, 6, 20), None),
    ],
)
def test_only_bits_that_rise_clearly_bring_an_early_end(
    tmp_path: Path, bits: tuple[float, ...], turn: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "EARLY_DECAY_MIN_STEP", 8)
    settings = dataclasses.replace(SETTINGS, steps=1000, validate_every=2)
    trainer = run(tmp_path, Fading(None, bits, early_decay=True), settings)
    for report in trainer.run():
        if report.position.step == 11:
            break
    assert report.position.turn == turn


def test_nothing_ends_early_before_it_is_ripe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "EARLY_DECAY_MIN_STEP", 41)
    settings = dataclasses.replace(SETTINGS, steps=70, validate_every=10)
    *_, last = run(tmp_path, Fading(None, early_decay=True), settings).run()
    assert (last.position.turn, last.position.step) == (None, 70)


@pytest.mark.usefixtures("ripe")
def test_an_end_that_the_budget_brings_sooner_is_not_turned_to(tmp_path: Path) -> None:
    settings = dataclasses.replace(SETTINGS, steps=55, validate_every=10)
    *_, last = run(tmp_path, Fading(None, early_decay=True), settings).run()
    assert (last.position.turn, last.position.step) == (None, 55)


@pytest.mark.usefixtures("ripe")
def test_an_early_end_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    settings = dataclasses.replace(SETTINGS, steps=200, validate_every=10)
    whole = Fading(None, early_decay=True)
    trainer = run(tmp_path, whole, settings)
    list(trainer.run())
    first, second = Fading(None, early_decay=True), Fading(None, BITS[4:], early_decay=True)
    before, later = run(tmp_path, first, settings), run(tmp_path, second, settings)
    go_on(later, before, stopped(before, 47))
    *_, last = later.run()
    assert last.position.step == 60
    with trainer.averaged():
        expected = whole.weights()
    with later.averaged():
        assert same(second.weights(), expected)


@pytest.mark.parametrize("stop", [3, 4, 7])
def test_the_best_weights_outlive_an_interruption(tmp_path: Path, stop: int) -> None:
    whole = Fading(patience=3)
    trainer = run(tmp_path, whole)
    list(trainer.run())

    first = Fading(patience=3)
    # What it has not found yet is for the second to find.
    second = Fading(3, first.found)
    before, after = run(tmp_path, first), run(tmp_path, second)
    go_on(after, before, stopped(before, stop))
    list(after.run())
    with trainer.averaged(), after.averaged():
        assert same(whole.weights(), second.weights())


def test_the_best_weights_are_left_where_a_resumed_budget_is_spent_already(tmp_path: Path) -> None:
    fading = Fading(patience=3)
    trainer, best = run(tmp_path, fading), []
    for report in trainer.run():
        if report.held_out == {"bits": 7.0}:
            with trainer.averaged():
                best = fading.weights()
        if report.position.step == 7:
            break
    later = Fading(patience=3)
    resumed = run(tmp_path, later, dataclasses.replace(SETTINGS, steps=5))
    go_on(resumed, trainer, stopped(trainer, 0))
    assert not list(resumed.run())
    with resumed.averaged():
        assert same(later.weights(), best)
