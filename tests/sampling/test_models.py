"""Which model is drawn from."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from pxgen.checkpoint.store import prefixed, save_checkpoint
from pxgen.cli.app import pxgen
from tests.support.checkpoints import CARD, save
from tests.support.sampled import run
from tests.support.tiny import tiny_model


def test_the_run_written_last_is_taken_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("runs/0002-masked", "runs/heads", "runs/0001-masked")):
        save(tmp_path / name)
        os.utime(tmp_path / name / "checkpoint.safetensors", (number % 2, number % 2))
    result = CliRunner().invoke(pxgen, ["sample", "--steps", "2", "-o", "x.png"])
    assert result.exit_code == 0
    assert result.stderr == "model: runs/heads (the newest run; -m names another)\n"
    wrong = CliRunner().invoke(pxgen, ["-q", "sample", "--label", "alien", "-o", "y.png"])
    assert wrong.stderr.startswith("pxgen: runs/heads/checkpoint.safetensors has no label 'alien'")
    starter = ["sample", "-m", "starter", "--label", "alien", "--steps", "2", "-o", "z.png"]
    result = CliRunner().invoke(pxgen, starter)
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize("stage", [0, 1])
def test_a_model_that_has_only_begun_to_learn_is_drawn_from_with_a_remark(
    stage: int, tmp_path: Path
) -> None:
    card = replace(CARD, training={"stage": stage, "finished": False})
    weights = prefixed(tiny_model().module.state_dict(), "weights")
    save_checkpoint(tmp_path / "checkpoint.safetensors", card, weights)
    result = run(tmp_path, "-o", f"{tmp_path}/x.png")
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 1)
    remark = "has yet to learn labels, denoiser: go on with `pxgen train`"
    assert (remark in " ".join(result.stderr.split())) is (stage == 0)
