"""``sample --repeat``: the pictures and clips of a manifest, made again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from pxgen.checkpoint.runs import STARTERS, told
from pxgen.checkpoint.store import Loaded, fingerprint, load_model
from pxgen.commands.animate import ClipJob, plan_clips
from pxgen.commands.context import Context
from pxgen.commands.early import default_starter
from pxgen.commands.sample import Job, plan_samples
from pxgen.config.options import BatchSettings
from pxgen.config.requests import AnimateSettings
from pxgen.config.sample_settings import SampleSettings
from pxgen.config.schema import rules
from pxgen.data.labels import parse_labels
from pxgen.errors import InputError, UsageError
from pxgen.sampling.manifest import Recorded, read_manifest, settings_of

OWN = ("model", *rules(BatchSettings))
"""Options that mean something beside ``--repeat``; a manifest settles the others."""


def repeat(manifest: Path, settings: SampleSettings, context: Context) -> Iterator[Path]:
    """Look every picture of a manifest through; the result draws them, as ``sample``'s does.

    The manifest ``-`` is standard input. Of the settings those of :data:`OWN` count.

    Raises:
        InputError: no manifest, of another model, or of files that have changed.
        UsageError: an output that is taken.
    """
    return repeat_lines(*_read(manifest), settings, context)


def repeat_lines(
    name: str, text: str, settings: SampleSettings | AnimateSettings, context: Context
) -> Iterator[Path]:
    """:func:`repeat` of a manifest's text; ``name`` is what messages call it."""
    parts = list(read_manifest(text, name))
    requests = [_settings(part, settings, name) for part in parts]
    models: dict[Path, Loaded] = {}
    for part, request in zip(parts, requests, strict=True):
        starter = default_starter(request)
        if starter not in models:
            models[starter] = context.open(settings.model, settings.device, starter)
        _check(part, models[starter], name)
    # All are looked through before the first is drawn.
    jobs: list[Job | ClipJob] = []
    for part, request in zip(parts, requests, strict=True):
        loaded = models[default_starter(request)]
        if isinstance(request, AnimateSettings):
            jobs.append(plan_clips(request, context, loaded, part.numbers))
        else:
            jobs.append(plan_samples(request, context, loaded, part.numbers))
    if len(jobs) > 1 and jobs[0].output.form != "folder":
        raise UsageError("pictures of several kinds are repeated into a folder: name one with -o")
    return chain.from_iterable(job.carry_out(context) for job in jobs)


def _check(part: Recorded, loaded: Loaded, name: str) -> None:
    """Refuse pictures of another model, or with labels that it lacks."""
    own = fingerprint(loaded)
    if part.model != own:
        starters = [each for each, file in STARTERS.items() if _is_model(file, part.model)]
        hint = f"take -m {starters[0]}" if starters else "name that model with -m"
        where = told(loaded.path)
        raise InputError(f"{name} is of the model {part.model}, and {where} is {own}: {hint}")
    try:
        parse_labels(part.labels, loaded.card.label_names, told(loaded.path))
    except UsageError as error:
        # What is wrong stands in the file, not on the command line.
        raise InputError(f"{name}: {error}") from error


def _is_model(file: Path, wanted: str) -> bool:
    """Whether a file is there and holds the model of a fingerprint."""
    return file.exists() and fingerprint(load_model(file)) == wanted


def _settings(
    part: Recorded, asked: SampleSettings | AnimateSettings, name: str
) -> SampleSettings | AnimateSettings:
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
