"""The table of a training: what is left open is as its run has it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from pxgen.training.session import open_training
from tests.support.checkpoints import save
from tests.support.tiny import tiny_dataset, tiny_table
from tests.support.trainings import request
from tests.training.test_session import SETTINGS

BLOCKS = {"template": "yes", "attention": "yes", "detail": "no"}


@pytest.mark.parametrize("name", ["named", None])
def test_a_run_goes_on_with_its_own_blocks(tmp_path: Path, name: str | None) -> None:
    """As those of earlier versions, which had some that nobody had asked for."""
    tiny_dataset(tmp_path)
    out = None if name is None else tmp_path / name
    asked = request(tmp_path, tmp_path / "runs", SETTINGS, out=out)
    blocks = {"attention": "yes", "detail": "yes"}
    with open_training(dataclasses.replace(asked, model_table=tiny_table(**blocks))) as training:
        next(reports := training.reports())
        reports.close()
    with open_training(dataclasses.replace(asked, model_table=tiny_table())) as training:
        assert training.resumed
        assert blocks.items() <= training.card.model.items()
    if name is None:
        other = dataclasses.replace(asked, model_table=tiny_table(attention="no"))
        with open_training(other) as training:
            assert not training.resumed
            assert training.card.model["attention"] == "no"


@pytest.mark.parametrize("table", [{}, tiny_table(template="no")])
def test_a_training_takes_what_is_left_open_from_its_start(
    tmp_path: Path, table: dict[str, object]
) -> None:
    """But whether the sprites share a template, and so are refined, they say themselves."""
    (tmp_path / "start").mkdir()
    start = save(tmp_path / "start", images=1, patch=2, **BLOCKS)
    tiny_dataset(tmp_path)
    asked = request(tmp_path, tmp_path / "runs", SETTINGS, start=start)
    with open_training(dataclasses.replace(asked, model_table=table)) as training:
        model = training.card.model
        assert model["attention"] == "yes"
        assert (model["template"], model["detail"]) in {("yes", "no"), ("no", "yes")}
        assert not table or model["template"] == "no"
