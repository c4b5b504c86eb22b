"""The end of a stage and its learning rates, without a model."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable

import pytest
from torch import nn

from pxgen.config.settings import TrainSettings
from pxgen.models.protocol import Stage
from pxgen.training import schedule
from pxgen.training.report import Position
from pxgen.training.schedule import MIN_STEPS, OVERFIT_VALIDATIONS, Schedule


def stage(**options: object) -> Stage:
    plain = Stage("s", nn.Linear(1, 1), lambda *_: {}, lambda *_: {})
    return dataclasses.replace(plain, **options)


def of(*stages: Stage, sprites: int = 640, **settings: object) -> Schedule:
    return Schedule(stages or (stage(),), TrainSettings(**settings), sprites)


def after(plan: Schedule, position: Position, bits: Iterable[float]) -> Position:
    for each in bits:
        position = plan.validated(position, each)
    return position


def test_a_budget_of_steps_is_of_each_stage_and_one_of_minutes_of_all() -> None:
    plan = of(stage(share=1), stage(share=3), steps=200)
    assert [plan.progress(Position(1, step)) for step in (0, 50, 200, 300)] == [0, 0.25, 1, 1]
    plan = of(stage(share=1), stage(share=3), minutes=4)
    assert plan.progress(Position(0, seconds=30)) == 0.5
    # The first stage left half of its minute over.
    assert plan.progress(Position(1, seconds=105, before=30)) == 0.5


def test_a_stage_of_some_epochs_ends_after_them_but_has_enough_steps() -> None:
    long, short = of(stage(max_epochs=100), steps=10**6), of(stage(max_epochs=1), steps=10**6)
    assert long.progress(Position(step=500)) == 0.5
    assert short.progress(Position(step=MIN_STEPS // 2)) == 0.5


def test_the_learning_rate_warms_up_and_falls_as_a_cosine() -> None:
    plan = of(lr=2.0, warmup=100, steps=10_000)
    assert plan.learning_rate(49, 0.0) == pytest.approx(1.0)
    for progress in (0.25, 0.5, 1.0):
        rate = plan.learning_rate(5000, progress)
        assert rate == pytest.approx(1 + math.cos(math.pi * progress))
    # A short budget warms up in a twentieth of it.
    assert plan.learning_rate(9, 0.05) == pytest.approx(1 + math.cos(math.pi * 0.05))


def test_patience_counts_validations_without_fewer_bits() -> None:
    plan = of(stage(patience=2), steps=100)
    position = after(plan, Position(), [9, 7, 8, 6, 6])
    assert (position.best, position.stale, plan.ended(position)) == (6, 1, False)
    assert plan.ended(plan.validated(position, 7))
    assert not of(steps=100).ended(plan.validated(position, 7))


@pytest.mark.parametrize(
    ("bits", "step", "turns"),
    [
        ([50.0, 60.0, 60.0], 100, True),
        ([50.0, 60.0], 100, False),
        ([50.0, 52.0, 52.0], 100, False),
        ([5.0, 5.9, 5.9], 100, False),
        ([50.0, 60.0, 60.0], 99, False),
        ([50.0, 60.0, 60.0], 900, False),
    ],
)
def test_bits_that_rise_end_a_stage_half_as_long_again(
    bits: list[float], step: int, turns: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By more than 3 % and a bit, twice, late enough, and where the budget is not spent before."""
    monkeypatch.setattr(schedule, "EARLY_DECAY_MIN_STEP", 100)
    plan = of(stage(early_decay=True), steps=1000)
    position = after(plan, Position(step=step), bits)
    assert (position.turn == step, position.stale <= OVERFIT_VALIDATIONS) == (turns, True)
    if turns:
        shares = [plan.progress(dataclasses.replace(position, step=n)) for n in (100, 125, 150)]
        assert shares == pytest.approx([0.1, 0.55, 1.0])


def test_a_stage_says_its_batch_where_that_is_left_open() -> None:
    assert schedule.batch_size(TrainSettings(), stage(batch=16)) == 16
    assert schedule.batch_size(TrainSettings(batch=5), stage(batch=16)) == 5
