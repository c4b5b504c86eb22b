"""``prepare``: sprites of any kind, or the built-in characters, become one dataset."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from pxgen.commands.watching import lines
from pxgen.config.project import Project
from pxgen.config.settings import DataSettings
from pxgen.errors import Remark
from pxgen.ingest.preparation import prepare as prepare_dataset

EVERY = 250
"""Sprites between two words of progress on a terminal."""


def prepare(settings: DataSettings, project: Project, console: Console, complain: Remark) -> Path:
    """Turn sprites into a dataset folder and return its path, with progress on the console.

    ``complain`` takes a line for each bad file when these stop the run. Raises as
    :func:`pxgen.ingest.preparation.prepare` does.
    """
    told = lines(console.print)
    with console.status("reading") as status:
        shown = (0, "")

        def progress(count: int, what: str) -> None:
            nonlocal shown
            if what != shown[1] or count >= shown[0] + EVERY:
                shown = (count, what)
                status.update(f"{count} {what}")
            if not console.is_terminal:
                told(count, what)

        out = settings.out or project.dataset
        return prepare_dataset(settings, out, console.print, complain, progress)
