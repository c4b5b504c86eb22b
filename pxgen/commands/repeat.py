"""``sample --repeat``: the pictures of a manifest, made again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from pxgen.checkpoint.store import fingerprint, load_model
from pxgen.commands.sample import carry_out, plan_samples
from pxgen.config.options import BatchSettings
from pxgen.config.project import Project
from pxgen.config.schema import rules
from pxgen.config.settings import SampleSettings
from pxgen.data.labels import parse_labels
from pxgen.devices import pick_device
from pxgen.errors import InputError, UsageError
from pxgen.sampling.manifest import Recorded, read_manifest, settings_of
from pxgen.sampling.model_choice import choose_model

OWN = ("model", *rules(BatchSettings))
"""Options that mean something beside ``--repeat``; a manifest settles the others."""


def repeat(
    manifest: Path, settings: SampleSettings, project: Project, console: Console
) -> Iterator[Path]:
    """Draw every picture of a manifest again and yield each path once its file is complete.

    The manifest ``-`` is standard input. Of the settings those of :data:`OWN` count.

    Raises:
        InputError: no manifest, of another model, or of files that have changed.
        UsageError: an output that is taken.
    """
    name, text = _read(manifest)
    recorded = list(read_manifest(text, name))
    model = choose_model(settings.model, project.runs, console.print)
    loaded = load_model(model, pick_device(settings.device))
    own = fingerprint(loaded)
    for part in recorded:
        if part.model != own:
            raise InputError(
                f"{name} is of the model {part.model}, and {model} is {own}: name that "
                "model with -m"
            )
    for part in recorded:
        try:
            parse_labels(part.labels, loaded.card.label_names, loaded.path)
        except UsageError as error:
            # What is wrong stands in the file, not on the command line.
            raise InputError(f"{name}: {error}") from error
    # All are looked through before the first is drawn.
    jobs = [
        plan_samples(_settings(part, settings, name), project, console, loaded, part.numbers)
        for part in recorded
    ]
    if len(jobs) > 1 and jobs[0].output.form != "folder":
        raise UsageError("pictures of several kinds are repeated into a folder: name one with -o")
    for job in jobs:
        yield from carry_out(job, console)


def _settings(part: Recorded, asked: SampleSettings, name: str) -> SampleSettings:
    return replace(settings_of(part, name), **{option: getattr(asked, option) for option in OWN})


def _read(manifest: Path) -> tuple[str, str]:
    """The name of a manifest in messages, and its text."""
    if manifest == Path("-"):
        name, content = "the manifest", sys.stdin.buffer.read()
    else:
        name = str(manifest)
        try:
            content = manifest.read_bytes()
        except OSError as error:
            raise InputError(f"{name}: {error.strerror or error}") from error
    try:
        return name, content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is no manifest: it is not text in UTF-8") from error
