"""Whatever stops the program, whatever stands under a final name is whole, and work goes on."""

from __future__ import annotations

import json
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import load_file

from pxgen.checkpoint.card import read_card
from pxgen.cli.app import pxgen
from pxgen.data.dataset import open_dataset
from pxgen.render.png import decode_png
from pxgen.training.train_state import TrainState
from tests.support import processes
from tests.support.checkpoints import save as save_model
from tests.support.processes import start, stop_when
from tests.support.tiny import MODEL_TABLE, tiny_dataset

STEPS = 24
PROJECT = f"""{MODEL_TABLE}
[train]
steps = {STEPS}
batch = 40
validate_every = 10
save_every = 0.0
"""
"""A run of seconds that saves after every step, so that a kill often falls into a save."""


def check_whole(folder: Path) -> list[Path]:
    """Every file under a final name opens; return them."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    final = [path for path in files if not (path.name[0] == "." and path.suffix == ".tmp")]
    for path in final:
        if path.suffix == ".png":
            decode_png(path)
        elif path.name == "dataset.safetensors":
            dataset = open_dataset(path)
            dataset.take(np.arange(len(dataset)))
        elif path.suffix == ".safetensors":
            read_card(path)
            load_file(path)
        elif path.suffix == ".jsonl":
            assert all(json.loads(line) for line in path.read_text().splitlines())
        else:
            assert path.name in {"project.toml", "pxgen.toml"}, path
    return final


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    """The tensors at the end of a training that nothing disturbed."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    prepare_training(folder)
    result = CliRunner().invoke(
        pxgen, ["-q", "--project", str(folder), "train", "-o", f"{folder}/run"]
    )
    assert result.exit_code == 0, result.stderr
    return load_file(folder / "run" / "checkpoint.safetensors")


def prepare_training(folder: Path) -> None:
    (folder / "pxgen.toml").write_text(PROJECT)
    (folder / "dataset").mkdir()
    tiny_dataset(folder / "dataset")


def assert_equal(run: Path, expected: dict[str, torch.Tensor]) -> None:
    tensors = load_file(run / "checkpoint.safetensors")
    assert tensors.keys() == expected.keys()
    for name, tensor in tensors.items():
        assert torch.equal(tensor, expected[name]), name
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    steps = [(line["stage_index"], line["step"]) for line in lines]
    assert steps == sorted(set(steps))


