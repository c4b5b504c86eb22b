"""The table of a training: what is left open is as its run has it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from pxgen.checkpoint.card import read_card
from pxgen.config.schema import Table, Where
from pxgen.models.temperature import TEMPERATURES
from pxgen.training.session import open_training
from tests.support.checkpoints import save
from tests.support.tiny import tiny_dataset, tiny_table
from tests.support.trainings import request
from tests.training.test_session import SETTINGS

BLOCKS = {"template": "yes", "attention": "yes", "detail": "no", "label_mixing": "no"}


@pytest.mark.parametrize("name", ["named", None])
def test_a_run_goes_on_with_its_own_blocks(tmp_path: Path, name: str | None) -> None:
    """As those of earlier versions, which had some that nobody had asked for."""
    tiny_dataset(tmp_path)
    out = None if name is None else tmp_path / name
    asked = request(tmp_path, tmp_path / "runs", SETTINGS, out=out)
    blocks = {"attention": "yes", "detail": "no", "label_mixing": "no"}
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
        # The start has no block at full resolution, and of stills there is one; labels mix what
        # others draw where there is a template.
        assert model["detail"] == "yes"
        assert model["label_mixing"] == ("no" if table else "yes")
        assert not table or model["template"] == "no"


def finished(folder: Path, steps: int, **changes: object) -> float:
    """The temperature that a run in ``folder/run`` says when it has come to so many steps."""
    settings = dataclasses.replace(SETTINGS, steps=steps)
    asked = request(folder, folder / "runs", settings, out=folder / "run")
    asked = dataclasses.replace(asked, model_table=tiny_table(**changes))
    with open_training(asked) as training:
        training.trainer.temperature = lambda: 0.1 * steps  # type: ignore[method-assign]
        assert [*training.reports()][-1].finished
    return float(read_card(folder / "run")[0].model["temperature"])


def test_a_temperature_is_found_out_at_the_end_and_again_when_a_run_goes_on(
    tmp_path: Path,
) -> None:
    tiny_dataset(tmp_path)
    assert [finished(tmp_path, steps) for steps in (4, 6)] == [0.4, pytest.approx(0.6)]


def test_the_temperature_is_found_by_held_out_sprites(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    asked = request(tmp_path, tmp_path / "runs", SETTINGS, out=tmp_path / "run")
    for table, found in ((tiny_table(), True), (tiny_table(temperature=0.7), False)):
        asked = dataclasses.replace(asked, model_table=table, resume=False)
        with open_training(asked) as training:
            *_, _ = training.reports()
            told = training.trainer.temperature()
            assert (told in TEMPERATURES) == found
        card, _ = read_card(tmp_path / "run")
        assert card.model["temperature"] == (told if found else 0.7)


def test_a_start_from_another_model_looks_for_its_own(tmp_path: Path) -> None:
    save(tmp_path / "other", temperature=0.4, images=1, attention="no", detail="no")
    tiny_dataset(tmp_path)
    asked = request(tmp_path, tmp_path / "runs", SETTINGS)
    asked = dataclasses.replace(asked, start=tmp_path / "other", model_table=Table({}, Where("")))
    with open_training(asked) as training:
        assert training.card.model["temperature"] == 0
