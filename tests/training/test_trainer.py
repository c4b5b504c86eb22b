from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file

from pxgen.checkpoint.card import read_card
from pxgen.checkpoint.store import group, save_checkpoint
from pxgen.commands.train import carry_out as train
from pxgen.config.settings import TrainSettings
from pxgen.data.batches import Examples, shifted
from pxgen.data.dataset import open_dataset
from pxgen.errors import InputError, PxgenError
from pxgen.files import folder_lock
from pxgen.models.protocol import Batch
from pxgen.noise import BatchNoise, seed_weights
from pxgen.training.parallel import MicrobatchWorkers
from pxgen.training.run import TrainRequest
from pxgen.training.train_state import TrainState
from pxgen.training.trainer import Position, Report, Trainer, use_bf16
from tests.tiny import tiny_dataset, tiny_model, tiny_table

CPU = torch.device("cpu")
SETTINGS = TrainSettings(steps=6, batch=40, warmup=2, validate_every=4, save_every=0.0)


def trainer(folder: Path, recipe: str = "masked", **changes: object) -> Trainer:
    settings = replace(SETTINGS, **changes)  # type: ignore[arg-type]
    seed_weights(settings.seed)
    return Trainer(tiny_model(recipe), tiny_dataset(folder), settings, CPU)


def request(folder: Path, out: Path | None = None, **changes: object) -> TrainRequest:
    settings = replace(SETTINGS, **changes)  # type: ignore[arg-type]
    return TrainRequest(
        dataset=folder,
        runs=folder / "runs",
        recipe=None,
        settings=settings,
        model_table=tiny_table(),
        device="cpu",
        resume=True,
        out=out,
    )


QUIET = Console(quiet=True)


def test_training_learns(tmp_path: Path) -> None:
    reports = list(trainer(tmp_path, steps=60, lr=1e-2, validate_every=30).run())
    bits = [r.held_out["bits"] for r in reports if r.held_out and r.stage == "denoiser"]
    assert len(bits) == 2
    # Side and colour are three bits; an untrained model pays for 48 pixels of five colours.
    assert bits[-1] < bits[0] < 60
    assert reports[-1].finished
    assert not reports[-2].finished


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
    tmp_path: Path, recipe: str, stop: int
) -> None:
    whole = trainer(tmp_path, recipe)
    list(whole.run())

    first = trainer(tmp_path, recipe)
    for _, _report in zip(range(stop), first.run(), strict=False):
        pass
    snapshot = {name: tensor.clone() for name, tensor in first.snapshot().items()}
    second = trainer(tmp_path, recipe)
    weights = {n.removeprefix("weights."): t for n, t in snapshot.items() if n.startswith("wei")}
    second.model.module.load_state_dict(weights)
    second.restore(first.position, snapshot)
    list(second.run())

    expected, resumed = whole.snapshot(), second.snapshot()
    assert expected.keys() == resumed.keys()
    for name, tensor in expected.items():
        assert torch.equal(tensor, resumed[name]), name


def test_every_weight_moves_downhill(tmp_path: Path) -> None:
    """The optimizer must pair gradients and weights by their names, not by how they lie."""
    run = trainer(tmp_path, weight_decay=0.0, clip=0.0)
    stage = run.model.stages()[-1]
    batch = Examples(run.dataset, balance=0, flip=False, shift=0).batch(40, 0, 0, CPU)
    state = TrainState(stage, run.settings)
    with MicrobatchWorkers(CPU, bf16=False) as workers:
        workers.backward(stage, batch, 0.0, 0, 0)
    before = {n: (p.detach().clone(), p.grad.clone()) for n, p in stage.module.named_parameters()}
    state.update(0, lr=1e-3)
    moments = group(state.tensors(), "optimizer")
    for name, parameter in stage.module.named_parameters():
        weight, gradient = before[name]
        moved = parameter.detach() - weight
        if f"{name}.momentum" in moments:
            assert (moved * gradient).sum() <= -0.1 * moved.norm() * gradient.norm(), name
        else:
            felt = gradient.abs() > 1e-7
            assert (moved.sign() == -gradient.sign())[felt].all(), name


