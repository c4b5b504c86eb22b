"""Microbatches: their gradients, on any number of threads."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pxgen.data.batches import Examples
from pxgen.models.protocol import Batch, Stage
from pxgen.noise import BatchNoise, Noise
from pxgen.training.parallel import MicrobatchWorkers
from tests.support.trainings import CPU, trainer


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
    """40 sprites are two microbatches: their weighted sum is the gradient of the mean loss."""
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
        # What tells of augmentations has no gradient where there are none.
        wanted = torch.zeros_like(ours) if parameter.grad is None else parameter.grad
        torch.testing.assert_close(ours, wanted)


def test_a_stage_says_how_many_sprites_a_core_computes_at_once() -> None:
    seen = []

    def loss(batch: Batch, progress: float, noise: Noise) -> dict[str, torch.Tensor]:
        seen.append(len(batch.pixels))
        return {"loss": layer.weight.sum()}

    layer = torch.nn.Linear(1, 1)
    stage = Stage("s", layer, loss, lambda *_: {}, microbatch=8)
    batch = Batch(torch.zeros(20, 1, 2, 2).long(), torch.zeros(20, 0))
    with MicrobatchWorkers(CPU, bf16=False, workers=1) as workers:
        workers.backward(stage, batch, 0.0, 0, 0)
    assert seen == [8, 8, 4]
