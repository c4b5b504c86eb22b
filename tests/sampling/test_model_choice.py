"""Which model is drawn from, and what it may be asked."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from safetensors.torch import load_file

from pxgen.checkpoint.store import prefixed, save_checkpoint
from pxgen.cli.app import pxgen
from pxgen.config.sample_settings import SamplerSettings
from pxgen.config.schema import rules
from pxgen.errors import UsageError
from pxgen.models.protocol import SamplingParams
from pxgen.sampling.model_choice import check_sampling
from tests.support.checkpoints import CARD, save
from tests.support.sampled import run
from tests.support.tiny import FAMILIES, tiny_model


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
    file = Path("runs/heads/checkpoint.safetensors")
    save_checkpoint(file, replace(CARD, training={"finished": False}), load_file(file))
    result = CliRunner().invoke(pxgen, ["sample", "--steps", "2", "-o", "w.png"])
    assert (
        "runs/heads (the newest run, not finished: what it draws now it cannot draw"
        in result.stderr
    )
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


@pytest.mark.parametrize(("sampler", "own"), [("dpmpp", "ddim"), ("ddpm", "ddim"), (None, "dpmpp")])
def test_eta_is_refused_where_the_sampler_adds_no_noise_of_that_size(
    sampler: str | None, own: str
) -> None:
    model = tiny_model("ddpm-palette", sampler=own)
    with pytest.raises(UsageError, match=f"{sampler or own} has no use for --eta; .* ddim$"):
        check_sampling(SamplingParams(sampler=sampler, eta=1.0), model)


@pytest.mark.parametrize(("sampler", "own"), [("ddim", "dpmpp"), (None, "ddim")])
def test_eta_is_taken_by_ddim_asked_for_or_not(sampler: str | None, own: str) -> None:
    model = tiny_model("ddpm-palette", sampler=own)
    check_sampling(SamplingParams(sampler=sampler, eta=1.0), model)


@pytest.mark.parametrize("recipe", ["masked", "uniform", "pixelsnail", "vqvae", "ddpm"])
def test_the_default_sampler_is_one_of_the_table_and_may_be_named(recipe: str) -> None:
    model = tiny_model(recipe)
    check_sampling(SamplingParams(sampler=model.sampler), model)
    with pytest.raises(UsageError, match="no sampler 'painter' for this model"):
        check_sampling(SamplingParams(sampler="painter"), model)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_help_of_truncated_sampling_names_the_models_that_take_it(family: str) -> None:
    for name in ("top_k", "top_p"):
        takes = name in tiny_model(family).takes
        assert takes == (family in rules(SamplerSettings)[name].doc)