def test_the_number_of_threads_does_not_change_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = []
    for threads in ("1", "2"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        run = trainer(tmp_path)
        list(run.run())
        ends.append(run.snapshot())
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_parts_of_a_batch_give_the_gradient_of_the_whole(tmp_path: Path) -> None:
    """40 sprites are two lanes: their weighted sum is the gradient of the mean loss."""
    run = trainer(tmp_path)
    stage = run.model.stages()[-1]
    batch = Examples(run.dataset, balance=0, flip=False, shift=0).batch(40, 0, 0, CPU)
    with MicrobatchWorkers(CPU, bf16=False) as workers:
        losses = workers.backward(stage, batch, 0.0, 0, 0)
    parallel = [parameter.grad.clone() for parameter in stage.module.parameters()]
    stage.module.zero_grad()
    whole = 0.0
    for rows in (slice(0, 32), slice(32, 40)):
        part = Batch(batch.pixels[rows], batch.labels[rows])
        noise = BatchNoise(len(part.pixels), 0, rows.start << 48)
        loss = stage.loss(part, 0.0, noise)["cross_entropy"] * len(part.pixels) / 40
        loss.backward()
        whole += float(loss.detach())
    assert losses["cross_entropy"] == pytest.approx(whole)
    for ours, parameter in zip(parallel, stage.module.parameters(), strict=True):
        torch.testing.assert_close(ours, parameter.grad)


def test_the_command_resumes_its_run_and_ends_as_if_never_stopped(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    whole = load_file(train(request(tmp_path, tmp_path / "whole"), QUIET))

    # A kill leaves the last snapshot, here one of a run whose budget was cut short.
    part = tmp_path / "part"
    early = train(request(tmp_path, part, steps=3, lr=0.0), QUIET)
    assert read_card(early)[0].training["finished"]
    killed = Trainer(tiny_model(), open_dataset(tmp_path), SETTINGS, CPU)
    for report in killed.run():
        if (report.stage, report.position.step) == ("denoiser", 3):
            break
    card, _ = read_card(tmp_path / "whole")
    training = dict(card.training) | asdict(killed.position) | {"finished": False}
    save_checkpoint(early, replace(card, training=training), killed.snapshot())
    resumed = load_file(train(request(tmp_path, part), QUIET))
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    path = train(request(tmp_path, tmp_path / "run"), QUIET)
    before = path.read_bytes()
    assert train(request(tmp_path, tmp_path / "run"), QUIET) == path
    assert path.read_bytes() == before


def test_runs_are_numbered_and_metrics_are_json_lines(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    first = train(request(tmp_path), QUIET)
    second = train(request(tmp_path), QUIET)
    assert [first.parent.name, second.parent.name] == ["0001-masked", "0002-masked"]
    lines = (first.parent / "metrics.jsonl").read_text().splitlines()
    last = json.loads(lines[-1])
    assert last["step"] == 6
    assert last["held_out_bits"] > 0
    assert (first.parent / "preview.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("changes", [{"seed": 1}, {"batch": 8}])
def test_another_run_is_not_resumed_silently(tmp_path: Path, changes: dict[str, int]) -> None:
    tiny_dataset(tmp_path)
    train(request(tmp_path, tmp_path / "run"), QUIET)
    with pytest.raises(InputError, match="--fresh"):
        train(request(tmp_path, tmp_path / "run", **changes), QUIET)


def test_two_trainings_do_not_share_a_folder(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    with folder_lock(tmp_path / "run"), pytest.raises(PxgenError, match="another process"):
        train(request(tmp_path, tmp_path / "run"), QUIET)
    assert train(request(tmp_path, tmp_path / "run"), QUIET).is_file()


def test_unlabelled_clips_train_too(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path, labels=False, frames=3)
    model = tiny_model(of=dataset.domain)
    reports = list(Trainer(model, dataset, SETTINGS, CPU).run())
    assert reports[-1].held_out["bits"] > 0


def test_a_time_budget_ends(tmp_path: Path) -> None:
    *_, last = trainer(tmp_path, steps=None, minutes=0.01).run()
    assert isinstance(last, Report)
    assert last.position.before + last.position.seconds >= 0.6
    assert last.position != Position()


def test_rare_labels_are_drawn_more_often(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path)
    labels = np.zeros_like(dataset.labels)
    labels[:, 0] = 1
    labels[0] = (0, 1)
    object.__setattr__(dataset, "labels", labels)
    even = Examples(dataset, balance=1.0, flip=False, shift=0).batch(400, 0, 0, CPU)
    assert 0.4 < (even.labels[:, 1] > 0).float().mean() < 0.6


def test_shifts_move_whole_sprites_and_uncover_transparency() -> None:
    pixels = np.arange(1, 13, dtype=np.uint8).reshape(1, 3, 4)
    np.testing.assert_array_equal(shifted(pixels, 0, 0), pixels)
    np.testing.assert_array_equal(shifted(pixels, 1, -2)[0], [[0] * 4, [3, 4, 0, 0], [7, 8, 0, 0]])
    np.testing.assert_array_equal(shifted(pixels, -1, 1)[0, 2], [0] * 4)


def test_warming_up_takes_a_twentieth_of_a_short_budget_at_most(tmp_path: Path) -> None:
    short = trainer(tmp_path, steps=40, warmup=100, lr=1e-3)
    rates = [report.lr for report in short.run() if report.stage == "denoiser"]
    assert max(rates) == rates[9] > 0.8e-3


def test_layers_over_a_whole_canvas_keep_full_precision_by_default() -> None:
    assert not use_bf16("auto", CPU, torch.nn.Linear(2, 2))
    assert use_bf16("bf16", CPU, torch.nn.Linear(2, 2))
    assert not use_bf16("fp32", CPU, torch.nn.Conv2d(2, 2, 1))
