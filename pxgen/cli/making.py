"""What commands that draw do with a request, or with the many that ``--jobs`` reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pxgen.cli.session import Session
from pxgen.cli.showing import show_files
from pxgen.cli.streams import complain_of, say
from pxgen.config.options import BatchSettings, JobsSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pxgen.commands.context import Context
    from pxgen.commands.jobs import Command, Ended, Made, Recorded


def make(
    command: Command,
    settings: Any,
    jobs: JobsSettings,
    session: Session,
    *,
    show: bool,
    recorded: Recorded | None = None,
) -> int:
    """Carry a command out, print what it makes, and return the exit status.

    ``recorded`` is for lines of a manifest, where jobs may be such.
    """
    if jobs.jobs is not None:
        if show:
            raise click.UsageError("--show is for one request: leave it out of --jobs.")
        return _make_jobs(command, recorded, settings, jobs.jobs, jobs.at_once, session)
    if jobs.at_once is not None:
        raise click.UsageError("-j is how many of --jobs are made at once: give both.")
    show_files(command(settings, session.context()), show=show)
    return 0


def recorded(name: str, text: str, settings: Any, context: Context) -> Iterable[Made]:
    """Carry out a line of a manifest."""
    from pxgen.commands.repeat import repeat_lines

    return repeat_lines(name, text, settings, context)


def _make_jobs(
    command: Command,
    recorded: Recorded | None,
    settings: Any,
    file: Path,
    at_once: int | None,
    session: Session,
) -> int:
    from pxgen.commands.context import Context
    from pxgen.commands.jobs import Planner, make_jobs, read_jobs
    from pxgen.commands.watching import Log
    from pxgen.devices import cores

    at_once, count, failed, said = at_once or cores(), 0, 0, set[str]()
    if isinstance(settings, BatchSettings) and settings.workers is None:
        settings = replace(settings, workers=max(1, cores() // at_once))

    def remark(text: str) -> None:
        # Many jobs may remark one thing, such as the model that is taken.
        if text not in said:
            said.add(text)
            session.remark(text)

    def tell(ended: Ended) -> None:
        nonlocal count, failed
        count += 1
        for each in ended.made:
            say(each)
        if ended.error is not None:
            failed += 1
            complain_of(ended.error, verbose=session.verbose, where=ended.name)

    context = Context(session.project, Log(remark))
    make_jobs(read_jobs(file), Planner(command, recorded, settings, context), at_once, tell)
    if not count:
        session.remark(f"no jobs in {'stdin' if file == Path('-') else file}: nothing is made")
    return int(failed > 0)
