"""``pxgen train``: runs, resumed and finished ones."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file

from pxgen.checkpoint.card import read_card
from pxgen.checkpoint.store import save_checkpoint
from pxgen.commands.train import carry_out as train
from pxgen.data.dataset import open_dataset
from pxgen.errors import InputError, PxgenError
from pxgen.files import folder_lock
from pxgen.training.run import TrainRequest
from pxgen.training.session import Training, reports
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


@pytest.mark.parametrize("budget", [{"steps": None, "minutes": 1e-4}, {"steps": 6}])
def test_too_little_time_is_told_and_few_steps_asked_for_are_not(
    tmp_path: Path, budget: dict[str, float | None]
) -> None:
    tiny_dataset(tmp_path)
    log = io.StringIO()
    train(request(tmp_path, tmp_path / "run", **budget), Console(file=log, width=300))
    assert ("so few steps teach next to nothing" in log.getvalue()) == (budget["steps"] is None)


def test_a_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    path = train(request(tmp_path, tmp_path / "run"), QUIET)
    before, log = path.read_bytes(), io.StringIO()
    assert train(request(tmp_path, tmp_path / "run"), Console(file=log, width=300)) == path
    assert path.read_bytes() == before
    assert "run is finished, 6 steps: more --steps or --minutes go on" in log.getvalue()


def test_a_run_that_ends_before_anything_was_saved_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_dataset(tmp_path)
    monkeypatch.setattr("pxgen.training.session.build_model", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(request(tmp_path), QUIET)
    assert not list((tmp_path / "runs").iterdir())


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


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


def test_a_run_of_another_seed_or_model_is_not_resumed(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    train(request(tmp_path, tmp_path / "run"), QUIET)
    for other in (
        request(tmp_path, tmp_path / "run", seed=1, steps=9),
        request(tmp_path, tmp_path / "run", "uniform", steps=9),
    ):
        with pytest.raises(InputError, match="--fresh"):
            train(other, QUIET)


def test_a_run_goes_on_with_another_rate_and_batch_and_says_so(tmp_path: Path) -> None:
    tiny_dataset(tmp_path)
    log = io.StringIO()
    train(request(tmp_path, tmp_path / "run"), QUIET)
    other = request(tmp_path, tmp_path / "run", batch=8, lr=0.002, steps=9)
    with pytest.raises(InputError, match=r"another \[train\] batch \(40, now 8\)"):
        train(replace(other, exact=True), QUIET)
    train(other, Console(file=log, width=200, markup=False))
    assert "with another [train] batch (40, now 8); [train] lr (0.01, now 0.002)" in log.getvalue()
    card, _ = read_card(tmp_path / "run")
    assert (card.training["step"], card.training["settings"]["batch"]) == (9, 8)
    # Without a wish for more there is nothing to go on to.
    with pytest.raises(InputError, match=r"spent its budget, with another .* batch"):
        train(replace(other, settings=replace(other.settings, batch=16)), QUIET)
    assert read_card(tmp_path / "run")[0] == card


def test_a_run_goes_on_with_a_dataset_that_grew(tmp_path: Path) -> None:
    tiny_dataset(tmp_path / "few", 24)
    more = tiny_dataset(tmp_path / "more", 48)
    file = train(request(tmp_path / "few", tmp_path / "run", lr=0.0), QUIET)
    before = load_file(file)
    log, other = io.StringIO(), request(tmp_path / "more", tmp_path / "run", lr=0.0, steps=9)
    train(other, Console(file=log, width=200, markup=False))
    assert "with another dataset" in log.getvalue()
    assert "it knows 2 of 2 labels, 5 of 5 colours exactly" in log.getvalue()
    # What labels go together is learnt once more, before pixels go on.
    steps = [line.split(",")[0] for line in log.getvalue().splitlines() if ": step " in line]
    assert steps[-1] == "denoiser: step 9 of 9"
    assert "labels: step 9 of 9" in steps
    card, _ = read_card(file)
    assert (card.fingerprint, card.training["step"]) == (more.fingerprint, 9)
    after = load_file(file)
    assert all(torch.allclose(before[n], after[n]) for n in before if n.startswith("raw."))


def test_a_stop_while_labels_are_learnt_once_more_leaves_the_run_as_it_was(tmp_path: Path) -> None:
    tiny_dataset(tmp_path / "few", 24)
    tiny_dataset(tmp_path / "more", 48)
    file = train(request(tmp_path / "few", tmp_path / "run"), QUIET)
    before = file.read_bytes()
    running = reports(request(tmp_path / "more", tmp_path / "run", steps=9))
    assert next(running).stage == "labels"
    running.close()
    assert file.read_bytes() == before
    whole = request(tmp_path / "few", tmp_path / "whole")
    train(whole, QUIET)
    for folder in ("run", "whole"):
        train(request(tmp_path / "more", tmp_path / folder, steps=9), QUIET)
    one, two = (load_file(tmp_path / n / file.name) for n in ("run", "whole"))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_the_newest_run_is_left_alone_where_another_dataset_is_trained_on(tmp_path: Path) -> None:
    tiny_dataset(tmp_path / "few", 24)
    tiny_dataset(tmp_path / "more", 48)
    asked = replace(request(tmp_path / "few"), runs=tmp_path / "runs")
    running = reports(asked)
    next(running)
    running.close()
    train(replace(asked, dataset=tmp_path / "more"), QUIET)
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        "0001-masked",
        "0002-masked",
    ]


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
