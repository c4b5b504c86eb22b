"""Resuming a run: the position a checkpoint holds."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest

from pxgen.checkpoint.card import read_card
from pxgen.errors import InputError, PxgenError
from pxgen.models.diffusion import base
from pxgen.training.report import Position
from pxgen.training.run import ONCE_FEW, as_begun, changes, position_of
from pxgen.training.session import open_training
from tests.support.checkpoints import save
from tests.support.tiny import tiny_dataset, tiny_table
from tests.support.trainings import request
from tests.training.test_session import SETTINGS

OPEN = dataclasses.replace(SETTINGS, batch=0)


def test_an_early_end_survives_a_checkpoint(tmp_path: Path) -> None:
    file = save(tmp_path)
    card, _ = read_card(file)
    position = Position(1, 50, 3.0, 7.0, 2, 1.0, 2.0, turn=40, turned_at=0.2)
    table = dataclasses.asdict(position)
    assert position_of(dataclasses.replace(card, training=table), file) == position
    for turn in (10**400, 51, 0, "x", math.inf):
        with pytest.raises(InputError, match="train --fresh"):
            position_of(dataclasses.replace(card, training=table | {"turn": turn}), file)


def test_a_run_that_learnt_nothing_leaves_no_folder(tmp_path: Path) -> None:
    """It diverges before its first checkpoint, once its table of settings is written."""
    asked = request(tiny_dataset(tmp_path), tmp_path / "runs", SETTINGS)
    with pytest.raises(PxgenError, match="diverged"), open_training(asked) as training:
        for parameter in training.model.module.parameters():
            parameter.data.fill_(math.nan)
        next(training.reports())
    assert list((tmp_path / "runs").glob("0*")) == []


def begun(
    folder: Path, out: Path | None, template: str = "yes", recipe: str = "masked", **model: object
) -> Path:
    """A dataset, and a run of it that was stopped after a step."""
    tiny_dataset(folder)
    asked = request(folder, folder / "runs", SETTINGS, out=out)
    asked = dataclasses.replace(asked, model_table=tiny_table(recipe, template=template, **model))
    with open_training(asked) as training:
        next(reports := training.reports())
        reports.close()
    return folder


def test_a_run_goes_on_with_its_own_batch(tmp_path: Path) -> None:
    for out in (tmp_path / "named", None):
        data = begun(tmp_path, out)
        with open_training(request(data, data / "runs", OPEN, out=out)) as training:
            assert training.resumed
            assert (training.changed, training.settings.batch) == ([], SETTINGS.batch)
        with open_training(
            request(data, data / "runs", dataclasses.replace(OPEN, batch=20), out=out)
        ) as training:
            # A run without a name begins anew.
            assert training.resumed == (out is not None)
            assert training.settings.batch == 20


def test_a_run_of_before_there_were_samplers_goes_on_with_todays(tmp_path: Path) -> None:
    data = begun(tmp_path, tmp_path / "run", recipe="uniform", sampler="ancestral")
    asked = request(data, tmp_path, SETTINGS, out=tmp_path / "run")
    asked = dataclasses.replace(asked, model_table=tiny_table("uniform", template="yes"))
    with open_training(asked) as training:
        assert training.resumed
        assert training.model.sampler == "psi"
    masked = begun(tmp_path / "masked", tmp_path / "other", sampler="random")
    with pytest.raises(InputError, match=r"another \[model\]"):
        open_training(request(masked, tmp_path, SETTINGS, out=tmp_path / "other")).__enter__()


@pytest.mark.parametrize("template", ["yes", "no"])
def test_a_run_stays_augmented_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: str
) -> None:
    """Also where the dataset has grown since, or another version would decide otherwise."""
    for name, few in {"FEW": 41, "FEW_ALIKE": 40}.items():
        monkeypatch.setattr(base, name, few)
    data = begun(tmp_path, tmp_path / "run", template)
    for name, few in {"FEW": 40, "FEW_ALIKE": 41}.items():
        monkeypatch.setattr(base, name, few)
    asked = request(data, tmp_path, SETTINGS, out=tmp_path / "run", exact=True)
    asked = dataclasses.replace(asked, model_table=tiny_table(template=template))
    with open_training(asked) as training:
        assert training.resumed
        assert training.changed == []
        assert training.trainer.augmented == (template == "no")


def test_runs_of_before_templates_counted_stay_augmented(tmp_path: Path) -> None:
    card, _ = read_card(save(tmp_path))
    old = {"settings": dataclasses.asdict(SETTINGS) | {"augment": "auto"}}

    def stays(sprites: int, model: dict[str, object]) -> str:
        told = dataclasses.replace(card.provenance, sprites=sprites)
        found = dataclasses.replace(card, training=old, provenance=told, model=model)
        settings = as_begun(found, SETTINGS)
        assert changes(found, found, settings) == []
        return settings.augment

    assert stays(40, {"template": "yes"}) == "yes"
    assert stays(ONCE_FEW, {"template": "yes"}) == "no"
    assert stays(40, {"family": "pixelsnail"}) == "auto"


def test_rows_of_a_comparison_are_not_of_different_batches(tmp_path: Path) -> None:
    data = begun(tmp_path, tmp_path / "run")
    resumed = open_training(request(data, tmp_path, OPEN, out=tmp_path / "run", exact=True))
    with pytest.raises(InputError, match=r"another \[train\] batch \(40, now 0\)"), resumed:
        pass
