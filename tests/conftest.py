"""What holds for every test."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from pxgen.cli.app import pxgen
from tests.tiny import MODEL_TABLE, tiny_dataset

# Tiny models lose more to threads that wait for one another than they gain.
torch.set_num_threads(1)
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
