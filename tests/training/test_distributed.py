"""Data-parallel training: by threads that pass messages, and by ``torchrun``."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

from pxgen.checkpoint.card import read_card
from pxgen.checkpoint.store import group
from pxgen.cli.app import pxgen
from pxgen.errors import UsageError
from pxgen.models.protocol import Batch
from pxgen.training import trainer as loop
from pxgen.training.distributed import ProcessGroup
from pxgen.training.parallel import MicrobatchWorkers
from pxgen.training.report import Position
from pxgen.training.trainer import Trainer
from tests.support.tiny import MODEL_TABLE, tiny_dataset, tiny_model
from tests.support.trainings import CPU, trainer

TOGETHER = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "pxgen"]
TRAIN = """
[train]
batch = 64
warmup = 2
validate_every = 5
"""


class Threads(ProcessGroup):
    """Processes of a group, each a thread of this one: what they say meets on a table."""

    world_size = 2

    def __init__(self, rank: int, meeting: threading.Barrier, table: list[Any]) -> None:
        self.rank, self._meeting, self._table = rank, meeting, table

    def _said(self, value: Any) -> list[Any]:
        """What each of them says."""
        self._table[self.rank] = value
        self._meeting.wait()
        every = list(self._table)
        self._meeting.wait()
        return every

    def all_reduce(self, tensors: Sequence[torch.Tensor]) -> None:
        every = self._said([tensor.detach().clone() for tensor in tensors])
        for tensor, *parts in zip(tensors, *every, strict=True):
            tensor.detach().copy_(parts[0] + parts[1])

    def broadcast(self, tensors: Sequence[torch.Tensor]) -> None:
        first, _ = self._said([tensor.detach().clone() for tensor in tensors])
        for tensor, theirs in zip(tensors, first, strict=True):
            tensor.detach().copy_(theirs)

    def broadcast_object(self, value: Any) -> Any:
        return self._said(value)[0]

    def any(self, *, here: bool) -> bool:
        return any(self._said(here))


def both(folder: Path, **changes: Any) -> list[tuple[dict[str, torch.Tensor], Position]]:
    """The snapshots and positions that two trainers of one group end with."""
    like = trainer(folder, batch=64, **changes)
    models = (like.model, tiny_model())
    with torch.no_grad():
        # The second has other weights: those of the first are for both.
        for parameter in models[1].module.parameters():
            parameter.add_(1)
    meeting = threading.Barrier(2)

    def whole(rank: int) -> tuple[dict[str, torch.Tensor], Position]:
        run = Trainer(models[rank], like.dataset, like.settings, CPU, Threads(rank, meeting, table))
        try:
            list(run.run())
        except BaseException:
            # The other must not wait.
            meeting.abort()
            raise
        return run.snapshot(), run.position

    table: list[Any] = [None, None]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(whole, range(2)))


def test_two_take_the_steps_of_one(tmp_path: Path) -> None:
    alone = trainer(tmp_path, batch=64)
    list(alone.run())
    (first, at), (second, also_at) = both(tmp_path)
    assert (at.stage, at.step, at.best) == (also_at.stage, also_at.step, also_at.best)
    for name, tensor in alone.snapshot().items():
        assert torch.equal(first[name], second[name]), name
        assert torch.allclose(first[name], tensor, atol=2e-4), name


def test_a_time_budget_ends_for_all_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of them finds that more time has passed: the clock of the first is that of all."""
    seconds = itertools.count(0.0)
    monkeypatch.setattr(loop.time, "perf_counter", lambda: next(seconds))
    (_, first), (_, second) = both(tmp_path, steps=None, minutes=0.5)
    assert (first.stage, first.step, first.seconds) == (second.stage, second.step, second.seconds)
    assert first.step > 0


def test_a_batch_too_small_for_all_is_refused() -> None:
    stage = tiny_model().stages()[-1]
    batch = Batch(torch.zeros(32, 1, 6, 8).long(), torch.zeros(32, 2))
    second = Threads(1, threading.Barrier(2), [])
    with pytest.raises(
        UsageError, match="leaves one of 2 processes without work: take at least 64"
    ):
        MicrobatchWorkers(CPU, bf16=False, group=second).backward(stage, batch, 0.0, 0, 0)


@pytest.fixture
def project(work: Path) -> Path:
    tiny_dataset(work / "dataset", count=96)
    (work / "pxgen.toml").write_text(MODEL_TABLE + TRAIN)
    return work


def together(*options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *TOGETHER, "train", *map(str, options)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def one(*options: object) -> None:
    assert CliRunner().invoke(pxgen, ["-q", "train", *map(str, options)]).exit_code == 0


def weights(run: Path) -> dict[str, torch.Tensor]:
    return group(load_file(run / "checkpoint.safetensors"), "weights")


def losses(run: Path) -> list[float]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["cross_entropy"] for line in lines]


def test_two_processes_go_on_with_what_one_began_and_end_as_one(project: Path) -> None:
    one("--steps", 5, "-o", "one")
    shutil.copytree("one", "two")
    one("--steps", 12, "-o", "one")
    done = together("--steps", 12, "-o", "two")
    assert done.returncode == 0, done.stderr
    # One of them speaks, and writes one checkpoint.
    assert done.stdout.split() == ["two/checkpoint.safetensors"]
    assert read_card(project / "two")[0].training["step"] == 12
    ends = [
        group(load_file(project / run / "checkpoint.safetensors"), "weights")
        for run in ("one", "two")
    ]
    for name, tensor in ends[0].items():
        assert torch.allclose(tensor, ends[1][name], atol=2e-4), name
    assert losses(project / "two") == pytest.approx(losses(project / "one"), rel=1e-3)


def test_what_stops_all_is_said_once(project: Path) -> None:
    (project / "file").write_text("no folder")
    done = together("--steps", 2, "-o", "file")
    assert done.returncode != 0
    assert done.stderr.count("pxgen: cannot write file") == 1
    assert "unexpected" not in done.stderr
