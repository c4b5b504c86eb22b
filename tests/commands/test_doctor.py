"""``doctor``: facts, a measurement, and what is wrong with what to do."""

from __future__ import annotations

import builtins
import json
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

from pxgen.cli.app import pxgen
from pxgen.cli.doctor import _about
from pxgen.commands import doctor
from tests.support.tiny import MODEL_TABLE, tiny_dataset


@pytest.fixture(autouse=True)
def healthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of two cores without a fault, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("pxgen.devices.available_cores", lambda: 2)
    monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0, 0), raising=False)
    monkeypatch.setattr(doctor, "_memory", lambda: {"total": 16.0, "free": 8.0})
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with_space(monkeypatch, 50)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)


def with_space(monkeypatch: pytest.MonkeyPatch, gigabytes: float) -> None:
    usage = namedtuple("usage", "free")(gigabytes * 10**9)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: usage)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(pxgen, ["doctor", *map(str, arguments)])


def facts(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("--seconds", 0, "--json", *arguments).stdout)
    return found


def test_ten_minutes_are_foretold_for_the_projects_dataset_and_nothing_is_left() -> None:
    Path("pxgen.toml").write_text(MODEL_TABLE + "[train]\nbatch = 8\n")
    Path("dataset").mkdir()
    tiny_dataset(Path("dataset"))
    before = sorted(Path().rglob("*"))
    result = run("--seconds", 0.01)
    assert result.exit_code == 0, result.output
    assert "steps of 8, each of 40 sprites of dataset" in result.stdout
    assert "of training the denoiser of masked" in result.stdout
    assert result.stdout.endswith("nothing is wrong\n")
    assert sorted(Path().rglob("*")) == before


def test_without_a_dataset_built_in_characters_are_measured() -> None:
    result = run("--seconds", 0.01, "--recipe", "ae", "--json")
    speed = json.loads(result.stdout)["speed"]
    assert (speed["dataset"], speed["family"]) == (None, "autoencoder")
    assert 8000 < speed["sprites"] < 10_000
    assert speed["steps_then"] > 0
    assert not list(Path().iterdir())


def test_a_healthy_machine_has_facts_and_no_problems() -> None:
    found = facts()
    assert (found["cores"], found["threads"], found["device"]) == (2, 2, "cpu")
    assert found["libraries"]["torch"] == torch.__version__
    assert (found["speed"], found["problems"]) == (None, [])
    assert found["memory"] == {"total": 16.0, "free": 8.0, "unit": "GB"}


def test_cores_that_others_use_are_not_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    problem(monkeypatch, "threads")
    monkeypatch.setattr("os.getloadavg", lambda: (1.2, 0, 0), raising=False)
    assert facts()["problems"] == []
    monkeypatch.setattr("pxgen.devices.available_cores", lambda: 8)
    (told,) = facts()["problems"]
    assert "leaves 6 of 8 cores idle" in told


def problem(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Break the machine."""
    match name:
        case "threads":
            monkeypatch.setenv("OMP_NUM_THREADS", "1")
        case "cuda":
            monkeypatch.setattr(torch.version, "cuda", "13.0")
        case "gpu":
            monkeypatch.setattr(doctor.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
        case "space":
            with_space(monkeypatch, 0.2)
        case "memory":
            monkeypatch.setattr(doctor, "_memory", lambda: {"total": 16.0, "free": 0.5})
        case "dataset":
            Path("dataset").mkdir()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("threads", "OMP_NUM_THREADS=1 leaves 1 of 2 cores idle: unset it"),
        ("cuda", "built for CUDA 13.0 and finds no GPU"),
        ("gpu", "torch is a build for CPUs"),
        ("space", "has 0.2 GB free: make room"),
        ("memory", "0.5 GB of memory are free"),
        ("dataset", "no dataset at dataset"),
    ],
)
def test_problems_are_told_with_what_to_do(
    name: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem(monkeypatch, name)
    result = run("--seconds", 0.01 if name == "dataset" else 0)
    assert result.exit_code == 1
    assert any(line.startswith("wrong: ") and said in line for line in result.stdout.splitlines())


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder nobody can write to")
def test_a_read_only_folder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/proc")
    assert any("cannot write to /proc" in line for line in facts()["problems"])


def test_torch_that_does_not_load_is_told_and_the_rest_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def broken(name: str, *rest: Any, **named: Any) -> Any:
        if name == "torch":
            raise OSError("libcudart.so.12: cannot open shared object file")
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", broken)
    result = run()
    assert result.exit_code == 1
    assert "wrong: torch cannot be loaded (libcudart.so.12" in result.stdout
    assert "numpy" in result.stdout


def test_busy_cores_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    for load, told in ((6.9, True), (0.4, False)):
        monkeypatch.setattr(doctor.os, "getloadavg", lambda load=load: (load, 0, 0))
        result = run("--seconds", 0)
        assert result.exit_code == 0
        assert ("other programs use the cores: expect fewer steps" in result.stdout) == told


def test_what_is_foretold_is_rounded() -> None:
    shown = [_about(number) for number in (976.8, 12_345, 10, 9.96, 0.26)]
    assert shown == ["980", "12,000", "10", "10.0", "0.3"]


@pytest.mark.parametrize("seconds", [0, 1])
def test_a_dataset_that_is_not_there_is_an_error(seconds: int) -> None:
    result = run("--dataset", "nosuch", "--seconds", seconds)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "no dataset at nosuch" in result.stderr


def test_an_unknown_recipe_is_wrong_usage() -> None:
    assert run("--recipe", "abacus").exit_code == 2


def test_the_memory_of_this_machine_is_told() -> None:
    found = doctor._memory()
    assert found["total"] is None or found["total"] > 0.1
