"""Cached codes of training sprites."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch

from pxgen.config.settings import TrainSettings
from pxgen.models.protocol import Batch, Stage
from pxgen.training.code_cache import CodeCache
from pxgen.training.parallel import MicrobatchWorkers
from pxgen.training.report import Report
from pxgen.training.trainer import Trainer
from tests.support.tiny import tiny_dataset, tiny_model
from tests.support.trainings import CPU


def test_codes_are_the_same_whatever_is_asked_for_first(tmp_path: Path) -> None:
    data, model = tiny_dataset(tmp_path, count=80), tiny_model("vqvae")
    precompute = next(stage.precompute for stage in model.stages() if stage.precompute is not None)
    seen: list[int] = []

    def counted(batch: Batch) -> torch.Tensor:
        seen.append(len(batch.pixels))
        return precompute(batch)

    with MicrobatchWorkers(CPU, bf16=False, workers=2) as workers:
        there = CodeCache(data, counted, workers, CPU)
        back = CodeCache(data, precompute, workers, CPU)
        forward = torch.cat([there.codes(np.array([i])) for i in range(80)])
        backward = torch.cat([back.codes(np.array([i])) for i in reversed(range(80))]).flip(0)
    assert torch.equal(forward, backward)
    # Each sprite once.
    assert sum(seen) == 80
    maps = torch.from_numpy(data.take(np.arange(80))[0]).long()
    assert torch.equal(forward, precompute(Batch(maps, torch.zeros(80, 2))))


def test_stages_that_read_the_same_make_it_once(tmp_path: Path) -> None:
    data, model = tiny_dataset(tmp_path), tiny_model("vqvae")
    stages, seen = model.stages(), []
    precompute = next(stage.precompute for stage in stages if stage.precompute is not None)

    def counted(batch: Batch) -> torch.Tensor:
        seen.append(len(batch.pixels))
        return precompute(batch)

    model.stages = lambda: tuple(  # type: ignore[method-assign]
        stage if stage.precompute is None else dataclasses.replace(stage, precompute=counted)
        for stage in stages
    )
    for _ in Trainer(model, data, TrainSettings(steps=3, batch=16, warmup=1), CPU).run():
        pass
    assert 0 < sum(seen) <= len(data)


def stages_of(reports: list[Report]) -> set[str]:
    return {report.stage for report in reports}


def test_priors_learn_from_cached_codes_as_from_sprites(tmp_path: Path) -> None:
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
    assert all(map(torch.equal, *ends))
