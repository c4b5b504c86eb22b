"""Several processes that train one model, started as users start them: by ``torchrun``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pxgen.checkpoint.card import read_card
from pxgen.checkpoint.store import group
from tests.support.tiny import MODEL_TABLE, tiny_dataset

RUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
TRAIN = """
[train]
batch = 64
warmup = 2
validate_every = 5
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    tiny_dataset(tmp_path / "dataset", count=96)
    (tmp_path / "pxgen.toml").write_text(MODEL_TABLE + TRAIN)
    return tmp_path


def train(folder: Path, *options: object, together: bool) -> subprocess.CompletedProcess[str]:
    start = RUN if together else []
    command = [sys.executable, *start, "-m", "pxgen", "train", *map(str, options)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def weights(run: Path) -> dict[str, torch.Tensor]:
    return group(load_file(run / "checkpoint.safetensors"), "weights")


def test_two_processes_train_as_one_does(project: Path) -> None:
    one = train(project, "--steps", 12, "-o", "one", together=False)
    assert one.returncode == 0, one.stderr
    two = train(project, "--steps", 12, "-o", "two", together=True)
    assert two.returncode == 0, two.stderr
    # One of them speaks, and writes one checkpoint.
    assert two.stdout.split() == ["two/checkpoint.safetensors"]
    folder_lock, together = weights(project / "one"), weights(project / "two")
    assert folder_lock.keys() == together.keys()
    for name, tensor in folder_lock.items():
        assert torch.allclose(tensor, together[name], atol=2e-4), name
    lines = [
        [json.loads(line) for line in (project / run / "metrics.jsonl").read_text().splitlines()]
        for run in ("one", "two")
    ]
    for a, b in zip(*lines, strict=True):
        assert a["cross_entropy"] == pytest.approx(b["cross_entropy"], rel=1e-3)

    # What one began, two go on with.
    train(project, "--steps", 5, "-o", "mixed", together=False)
    done = train(project, "--steps", 12, "-o", "mixed", together=True)
    assert done.returncode == 0, done.stderr
    assert read_card(project / "mixed")[0].training["step"] == 12


def test_a_time_budget_ends_for_all_at_once(project: Path) -> None:
    done = train(project, "--minutes", 0.03, "-o", "timed", together=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["timed/checkpoint.safetensors"]


def test_a_batch_too_small_for_all_is_one_line(project: Path) -> None:
    (project / "pxgen.toml").write_text(MODEL_TABLE + TRAIN.replace("64", "32"))
    done = train(project, "--steps", 2, "-o", "small", together=True)
    assert done.returncode != 0
    assert "[train] batch = 32 leaves one of 2 processes without work: take at least 64" in (
        done.stderr
    )


def test_a_folder_that_is_busy_is_said_once(project: Path) -> None:
    (project / "file").write_text("no folder")
    done = train(project, "--steps", 2, "-o", "file", together=True)
    assert done.returncode != 0
    assert done.stderr.count("pxgen: cannot write file") == 1
    assert "unexpected" not in done.stderr
