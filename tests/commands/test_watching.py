"""Long work without a terminal: a line each half-minute, and none of what is quick."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from rich.console import Console

from pxgen.cli.app import pxgen
from pxgen.commands import watching
from pxgen.commands.train_progress import progress
from pxgen.commands.watching import watched
from tests.commands.test_train_progress import report
from tests.support.checkpoints import sprite
from tests.support.tiny import tiny_dataset
from tests.support.trainings import SETTINGS


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which passes as a test says."""
    now = [0.0]
    monkeypatch.setattr(watching, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_a_log_has_a_line_each_half_minute(clock: list[float]) -> None:
    log = io.StringIO()
    for _ in watched(range(9), 9, "drawing", Console(file=log)):
        clock[0] += 12
    assert log.getvalue().splitlines() == [
        "drawing: 3 of 9, 0:00:36 elapsed",
        "drawing: 6 of 9, 0:01:12 elapsed",
        "drawing: 9 of 9, 0:01:48 elapsed",
    ]


@pytest.mark.parametrize("console", [{"quiet": True}, {"force_terminal": True}])
def test_quiet_is_silent_and_a_terminal_has_a_bar(
    clock: list[float], console: dict[str, bool]
) -> None:
    screen = io.StringIO()
    seen = []
    for item in watched(range(9), 9, "drawing", Console(file=screen, **console)):
        seen.append(item)
        clock[0] += 60
    assert seen == [*range(9)]
    assert "elapsed" not in screen.getvalue()
    assert ("drawing" in screen.getvalue()) == ("force_terminal" in console)


def test_a_training_between_two_validations_has_one_too(clock: list[float]) -> None:
    log = io.StringIO()
    with progress(Console(file=log, width=200), SETTINGS) as show:
        for step in (1, 2, 3, 4, 5):
            clock[0] += 16
            show(report(1, step))
    steps = [line.split(",")[0] for line in log.getvalue().splitlines()]
    # The fourth is a validation, from which the half-minute counts anew.
    assert steps == ["denoiser: step 2 of 10", "denoiser: step 4 of 10"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["sample", "-m", "{model}", "-n", "2", "-o", "{folder}/out/"], "drawing: 1 of 2"),
        (["animate", "-m", "{model}", "-n", "1", "-o", "{folder}/out/"], "drawing: 1 of 1"),
        (
            ["interpolate", "--from", "1", "--to", "2", "-m", "{model}", "-o", "{folder}/w.gif"],
            "drawing: 1 of 16",
        ),
        (["reconstruct", "{image}", "-m", "{model}", "-o", "{folder}/"], "reconstructing: 1 of 1"),
        (["evaluate", "-m", "{model}", "--dataset", "{folder}", "-n", "8"], ": 1 of 8"),
        (["evaluate", "-m", "{model}", "--dataset", "{folder}", "-n", "8"], "learning to judge, 0"),
        (["prepare", "{image}", "-o", "{folder}/data"], "1 sprites read"),
        (["prepare", "{image}", "-o", "{folder}/data"], "1 sprites gone through again"),
        (["prepare", "--builtin", "-n", "9", "-o", "{folder}/data"], "9 characters drawn"),
        (["prepare", "--builtin", "-n", "9", "--audit", "-o", "{folder}/d"], "0 labels audited"),
        (["inspect", "--audit", "{folder}"], "1 labels audited"),
        (["lint", "{image}"], "1 files checked"),
        (["export", "{image}", "-o", "{folder}/o.png"], "1 sprites read"),
        (["palette", "extract", "{image}", "-o", "{folder}/o.hex"], "1 files read"),
    ],
)
def test_every_long_command_has_them(
    arguments: list[str],
    line: str,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "EVERY", 0.0)
    tiny_dataset(tmp_path)
    places = {"model": model, "folder": tmp_path, "image": sprite(tmp_path)}
    result = CliRunner().invoke(pxgen, [each.format(**places) for each in arguments])
    assert result.exit_code == 0, result.output
    assert line in result.stderr
