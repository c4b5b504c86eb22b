"""What is printed of one request, and of many."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pxgen.cli.making import make
from pxgen.cli.session import Session
from pxgen.commands.context import Context
from pxgen.config.options import JobsSettings
from pxgen.config.sample_settings import SampleSettings


def remarking(settings: SampleSettings, context: Context) -> Iterator[str]:
    """A command that makes what its seed is called, and says something about it."""
    context.remark("of the newest run")
    if settings.seed == 2:
        raise KeyError("two")
    yield f"{settings.seed}.png"


def test_what_many_jobs_remark_is_said_once(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("jobs").write_text('{"seed": 1}\n{"seed": 2}\n{"seed": 3}\n')
    jobs = JobsSettings(jobs=Path("jobs"), at_once=2)
    assert make(remarking, SampleSettings(), jobs, Session(), show=False) == 1
    said = capsys.readouterr()
    assert said.out == "1.png\n3.png\n"
    remark, error = said.err.splitlines()
    assert remark == "of the newest run"
    assert error.startswith("pxgen: jobs:2: unexpected KeyError")


def test_a_file_without_jobs_is_called_so(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("jobs").write_text("\n")
    jobs = JobsSettings(jobs=Path("jobs"))
    assert make(remarking, SampleSettings(), jobs, Session(), show=False) == 0
    assert capsys.readouterr() == ("", "no jobs in jobs: nothing is made\n")


@pytest.mark.parametrize("quiet", [False, True])
def test_a_request_is_made_at_once(quiet: bool, capsys: pytest.CaptureFixture[str]) -> None:
    session = Session(quiet=quiet)
    assert make(remarking, SampleSettings(), JobsSettings(), session, show=False) == 0
    assert capsys.readouterr() == ("0.png\n", "" if quiet else "of the newest run\n")
