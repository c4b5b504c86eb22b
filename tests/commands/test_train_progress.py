"""How a training is told of: its opening line, bars on a terminal, lines in a log."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from pxgen.commands import watching
from pxgen.commands.train import carry_out
from pxgen.commands.train_progress import progress, validation_line
from pxgen.models.diffusion import base
from pxgen.training.report import Position, Report
from pxgen.training.run import TrainRequest
from tests.support.tiny import tiny_dataset, tiny_table
from tests.support.trainings import SETTINGS


def said(
    folder: Path, recipe: str = "masked", template: str = "yes", **changes: object
) -> list[str]:
    """What a training says without a terminal."""
    tiny_dataset(folder)
    log = io.StringIO()
    request = TrainRequest(
        dataset=folder,
        runs=folder / "runs",
        recipe=None,
        settings=replace(SETTINGS, **changes),  # type: ignore[arg-type]
        model_table=tiny_table(
            recipe, **({} if recipe == "pixelsnail" else {"template": template})
        ),
        device="cpu",
        resume=True,
        out=folder / "run",
    )
    carry_out(request, Console(file=log, width=200, soft_wrap=True))
    return log.getvalue().splitlines()


def report(stage: int, step: int, held_out: dict[str, float] | None = None) -> Report:
    position = Position(stage=stage, step=step, seconds=90.0)
    return Report(
        ("labels", "denoiser")[stage], position, step / 10, {"a": 1.0}, 0.1, held_out, False
    )


@pytest.mark.parametrize(
    ("recipe", "options", "line"),
    [
        (
            "masked",
            {"augment": "auto"},
            "masked: template yes, width 8, coarse 8, depth 1; 40 sprites, augmented: mirrored, "
            "moved, recoloured",
        ),
        (
            "uniform",
            {"augment": "no"},
            "uniform: template yes, width 8, coarse 8, depth 1; 40 sprites, not augmented",
        ),
        ("pixelsnail", {"augment": "auto"}, "pixelsnail: width 8; 40 sprites, not augmented"),
        (
            "pixelsnail",
            {"augment": "yes"},
            "pixelsnail: width 8; 40 sprites; augment = yes has no effect, only diffusions are "
            "told of it",
        ),
    ],
)
def test_what_was_chosen_is_said_first(
    tmp_path: Path, recipe: str, options: dict[str, str], line: str
) -> None:
    first, *_ = said(tmp_path, recipe, **options, steps=1)
    assert first == line


@pytest.mark.parametrize(("template", "limit"), [("no", "FEW"), ("yes", "FEW_ALIKE")])
def test_few_sprites_are_augmented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: str, limit: str
) -> None:
    """With a template it is another number that is few."""

    def first(few: int) -> str:
        monkeypatch.setattr(base, limit, few)
        line, *_ = said(tmp_path / str(few), template=template, steps=1)
        return line

    monkeypatch.setattr(base, "FEW", 0)
    monkeypatch.setattr(base, "FEW_ALIKE", 0)
    assert first(41).endswith("40 sprites, augmented: mirrored, moved, recoloured")
    assert first(40).endswith("40 sprites, not augmented")


def test_a_log_has_a_line_a_validation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After four steps and at the end of six, of each of two stages; then the end's."""
    monkeypatch.setattr(watching, "EVERY", 1e9)
    _, *lines, last = said(tmp_path)
    started = [line.split(",")[0] for line in lines]
    assert started == [
        f"{stage}: step {step} of 6" for stage in ("labels", "denoiser") for step in (4, 6)
    ]
    assert last.startswith("6 steps")


def test_a_line_tells_loss_figure_and_times_of_its_stage() -> None:
    line = validation_line(report(1, 4, {"bits": 12.34}), about=True)
    assert line == (
        "denoiser: step 4 of about 10, loss 1.0000, held-out 12.3 bits, 0:01:30 elapsed, "
        "0:02:15 left"
    )
    assert "held-out" not in validation_line(report(1, 4), about=False)


def test_quiet_is_silent() -> None:
    log = io.StringIO()
    with progress(Console(file=log, quiet=True), SETTINGS) as show:
        show(report(1, 4, {"bits": 1.0}))
    assert log.getvalue() == ""


def test_bars_show_each_stages_own_figure() -> None:
    screen = io.StringIO()
    with progress(Console(file=screen, force_terminal=True, width=200), SETTINGS) as show:
        show(report(0, 5, {"bits": 7.0}))
        show(report(1, 1))
    rows = screen.getvalue().replace("\r", "\n").splitlines()
    labels = [row for row in rows if "labels" in row]
    assert "held-out 7.0 bits" in labels[-1]
    assert not any("held-out" in row for row in rows if "denoiser" in row)
