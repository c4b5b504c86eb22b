"""What holds for every test."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from hypothesis import HealthCheck, settings

from pxgen.cli.app import pxgen
from tests.support.checkpoints import save
from tests.support.tiny import MODEL_TABLE, tiny_dataset

# Programs that tests start are of this tree, whatever is installed.
os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])
# Tiny models lose more to threads that wait for one another than they gain.
torch.set_num_threads(1)
# No test depends on how fast the machine is, or on what else it does.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
# What a script runs in the background is deaf to Ctrl-C, and so would be the programs tested here.
signal.signal(signal.SIGINT, signal.default_int_handler)

PROJECT = f"""{MODEL_TABLE}
[train]
steps = 2
batch = 8
"""


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a project, a dataset and a run, all of them good."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "pxgen.toml").write_text(PROJECT)
    (folder / "dataset").mkdir()
    tiny_dataset(folder / "dataset", 24)
    arguments = ["-q", "--project", str(folder), "train", "-o", str(folder / "run")]
    result = CliRunner().invoke(pxgen, arguments)
    assert result.exit_code == 0, result.stderr
    return folder


@pytest.fixture
def here(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the good files as the current folder."""
    folder = tmp_path / "here"
    shutil.copytree(whole, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as the current one."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A run folder with a tiny model."""
    save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture(scope="module")
def few_objects() -> Iterator[None]:
    """imageio collects garbage at each end of a video, which takes a while beside torch."""
    gc.freeze()
    yield
    gc.unfreeze()
