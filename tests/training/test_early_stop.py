"""Stages that end where nothing is left to gain, and digests of sprites that are kept."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from pxgen.checkpoint.card import checkpoint_file, read_card
from pxgen.commands.train import train
from pxgen.config.settings import TrainSettings
from pxgen.data.batches import Examples
from pxgen.errors import InputError
from pxgen.models.protocol import Batch, Stage
from pxgen.noise import BatchNoise
from pxgen.training import trainer as training
from pxgen.training.code_cache import Digests
from pxgen.training.parallel import Lanes
from pxgen.training.run import TrainRequest, position_of
from pxgen.training.trainer import Position, Report, Trainer
from tests.checkpoint.test_store import save
from tests.tiny import tiny_dataset, tiny_model, tiny_table
from tests.training.test_trainer import CPU, QUIET

SETTINGS = TrainSettings(steps=40, batch=16, warmup=0, validate_every=2, ema=0.0, lr=0.03)
BITS = (9.0, 7.0, 8.0, 8.5, 7.5, 9.0, 3.0)
"""What validations find; the second is the best before patience ends."""


class Fading:
    """A stage that finds ``BITS`` one after another, whatever it learns."""

    def __init__(
        self, patience: int | None, *, early_decay: bool = False, continues: bool = False
    ) -> None:
        self.model = tiny_model()
        self.found: Iterator[float] = iter(BITS)
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
    monkeypatch.setattr(training, "RIPE", 40)


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


def test_nothing_ends_early_before_it_is_ripe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "RIPE", 41)
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
    for report in trainer.run():
        if report.position.step == 47:
            position = report.position
            snapshot = {name: tensor.clone() for name, tensor in trainer.snapshot().items()}
    second = Fading(None, early_decay=True)
    second.found = iter(BITS[4:])
    later = run(tmp_path, second, settings)
    weights = {n.removeprefix("weights."): t for n, t in snapshot.items() if n.startswith("wei")}
    second.model.module.load_state_dict(weights)
    later.restore(position, snapshot)
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
    before = run(tmp_path, first)
    for _, _report in zip(range(stop), before.run(), strict=False):
        pass
    snapshot = {name: tensor.clone() for name, tensor in before.snapshot().items()}
    second = Fading(patience=3)
    second.found = first.found
    after = run(tmp_path, second)
    weights = {n.removeprefix("weights."): t for n, t in snapshot.items() if n.startswith("wei")}
    second.model.module.load_state_dict(weights)
    after.restore(before.position, snapshot)
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
    snapshot = {name: tensor.clone() for name, tensor in trainer.snapshot().items()}
    later = Fading(patience=3)
    resumed = run(tmp_path, later, dataclasses.replace(SETTINGS, steps=5))
    weights = {n.removeprefix("weights."): t for n, t in snapshot.items() if n.startswith("wei")}
    later.model.module.load_state_dict(weights)
    resumed.restore(trainer.position, snapshot)
    assert not list(resumed.run())
    with resumed.averaged():
        assert same(later.weights(), best)


def request(folder: Path, **changes: object) -> TrainRequest:
    settings = TrainSettings(batch=16, validate_every=5, lr=0.0)
    return TrainRequest(
        dataset=folder,
        runs=folder / "runs",
        recipe=None,
        settings=dataclasses.replace(settings, **changes),  # type: ignore[arg-type]
        model_table=tiny_table("vqvae"),
        device="cpu",
        resume=True,
        out=folder / "run",
    )


def test_a_run_that_ended_early_is_not_gone_on_with_unasked(tmp_path: Path) -> None:
    """With a learning rate of 0 nothing gets better, and every prior stops."""
    tiny_dataset(tmp_path)
    train(request(tmp_path, steps=30), QUIET)
    file = checkpoint_file(tmp_path / "run")
    written = file.read_bytes()
    train(request(tmp_path, steps=30), QUIET)
    assert file.read_bytes() == written
    # A larger budget is a wish to go on.
    train(request(tmp_path, steps=40), QUIET)
    assert file.read_bytes() != written


def test_an_early_end_survives_a_checkpoint(tmp_path: Path) -> None:
    file = save(tmp_path)
    card, _ = read_card(file)
    position = Position(1, 50, 3.0, 7.0, 2, 1.0, 2.0, turn=40, turned_at=0.2)
    table = dataclasses.asdict(position)
    assert position_of(dataclasses.replace(card, training=table), file) == position
    for turn in (10**400, 51, 0, "x", math.inf):
        with pytest.raises(InputError, match="train --fresh"):
            position_of(dataclasses.replace(card, training=table | {"turn": turn}), file)


def test_digests_are_the_same_whatever_is_asked_for_first(tmp_path: Path) -> None:
    data, model = tiny_dataset(tmp_path, count=80), tiny_model("vqvae")
    digest = next(stage.precompute for stage in model.stages() if stage.precompute is not None)
    seen: list[int] = []

    def counted(batch: Batch) -> torch.Tensor:
        seen.append(len(batch.pixels))
        return digest(batch)

    with Lanes(CPU, bf16=False, workers=2) as lanes:
        there = Digests(data, counted, lanes, CPU)
        back = Digests(data, digest, lanes, CPU)
        forward = torch.cat([there.of(np.array([i])) for i in range(80)])
        backward = torch.cat([back.of(np.array([i])) for i in reversed(range(80))]).flip(0)
    assert torch.equal(forward, backward)
    # Each sprite once.
    assert sum(seen) == 80
    maps = torch.from_numpy(data.take(np.arange(80))[0]).long()
    assert torch.equal(forward, digest(Batch(maps, torch.zeros(80, 2))))


@pytest.mark.parametrize("moved", [{"flip": True}, {"shift": 1}])
def test_moved_sprites_come_without_a_digest(tmp_path: Path, moved: dict[str, int]) -> None:
    options = {"balance": 0.0, "flip": False, "shift": 0} | moved
    examples = Examples(tiny_dataset(tmp_path), **options)  # type: ignore[arg-type]

    def digest(indices: object) -> torch.Tensor:
        raise AssertionError("asked for")

    assert examples.batch(4, 0, 0, CPU, digest).codes is None


def test_stages_that_read_the_same_make_it_once(tmp_path: Path) -> None:
    data, model = tiny_dataset(tmp_path), tiny_model("vqvae")
    stages, seen = model.stages(), []
    digest = next(stage.precompute for stage in stages if stage.precompute is not None)

    def counted(batch: Batch) -> torch.Tensor:
        seen.append(len(batch.pixels))
        return digest(batch)

    model.stages = lambda: tuple(  # type: ignore[method-assign]
        stage if stage.precompute is None else dataclasses.replace(stage, precompute=counted)
        for stage in stages
    )
    for _ in Trainer(model, data, TrainSettings(steps=3, batch=16, warmup=1), CPU).run():
        pass
    assert 0 < sum(seen) <= len(data)


def stages_of(reports: list[Report]) -> set[str]:
    return {report.stage for report in reports}


def test_priors_learn_from_digests_as_from_sprites(tmp_path: Path) -> None:
    """What is kept is what would have been computed: training ends with the same weights."""
    settings = TrainSettings(steps=3, batch=16, warmup=1)
    ends = []
    for kept in (True, False):
        model = tiny_model("vqvae")
        stages = model.stages()
        if not kept:
            bare: tuple[Stage, ...] = tuple(dataclasses.replace(s, precompute=None) for s in stages)
            model.stages = lambda bare=bare: bare  # type: ignore[method-assign]
        trainer = Trainer(model, tiny_dataset(tmp_path), settings, CPU)
        assert "bottom" in stages_of(list(trainer.run()))
        with trainer.averaged():
            ends.append([t.clone() for t in model.module.state_dict().values()])
    assert same(*ends)
