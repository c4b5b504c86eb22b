"""The training loop: learning, budgets, and resuming as if never stopped."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from pxgen.data.batches import batch_of
from pxgen.errors import PxgenError
from pxgen.models.protocol import Batch, Stage
from pxgen.training import trainer as loop
from pxgen.training.trainer import Trainer, use_bf16
from tests.support.tiny import tiny_dataset, tiny_model
from tests.support.trainings import CPU, SETTINGS, go_on, stopped, trainer


def test_training_learns(tmp_path: Path) -> None:
    reports = list(trainer(tmp_path, steps=60, lr=1e-2, validate_every=30).run())
    bits = [r.held_out["bits"] for r in reports if r.held_out and r.stage == "denoiser"]
    assert len(bits) == 2
    # Side and colour are three bits; an untrained model pays for 48 pixels of five colours.
    assert bits[-1] < bits[0] < 60
    assert reports[-1].finished
    assert not reports[-2].finished


def test_labels_that_exclude_each_other_are_counted_before_the_first_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trainer(tmp_path, steps=1)
    exclusive = run.model.module.get_buffer("labels.exclusive")
    exclusive.fill_(1)
    asked: list[tuple[bytes, bytes]] = []

    def counted(parts: Iterable[np.ndarray], group: np.ndarray) -> np.ndarray:
        asked.append((np.concatenate([*parts]).tobytes(), group.tobytes()))
        return np.array([[0, 1], [1, 0]], np.uint8)

    monkeypatch.setattr(loop, "exclusive_pairs", counted)
    monkeypatch.setattr(loop, "CHUNK", 7)
    next(run.run())
    rows, data = run.dataset.train, run.dataset
    assert asked == [(data.signs(rows).tobytes(), data.group[rows].tobytes())]
    assert exclusive.tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize(("pixels", "read"), [(2**18, 8), (2 * 48, 2), (1, 1)])
def test_a_validation_reads_fewer_sprites_the_larger_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pixels: int, read: int
) -> None:
    run, counts = trainer(tmp_path, steps=1), []
    held_out = run._workers.held_out

    def counting(stage: Stage, batch: Batch, seed: int, key: int) -> dict[str, float]:
        counts.append(len(batch.pixels))
        return held_out(stage, batch, seed, key)

    monkeypatch.setattr(loop, "MAX_VALIDATION_PIXELS", pixels)
    monkeypatch.setattr(run._workers, "held_out", counting)
    next(run.run())
    assert counts == [read]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, torch.Tensor]]:
    """The snapshot at the end of a training that nothing interrupted, made once a recipe."""

    @cache
    def end(recipe: str) -> dict[str, torch.Tensor]:
        run = trainer(tmp_path_factory.mktemp(recipe), recipe)
        list(run.run())
        return run.snapshot()

    return end


# Stages of six steps: two of masked and of pixelsnail, five of vqvae; in each, and at some ends.
@pytest.mark.parametrize(
    ("recipe", "stop"),
    [
        *(("masked", stop) for stop in (1, 3, 6, 7, 11)),
        *(("vqvae", stop) for stop in (9, 12, 15, 18, 20, 27)),
        *((recipe, 9) for recipe in ("pixelsnail", "vqvae-transformer")),
    ],
)
def test_a_resumed_training_ends_with_the_same_weights(
    tmp_path: Path, whole: Callable[[str], dict[str, torch.Tensor]], recipe: str, stop: int
) -> None:
    first, second = trainer(tmp_path, recipe), trainer(tmp_path, recipe)
    go_on(second, first, stopped(first, stop))
    list(second.run())

    expected, resumed = whole(recipe), second.snapshot()
    assert expected.keys() == resumed.keys()
    for name, tensor in expected.items():
        assert torch.equal(tensor, resumed[name]), name


def test_unlabelled_clips_train_too(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path, labels=False, frames=3)
    model = tiny_model(of=dataset.domain)
    reports = list(Trainer(model, dataset, SETTINGS, CPU).run())
    assert reports[-1].held_out["bits"] > 0


def test_a_time_budget_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock on which each look costs a second."""
    seconds = itertools.count(0.0)
    monkeypatch.setattr(loop.time, "perf_counter", lambda: next(seconds))
    *_, last = trainer(tmp_path, steps=None, minutes=0.5).run()
    assert last.finished
    assert last.position.before + last.position.seconds == pytest.approx(30, abs=1)
    # Labels take a twentieth of what pixels take.
    assert last.position.before == pytest.approx(30 * 0.05 / 1.05, abs=1)


def test_warming_up_takes_a_twentieth_of_a_short_budget_at_most(tmp_path: Path) -> None:
    short = trainer(tmp_path, steps=40, warmup=100, lr=1e-3)
    rates = [report.lr for report in short.run() if report.stage == "denoiser"]
    assert max(rates) == rates[9] > 0.8e-3


def test_layers_over_a_whole_canvas_keep_full_precision_by_default() -> None:
    assert not use_bf16("auto", CPU, torch.nn.Linear(2, 2))
    assert use_bf16("bf16", CPU, torch.nn.Linear(2, 2))
    assert not use_bf16("fp32", CPU, torch.nn.Conv2d(2, 2, 1))


def test_a_training_that_diverges_ends_with_advice(tmp_path: Path) -> None:
    run = trainer(tmp_path)
    for parameter in run.model.module.parameters():
        parameter.data.fill_(torch.nan)
    with pytest.raises(PxgenError, match="diverged at step 0 of stage labels: lower"):
        next(run.run())


def test_sprites_that_lack_frames_teach_diffusions_alone(tmp_path: Path) -> None:
    """Other families leave them out, on both sides of the split."""
    dataset = tiny_dataset(tmp_path, frames=2)
    present = np.ones((len(dataset), 2), bool)
    lacking = [int(dataset.train[0]), int(dataset.held_out[0])]
    present[lacking, 1] = False
    dataset = replace(dataset, present=present)
    for recipe, takes in (("masked", True), ("vqvae", False), ("pixelsnail", False)):
        data = Trainer(tiny_model(recipe, dataset.domain), dataset, SETTINGS, CPU).dataset
        rows = {*data.train.tolist(), *data.held_out.tolist()}
        assert (lacking[0] in rows, lacking[1] in rows) == (takes, takes), recipe
        assert len(rows) == len(dataset) - (0 if takes else 2)
    batch = batch_of(dataset, np.array([lacking[0], int(dataset.train[1])]), CPU)
    assert batch.present is not None
    assert batch.present.tolist() == [[True, False], [True, True]]
    assert batch_of(dataset, dataset.train[1:3], CPU).present is None
