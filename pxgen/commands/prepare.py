"""``prepare``: sprites of any kind, or the built-in characters, become one dataset."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from pxgen.config.project import Project
from pxgen.config.settings import DataSettings
from pxgen.errors import Remark
from pxgen.ingest.preparation import prepare as prepare_dataset

EVERY = 250
"""Sprites between two words of progress."""


def prepare(settings: DataSettings, project: Project, console: Console, complain: Remark) -> Path:
    """Turn sprites into a dataset folder and return its path.

    Args:
        settings: what to read and how.
        project: names the folder unless the settings do.
        console: takes remarks and progress.
        complain: takes a line for each bad file when these stop the run.

    Raises:
        InputError: sources are missing or bad; what stood in the folder stays untouched.
        UsageError: options that exclude each other, or the folder holds a dataset and ``force`` is
            off.
    """
    with console.status("reading") as status:

        def progress(count: int) -> None:
            if count % EVERY == 0:
                status.update(f"{count} sprites read")

        out = settings.out or project.dataset
        return prepare_dataset(settings, out, console.print, complain, progress)
