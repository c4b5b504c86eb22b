"""Trainings of seconds: whole, and gone on with from a snapshot."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import torch
from rich.console import Console

from pxgen.config.settings import TrainSettings
from pxgen.data.dataset import Dataset
from pxgen.noise import seed_weights
from pxgen.training.run import TrainRequest
from pxgen.training.trainer import Trainer
from tests.support.tiny import tiny_dataset, tiny_model, tiny_table

CPU = torch.device("cpu")
QUIET = Console(quiet=True)
SETTINGS = TrainSettings(steps=6, batch=40, warmup=2, validate_every=4, save_every=0.0)


def trainer(folder: Path, recipe: str = "masked", **changes: object) -> Trainer:
    settings = replace(SETTINGS, **changes)  # type: ignore[arg-type]
    seed_weights(settings.seed)
    return Trainer(tiny_model(recipe), tiny_dataset(folder), settings, CPU)


def request(
    dataset: Path | Dataset, runs: Path, settings: TrainSettings, **changes: object
) -> TrainRequest:
    """A training of a tiny model that goes on where there is one."""
    asked = TrainRequest(
        dataset=dataset,
        runs=runs,
        recipe=None,
        settings=settings,
        model_table=tiny_table(),
        device="cpu",
        resume=True,
        out=None,
    )
    return replace(asked, **changes)  # type: ignore[arg-type]


def stopped(run: Trainer, steps: int) -> dict[str, torch.Tensor]:
    """The snapshot of a training after some steps."""
    list(islice(run.run(), steps))
    return {name: tensor.clone() for name, tensor in run.snapshot().items()}


def go_on(run: Trainer, stood: Trainer, snapshot: dict[str, torch.Tensor]) -> None:
    """Put a fresh training where another stood, as loading a checkpoint does."""
    weights = {n.removeprefix("weights."): t for n, t in snapshot.items() if n.startswith("wei")}
    run.model.module.load_state_dict(weights)
    run.restore(stood.position, snapshot)
