"""Resuming a run: the position a checkpoint holds."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest

from pxgen.checkpoint.card import read_card
from pxgen.errors import InputError
from pxgen.training.report import Position
from pxgen.training.run import position_of
from tests.support.checkpoints import save


def test_an_early_end_survives_a_checkpoint(tmp_path: Path) -> None:
    file = save(tmp_path)
    card, _ = read_card(file)
    position = Position(1, 50, 3.0, 7.0, 2, 1.0, 2.0, turn=40, turned_at=0.2)
    table = dataclasses.asdict(position)
    assert position_of(dataclasses.replace(card, training=table), file) == position
    for turn in (10**400, 51, 0, "x", math.inf):
        with pytest.raises(InputError, match="train --fresh"):
            position_of(dataclasses.replace(card, training=table | {"turn": turn}), file)
