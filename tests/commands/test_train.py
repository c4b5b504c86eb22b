"""``pxgen train``: runs, resumed and finished ones."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pxgen.checkpoint.card import read_card
from pxgen.checkpoint.store import save_checkpoint
from pxgen.commands.train import carry_out as train
from pxgen.data.dataset import open_dataset
from pxgen.errors import InputError, PxgenError
from pxgen.files import folder_lock
from pxgen.training.run import TrainRequest
from pxgen.training.session import Training
from pxgen.training.trainer import Trainer
from tests.support.tiny import tiny_dataset, tiny_model, tiny_table
from tests.support.trainings import CPU, QUIET, SETTINGS


def request(
    folder: Path, out: Path | None = None, recipe: str = "masked", **changes: object
) -> TrainRequest:
    settings = replace(SETTINGS, **changes)  # type: ignore[arg-type]
    return TrainRequest(
        dataset=folder,
        runs=folder / "runs",
        recipe=None,
        settings=settings,
        model_table=tiny_table(recipe),
        device="cpu",
        resume=True,
        out=out,
    )


def test_the_command_resumes_its_run_and_ends_as_if_never_stopped(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    whole = load_file(train(request(tmp_path, tmp_path / "whole"), QUIET))

    # A kill leaves the last snapshot, here one of a run whose budget was cut short.
    part = tmp_path / "part"
    early = train(request(tmp_path, part, steps=3, lr=0.0), QUIET)
    assert read_card(early)[0].training["finished"]
    killed = Trainer(tiny_model(), open_dataset(tmp_path), SETTINGS, CPU)
    for report in killed.run():
        if (report.stage, report.position.step) == ("denoiser", 3):
            break
    card, _ = read_card(tmp_path / "whole")
    training = dict(card.training) | asdict(killed.position) | {"finished": False}
    save_checkpoint(early, replace(card, training=training), killed.snapshot())
    resumed = load_file(train(request(tmp_path, part), QUIET))
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    path = train(request(tmp_path, tmp_path / "run"), QUIET)
    before = path.read_bytes()
    assert train(request(tmp_path, tmp_path / "run"), QUIET) == path
    assert path.read_bytes() == before


def test_runs_are_numbered_and_metrics_are_json_lines(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    first = train(request(tmp_path), QUIET)
    second = train(request(tmp_path), QUIET)
    assert [first.parent.name, second.parent.name] == ["0001-masked", "0002-masked"]
    lines = (first.parent / "metrics.jsonl").read_text().splitlines()
    last = json.loads(lines[-1])
    assert last["step"] == 6
    assert last["held_out_bits"] > 0
    assert (first.parent / "preview.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("changes", [{"seed": 1}, {"batch": 8}])
def test_another_run_is_not_resumed_silently(tmp_path: Path, changes: dict[str, int]) -> None:
    tiny_dataset(tmp_path)
    train(request(tmp_path, tmp_path / "run"), QUIET)
    with pytest.raises(InputError, match="--fresh"):
        train(request(tmp_path, tmp_path / "run", **changes), QUIET)


def test_a_run_from_before_there_was_augmentation_goes_on(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    path = train(request(tmp_path, tmp_path / "run", "pixelsnail", steps=3), QUIET)
    card, _ = read_card(path)
    settings = {k: v for k, v in card.training["settings"].items() if k != "augment"}
    older = replace(card, training={**card.training, "settings": settings})
    save_checkpoint(path, older, load_file(path))
    train(request(tmp_path, tmp_path / "run", "pixelsnail", steps=4), QUIET)
    assert read_card(path)[0].training["step"] == 4


def test_two_trainings_do_not_share_a_folder(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    with folder_lock(tmp_path / "run"), pytest.raises(PxgenError, match="another process"):
        train(request(tmp_path, tmp_path / "run"), QUIET)
    assert train(request(tmp_path, tmp_path / "run"), QUIET).is_file()


def test_a_run_that_ended_early_is_not_gone_on_with_unasked(tmp_path: Path) -> None:
    """With a learning rate of 0 nothing gets better, and every prior stops."""

    def trained(steps: int) -> tuple[bytes, int]:
        still = {"batch": 16, "warmup": 0, "validate_every": 3, "lr": 0.0}
        path = train(request(tmp_path, tmp_path / "run", "vqvae", steps=steps, **still), QUIET)
        return path.read_bytes(), read_card(path)[0].training["step"]

    tiny_dataset(tmp_path)
    early, step = trained(18)
    assert trained(18) == (early, step)
    # A larger budget is a wish to go on, with all patience again.
    assert trained(24)[1] > step


def test_a_training_may_run_beside_the_main_thread(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(train, request(tmp_path, tmp_path / "run", steps=2), QUIET).result()
    assert written == tmp_path / "run" / "checkpoint.safetensors"


def test_a_run_tells_of_its_data_and_of_what_it_reached(tmp_path: Path) -> None:
    sprites = tiny_dataset(tmp_path)
    told = {"license": "CC0-1.0", "author": "Ada", "sources": ["art"]}
    checkpoint = train(replace(request(tmp_path), dataset=replace(sprites, info=told)), QUIET)
    assert checkpoint is not None
    card, _ = read_card(checkpoint)
    found = card.provenance
    assert (found.license, found.author, found.origin) == ("CC0-1.0", "Ada", "")
    assert (found.sources, found.sprites, found.held_out) == (("art",), 40, 8)
    assert found.figures["bits"] > 0
    text = checkpoint.with_name("card.md").read_text("utf-8")
    assert "- License: CC0-1.0" in text
    assert f"- bits: {found.figures['bits']:.4g} (" in text


@pytest.mark.parametrize("info", [{"sources": 3, "license": 1}, {"sources": None, "author": []}])
def test_odd_words_about_a_dataset_stop_no_training(
    tmp_path: Path, info: dict[str, object]
) -> None:
    sprites = replace(tiny_dataset(tmp_path), info=info)
    checkpoint = train(replace(request(tmp_path), dataset=sprites), QUIET)
    assert checkpoint is not None
    assert read_card(checkpoint)[0].provenance.sources == ()


def test_figures_that_are_no_numbers_leave_a_checkpoint_that_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_dataset(tmp_path)
    found = {"bits": float("nan"), "exact": 0.5}
    monkeypatch.setattr(Training, "held_out_figures", lambda self: dict(found))
    checkpoint = train(request(tmp_path), QUIET)
    assert checkpoint is not None
    assert read_card(checkpoint)[0].provenance.figures == {"exact": 0.5}
