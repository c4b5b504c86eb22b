"""Snapshots of a run: the latest ones, each of which samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pxgen.checkpoint.store import load_model
from pxgen.commands.train import carry_out as train
from tests.commands.test_train import request
from tests.support.tiny import tiny_dataset
from tests.support.trainings import QUIET


def names(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "snapshots").iterdir())


def of_denoiser(*steps: int) -> list[str]:
    return [f"2-denoiser-{step:07}.safetensors" for step in steps]


def test_the_latest_saves_are_kept_to_sample_from(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    file = train(request(tmp_path, tmp_path / "run", keep_snapshots=3), QUIET)
    assert names(file.parent) == of_denoiser(4, 5, 6)
    last = load_file(file.parent / "snapshots" / of_denoiser(6)[0])
    whole = load_file(file)
    assert last.keys() == {name for name in whole if name.startswith("weights.")}
    assert all(torch.equal(last[name], whole[name]) for name in last)
    earlier = load_model(file.parent / "snapshots" / of_denoiser(4)[0])
    assert earlier.card.training["step"] == 4
    # A run that goes on keeps its past.
    train(request(tmp_path, tmp_path / "run", keep_snapshots=4, steps=8), QUIET)
    assert names(file.parent) == of_denoiser(5, 6, 7, 8)


@pytest.mark.parametrize("count", [0, 2])
def test_a_fresh_run_leaves_none_of_the_one_before(tmp_path: Path, count: int) -> None:
    tiny_dataset(tmp_path)
    asked = request(tmp_path, tmp_path / "run", keep_snapshots=2, steps=8)
    train(asked, QUIET)
    (tmp_path / "run/snapshots/own.safetensors").touch()
    fresh = replace(asked.settings, steps=3, keep_snapshots=count)
    train(replace(asked, resume=False, settings=fresh), QUIET)
    assert names(tmp_path / "run") == [*of_denoiser(2, 3)[2 - count :], "own.safetensors"]


def test_none_are_kept_unless_asked_for(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    train(request(tmp_path, tmp_path / "run"), QUIET)
    assert not (tmp_path / "run/snapshots").exists()
