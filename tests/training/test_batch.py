"""Sprites a step where the settings leave that open, and at once on a core."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pxgen.canvas import Canvas
from pxgen.errors import InputError
from pxgen.models.protocol import Batch, Stage
from pxgen.noise import Noise
from pxgen.training.parallel import MicrobatchWorkers
from pxgen.training.run import TrainRequest
from pxgen.training.schedule import batch_size
from pxgen.training.session import open_training
from tests.support.tiny import domain, tiny_dataset, tiny_model, tiny_table
from tests.support.trainings import CPU
from tests.training.test_session import SETTINGS

OPEN = replace(SETTINGS, batch=0)


def begun(folder: Path, out: Path | None) -> Path:
    """A dataset, and a run of it that was stopped after a step."""
    tiny_dataset(folder)
    with open_training(request(folder, out, settings=SETTINGS)) as training:
        next(reports := training.reports())
        reports.close()
    return folder


def request(dataset: Path, out: Path | None, **changes: object) -> TrainRequest:
    asked = TrainRequest(
        dataset=dataset,
        runs=dataset / "runs",
        recipe=None,
        settings=OPEN,
        model_table=tiny_table(),
        device="cpu",
        resume=True,
        out=out,
    )
    return replace(asked, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("canvas", "batch"),
    [
        (Canvas(1, 16, 32), 64),
        (Canvas(1, 24, 24), 32),
        (Canvas(1, 32, 32), 32),
        (Canvas(4, 16, 32), 16),
    ],
)
def test_large_sprites_are_learnt_by_few_at_a_time(canvas: Canvas, batch: int) -> None:
    *_, denoiser = tiny_model("masked", domain(*canvas)).stages()
    assert (denoiser.batch, denoiser.microbatch) == (batch, batch // 2)
    assert batch_size(OPEN, denoiser) == batch
    assert batch_size(SETTINGS, denoiser) == 40
    # The costs of an autoencoder's step hardly depend on its sprites.
    assert {stage.batch for stage in tiny_model("ae", domain(*canvas)).stages()} == {64}


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


def test_a_run_goes_on_with_its_own_batch(tmp_path: Path) -> None:
    for out in (tmp_path / "named", None):
        data = begun(tmp_path, out)
        with open_training(request(data, out)) as training:
            assert training.resumed
            assert (training.changed, training.settings.batch) == ([], SETTINGS.batch)
        with open_training(request(data, out, settings=replace(OPEN, batch=20))) as training:
            # A run without a name begins anew.
            assert training.resumed == (out is not None)
            assert training.settings.batch == 20


def test_rows_of_a_comparison_are_not_of_different_batches(tmp_path: Path) -> None:
    data = begun(tmp_path, tmp_path / "run")
    resumed = open_training(request(data, tmp_path / "run", exact=True))
    with pytest.raises(InputError, match=r"another \[train\] batch \(40, now 0\)"), resumed:
        pass
