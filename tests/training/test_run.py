"""Which run a training goes on with, and from where."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest

from pxgen.checkpoint.card import checkpoint_file, read_card
from pxgen.commands.train import carry_out as train
from pxgen.config.settings import TrainSettings
from pxgen.errors import InputError
from pxgen.training.run import TrainRequest, position_of
from pxgen.training.trainer import Position
from tests.checkpoint.test_store import save
from tests.tiny import tiny_dataset, tiny_table
from tests.training.test_trainer import QUIET


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
