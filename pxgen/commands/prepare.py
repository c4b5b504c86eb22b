"""``prepare``: sprites of any kind, or the built-in characters, become one dataset."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from pxgen.commands.watching import Pulse
from pxgen.config.project import Project
from pxgen.config.settings import DataSettings
from pxgen.errors import Remark
from pxgen.ingest.preparation import prepare as prepare_dataset

EVERY = 250
"""Sprites between two words of progress."""


def prepare(settings: DataSettings, project: Project, console: Console, complain: Remark) -> Path:
    """Turn sprites into a dataset folder and return its path, with progress on the console.

    ``complain`` takes a line for each bad file when these stop the run. Raises as
    :func:`pxgen.ingest.preparation.prepare` does.
    """
    pulse = Pulse()
    with console.status("reading") as status:

        def progress(count: int) -> None:
            if count % EVERY == 0:
                status.update(f"{count} sprites read")
            if not console.is_terminal and pulse.due():
                console.print(f"{count} sprites read, {pulse.elapsed()} elapsed")

        out = settings.out or project.dataset
        return prepare_dataset(settings, out, console.print, complain, progress)
