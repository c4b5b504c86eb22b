"""Whatever stops the program, whatever stands under a final name is whole, and work goes on."""

from __future__ import annotations

import json
import signal
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
from tests.support.processes import Moment
from tests.support.tiny import MODEL_TABLE, tiny_dataset

STEPS = 12
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
            assert path.name in {"project.toml", "pxgen.toml", "card.md"}, path
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


def go_on(folder: Path) -> str:
    """Train to the end in this process; what is said."""
    line = ["--project", str(folder), "train", "-o", f"{folder}/run"]
    ended = CliRunner().invoke(pxgen, line)
    assert ended.exit_code == 0, ended.stderr
    return ended.stderr


CHECKPOINT = "checkpoint.safetensors"


def test_training_killed_again_and_again_ends_with_the_weights_of_one_run(
    tmp_path: Path, uninterrupted: dict[str, torch.Tensor]
) -> None:
    prepare_training(tmp_path)
    run = tmp_path / "run"
    # Before the third checkpoint, after ten more, and between metrics and their checkpoint.
    moments = (
        (Moment(CHECKPOINT, 3), 2),
        (Moment(CHECKPOINT, 10, placed=True), 12),
        (Moment("metrics.jsonl", 4, placed=True), 15),
    )
    for moment, steps in moments:
        ended = processes.run(tmp_path, "train", "-o", "run", stop=moment)
        assert ended.code == -signal.SIGKILL, ended.stderr
        assert run / CHECKPOINT in check_whole(tmp_path)
        training = read_card(run)[0].training
        assert training["stage"] * STEPS + training["step"] == steps
    assert f"at step {training['step']}" in go_on(tmp_path)
    assert_equal(run, uninterrupted)


def test_training_killed_before_its_first_save_leaves_nothing_to_trip_over(
    tmp_path: Path, uninterrupted: dict[str, torch.Tensor]
) -> None:
    prepare_training(tmp_path)
    ended = processes.run(tmp_path, "train", "-o", "run", stop=Moment(CHECKPOINT))
    assert ended.code == -signal.SIGKILL
    assert tmp_path / "run" / CHECKPOINT not in check_whole(tmp_path)
    go_on(tmp_path)
    assert_equal(tmp_path / "run", uninterrupted)


def test_ctrl_c_saves_and_the_run_goes_on(
    tmp_path: Path, uninterrupted: dict[str, torch.Tensor]
) -> None:
    prepare_training(tmp_path)
    stop = Moment(CHECKPOINT, 5, number=signal.SIGINT)
    ended = processes.run(tmp_path, "train", "-o", "run", stop=stop)
    assert ended.code == 130
    assert "Traceback" not in ended.stderr
    assert "goes on from run" in ended.lines[-1]
    check_whole(tmp_path)
    assert 5 <= read_card(tmp_path / "run")[0].training["step"] <= 6
    go_on(tmp_path)
    assert_equal(tmp_path / "run", uninterrupted)


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


def sources(folder: Path, shade: int, count: int) -> None:
    """Sprites whose dataset differs from that of any other shade."""
    (folder / "sprites").mkdir(exist_ok=True)
    generator = np.random.default_rng(shade)
    for i in range(count):
        rgb = generator.integers(0, 2, (16, 16, 1), np.uint8) * np.uint8(shade)
        Image.fromarray(rgb.repeat(3, 2)).save(folder / "sprites" / f"{i:03}.png")


def test_prepare_killed_at_any_moment_leaves_the_old_dataset_or_the_new(tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"

    def prepared(out: Path, *options: str) -> str:
        line = ["-q", "prepare", str(tmp_path / "sprites"), "-o", str(out), *options]
        assert CliRunner().invoke(pxgen, line).exit_code == 0
        return open_dataset(out).fingerprint

    sources(tmp_path, 100, 30)
    old = prepared(dataset)
    sources(tmp_path, 200, 30)
    new = prepared(tmp_path / "new")
    file = "dataset.safetensors"
    moments = (Moment(file), Moment(file, placed=True), Moment("*.png"), Moment("*.png", 2))
    for moment in moments:
        ended = processes.run(tmp_path, "prepare", "sprites", "--force", stop=moment)
        assert ended.code == -signal.SIGKILL
        for leftover in dataset.glob(".*.tmp"):
            leftover.unlink()
        check_whole(dataset)
        assert open_dataset(dataset).fingerprint == (old if moment == moments[0] else new)
    assert prepared(dataset, "--force") == new


@pytest.mark.parametrize("moment", [Moment("*.png", 3), Moment("*.png", 20, placed=True)])
def test_sample_killed_at_any_moment_leaves_whole_pictures(
    model: Path, tmp_path: Path, moment: Moment
) -> None:
    line = ("sample", "-m", model, "-n", 50, "--steps", 4, "--force", "-o", "out/")
    ended = processes.run(tmp_path, *line, stop=moment)
    assert ended.code == -signal.SIGKILL, ended.stderr
    written = check_whole(tmp_path / "out")
    assert len(written) == moment.turn - (not moment.placed)
    # What was announced was complete.
    assert {tmp_path / line for line in ended.stdout.splitlines()} <= set(written)


def test_a_sheet_is_replaced_whole_or_not_at_all(model: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    sheet.write_bytes(b"before")
    line = ("sample", "-m", model, "-n", 9, "--steps", 1, "-o", "sheet.png")
    ended = processes.run(tmp_path, *line, stop=Moment("sheet.png"))
    assert ended.code == -signal.SIGKILL
    assert sheet.read_bytes() == b"before"


@pytest.mark.parametrize("command", ["prepare", "sample"])
def test_ctrl_c_ends_quietly_with_status_130(model: Path, tmp_path: Path, command: str) -> None:
    sources(tmp_path, 100, 30)
    (tmp_path / "out").mkdir()
    line, file = {
        "prepare": (("prepare", "sprites", "-o", "out"), "dataset.safetensors"),
        "sample": (("sample", "-m", model, "-n", 50, "-o", "out/"), "*.png"),
    }[command]
    ended = processes.run(tmp_path, *line, stop=Moment(file, number=signal.SIGINT))
    assert ended.code == 130, ended.stderr
    assert not [line for line in ended.lines if "Traceback" in line or "Error" in line]
    check_whole(tmp_path / "out")
    # What can still run when it is interrupted tidies up after itself.
    assert not list((tmp_path / "out").glob(".*.tmp"))