def test_training_killed_again_and_again_ends_with_the_weights_of_one_run(
    tmp_path: Path, uninterrupted: dict[str, torch.Tensor]
) -> None:
    prepare_training(tmp_path)
    moments, run = random.Random(0), tmp_path / "run"
    reached = 0
    for goal in (1, STEPS // 2):

        def past(goal: int = goal) -> bool:
            path = run / "checkpoint.safetensors"
            return path.exists() and read_card(path)[0].training["step"] >= goal

        process = start(tmp_path, "train", "-o", "run")
        ended = stop_when(process, past, moments.uniform(0, 0.1), signal.SIGKILL)
        assert ended.code == -signal.SIGKILL, ended.stderr
        assert run / "checkpoint.safetensors" in check_whole(tmp_path)
        step = read_card(run)[0].training["step"]
        assert reached < step < STEPS
        reached = step
    ended = processes.pxgen(tmp_path, "train", "-o", "run")
    assert ended.code == 0, ended.stderr
    assert f"at step {reached}" in ended.stderr
    assert_equal(run, uninterrupted)


def test_training_killed_before_its_first_save_leaves_nothing_to_trip_over(
    tmp_path: Path, uninterrupted: dict[str, torch.Tensor]
) -> None:
    prepare_training(tmp_path)
    run = tmp_path / "run"
    ended = stop_when(
        start(tmp_path, "train", "-o", "run"), (run / "project.toml").exists, 0, signal.SIGKILL
    )
    assert ended.code == -signal.SIGKILL
    check_whole(tmp_path)
    assert processes.pxgen(tmp_path, "train", "-o", "run").code == 0
    assert_equal(run, uninterrupted)


def test_ctrl_c_saves_and_the_run_goes_on(
    tmp_path: Path, uninterrupted: dict[str, torch.Tensor]
) -> None:
    prepare_training(tmp_path)
    run = tmp_path / "run"
    process = start(tmp_path, "train", "-o", "run")
    ended = stop_when(process, (run / "checkpoint.safetensors").exists, 0.02, signal.SIGINT)
    assert ended.code == 130
    assert "Traceback" not in ended.stderr
    assert "goes on from run" in ended.lines[-1]
    check_whole(tmp_path)
    assert 0 < read_card(run)[0].training["step"] < STEPS
    assert processes.pxgen(tmp_path, "train", "-o", "run").code == 0
    assert_equal(run, uninterrupted)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_inside_a_step_waits_for_its_end(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    uninterrupted: dict[str, torch.Tensor],
    number: signal.Signals,
) -> None:
    """Between the optimizer's step and the count of it, stopping would repeat the step."""
    prepare_training(tmp_path)
    update = TrainState.update

    def interrupted(self: TrainState, step: int, lr: float) -> None:
        update(self, step, lr)
        if step == 4:
            signal.raise_signal(number)

    arguments = ["-q", "--project", str(tmp_path), "train", "-o", f"{tmp_path}/run"]
    with monkeypatch.context() as patch:
        patch.setattr(TrainState, "update", interrupted)
        assert CliRunner().invoke(pxgen, arguments).exit_code == 130
    assert read_card(tmp_path / "run")[0].training["step"] == 5
    assert CliRunner().invoke(pxgen, arguments).exit_code == 0
    assert_equal(tmp_path / "run", uninterrupted)


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_training(tmp_path)
    before = signal.getsignal(signal.SIGINT)

    def stuck(self: TrainState, step: int, lr: float) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("the second request was not heard")

    monkeypatch.setattr(TrainState, "update", stuck)
    arguments = ["-q", "--project", str(tmp_path), "train", "-o", f"{tmp_path}/run"]
    assert CliRunner().invoke(pxgen, arguments).exit_code == 130
    assert signal.getsignal(signal.SIGINT) is before


def sources(folder: Path, shade: int, count: int = 300) -> None:
    """Sprites whose dataset differs from that of any other shade."""
    (folder / "sprites").mkdir(exist_ok=True)
    generator = np.random.default_rng(shade)
    for i in range(count):
        rgb = generator.integers(0, 2, (16, 16, 1), np.uint8) * np.uint8(shade)
        Image.fromarray(rgb.repeat(3, 2)).save(folder / "sprites" / f"{i:03}.png")


def test_prepare_killed_at_any_moment_leaves_the_old_dataset_or_the_new(tmp_path: Path) -> None:
    sources(tmp_path, 100)
    assert processes.pxgen(tmp_path, "prepare", "sprites").code == 0
    old = open_dataset(tmp_path / "dataset").fingerprint
    sources(tmp_path, 200)
    began = time.monotonic()
    assert processes.pxgen(tmp_path, "prepare", "sprites", "-o", "new").code == 0
    length = time.monotonic() - began
    new = open_dataset(tmp_path / "new").fingerprint

    def writing() -> bool:
        return any((tmp_path / "dataset").glob(".*.tmp"))

    moments = random.Random(0)
    anywhere = [(lambda: True, moments.uniform(0.4, 1.0) * length) for _ in range(4)]
    killed = []
    for reached, delay in [*anywhere, (writing, 0.0), (writing, 0.01), (writing, 0.03)]:
        process = start(tmp_path, "prepare", "sprites", "--force")
        killed.append(stop_when(process, reached, delay, signal.SIGKILL))
        for leftover in (tmp_path / "dataset").glob(".*.tmp"):
            leftover.unlink()
        check_whole(tmp_path / "dataset")
        assert open_dataset(tmp_path / "dataset").fingerprint in {old, new}
    assert sum(each.code == -signal.SIGKILL for each in killed) >= 4
    assert processes.pxgen(tmp_path, "prepare", "sprites", "--force").code == 0
    assert open_dataset(tmp_path / "dataset").fingerprint == new


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    save_model(tmp_path / "model")
    return tmp_path


def test_sample_killed_at_any_moment_leaves_whole_pictures(model: Path) -> None:
    command = ["sample", "-m", "model", "-n", 3000, "--steps", 4, "--force", "-o", "out/"]
    out = model / "out"
    moments = random.Random(0)
    for count in (1, 20):

        def enough(count: int = count) -> bool:
            return out.exists() and len(list(out.glob("*.png"))) >= count

        ended = stop_when(start(model, *command), enough, moments.uniform(0, 0.05), signal.SIGKILL)
        assert ended.code == -signal.SIGKILL, ended.stderr
        written = check_whole(out)
        assert count <= len(written) < 3000
        # What was announced was complete.
        assert {model / line for line in ended.stdout.splitlines()} <= set(written)


def test_a_sheet_is_replaced_whole_or_not_at_all(model: Path) -> None:
    sheet = model / "sheet.png"
    command = ["sample", "-m", "model", "-n", 3000, "--steps", 1, "-o", "sheet.png"]
    assert processes.pxgen(model, *command[:4], 4, "-o", "sheet.png").code == 0
    before = sheet.read_bytes()
    process = start(model, *command)
    ended = stop_when(process, lambda: True, 1.5, signal.SIGKILL)
    assert ended.code == -signal.SIGKILL
    assert sheet.read_bytes() == before


@pytest.mark.parametrize("command", ["prepare", "sample"])
def test_ctrl_c_ends_quietly_with_status_130(model: Path, command: str) -> None:
    sources(model, 100, 1000)
    out = model / "out"
    out.mkdir()
    arguments = {
        "prepare": ["prepare", "sprites", "-o", "out"],
        "sample": ["sample", "-m", "model", "-n", 3000, "-o", "out/"],
    }[command]
    process = start(model, *arguments)
    ended = stop_when(process, lambda: any(out.iterdir()), 0.0, signal.SIGINT)
    assert ended.code == 130, ended.stderr
    assert not [line for line in ended.lines if "Traceback" in line or "Error" in line]
    check_whole(out)
    # What can still run when it is interrupted tidies up after itself.
    assert not list(out.glob(".*.tmp"))
