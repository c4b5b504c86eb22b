"""The speed of a training: some seconds of it, of which nothing is kept."""

from __future__ import annotations

import dataclasses
import time
from contextlib import closing
from dataclasses import dataclass

import torch

from pxgen.config.schema import Table
from pxgen.config.settings import TrainSettings
from pxgen.data.dataset import Dataset
from pxgen.models.registry import build_model
from pxgen.noise import seeded_weights
from pxgen.training.model_table import suited_table
from pxgen.training.report import Position
from pxgen.training.schedule import batch_size
from pxgen.training.trainer import Trainer

AMPLE_STEPS = 10**9
"""A budget that no measurement spends."""


@dataclass(frozen=True)
class Speed:
    """Measured steps of the stage that takes most of a model's training."""

    family: str
    stage: str
    share: float
    """Of a time budget, as this stage's part."""
    batch: int
    """Sprites a step."""
    sprites: int
    """Training sprites of the dataset."""
    steps: int
    seconds: float

    @property
    def sprites_per_second(self) -> float:
        """Training sprites that are learnt from in a second."""
        return self.batch * self.steps / self.seconds

    def steps_in(self, minutes: float) -> int:
        """About so many steps of the stage fit into a training of so many minutes."""
        return round(60 * minutes * self.share * self.steps / self.seconds)


def measure_speed(
    dataset: Dataset, table: Table, settings: TrainSettings, device: torch.device, seconds: float
) -> Speed:
    """Train a ``[model]`` table's longest stage for some seconds, after a step that warms up.

    At least one step is measured, however long it takes.

    Raises:
        InputError: an unknown family or key, or a value out of range, with its address.
        PxgenError: the training diverged.
    """
    table = suited_table(table, dataset)
    with seeded_weights(settings.seed):
        model = build_model(table, dataset.domain)
    settings = dataclasses.replace(
        settings, steps=AMPLE_STEPS, minutes=None, validate_every=AMPLE_STEPS
    )
    trainer = Trainer(model, dataset, settings, device)
    shares = [stage.share for stage in model.stages()]
    number = shares.index(max(shares))
    trainer.position = Position(stage=number)
    with closing(trainer.run()) as reports:
        stage = next(reports).stage
        began, steps, spent = time.perf_counter(), 0, 0.0
        while spent < seconds or not steps:
            next(reports)
            steps, spent = steps + 1, time.perf_counter() - began
    return Speed(
        family=str(table["family"]),
        stage=stage,
        share=shares[number] / sum(shares),
        batch=batch_size(settings, model.stages()[number]),
        sprites=len(trainer.dataset.train),
        steps=steps,
        seconds=spent,
    )
