"""Run folders: their order, their numbers, and what they have logged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pxgen.checkpoint.card import FILE_NAME
from pxgen.checkpoint.runs import STARTERS, Metrics, make_run, run_folders, shipped
from pxgen.errors import InputError, PxgenError


def finished(folder: Path, at: int) -> None:
    folder.mkdir(parents=True)
    (folder / FILE_NAME).touch()
    os.utime(folder / FILE_NAME, (at, at))


def test_the_run_written_last_comes_last_whatever_its_number(tmp_path: Path) -> None:
    for name, at in (("0003-vqvae", 5), ("0001-masked", 9), ("heads", 5), ("0010-masked", 5)):
        finished(tmp_path / "runs" / name, at)
    (tmp_path / "runs" / "0011-begun").mkdir()
    names = [path.name for path in run_folders(tmp_path / "runs")]
    assert names == ["heads", "0003-vqvae", "0010-masked", "0001-masked"]
    assert run_folders(tmp_path / "none") == []


def test_a_new_run_is_numbered_after_all_that_exist(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    assert make_run(runs, "masked").name == "0001-masked"
    (runs / "0041-begun").mkdir()
    (runs / "mine").mkdir()
    assert make_run(runs, "vqvae").name == "0042-vqvae"
    assert make_run(runs, "vqvae").name == "0043-vqvae"
    (tmp_path / "file").touch()
    with pytest.raises(PxgenError, match="cannot write"):
        make_run(tmp_path / "file", "masked")


def test_a_name_means_a_model_in_the_package_unless_something_lies_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert shipped(Path("starter")) == STARTERS["starter"]
    assert shipped(Path("other")) == Path("other")
    Path("starter").mkdir()
    assert shipped(Path("starter")) == Path("starter")


def test_a_resumed_run_forgets_what_it_logged_after_its_snapshot(tmp_path: Path) -> None:
    metrics = Metrics(tmp_path / "metrics.jsonl")
    ends = [(0, 5), (0, 9), (1, 2), (1, 4)]
    metrics.lines = [{"stage_index": stage, "step": step} for stage, step in ends]
    metrics.write()
    assert Metrics.until(metrics.path).lines == metrics.lines
    assert Metrics.until(metrics.path, 1, 2).lines == metrics.lines[:3]
    assert Metrics.until(metrics.path, 0, 7).lines == metrics.lines[:1]
    assert Metrics.until(tmp_path / "none").lines == []
    metrics.path.write_text('{"step": 1}\n')
    with pytest.raises(InputError, match="train with --fresh"):
        Metrics.until(metrics.path)
