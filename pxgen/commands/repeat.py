"""``sample --repeat``: the pictures of a manifest, made again."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pxgen.checkpoint.store import fingerprint, load_model
from pxgen.commands.sample import SampleRequest, carry_out, plan_samples
from pxgen.config.schema import Table, Where, read_table
from pxgen.config.settings import SampleSettings
from pxgen.data.labels import parse_labels
from pxgen.devices import pick_device
from pxgen.errors import InputError, UsageError
from pxgen.models.protocol import SamplingParams
from pxgen.render.one_file import CONTACT_SHEET
from pxgen.sampling.edits import Edits
from pxgen.sampling.manifest import Recorded, read_manifest
from pxgen.sampling.models import choose_model

if TYPE_CHECKING:
    from rich.console import Console

SCALARS = ("steps", "sampler", "guidance", "temperature", "top_k", "top_p", "eta")
SETTINGS = (*SCALARS, "palette", "scale")
"""Options that are settings of a project, and read as those are."""
EDITED = {field.name for field in fields(Edits)}


@dataclass(frozen=True, kw_only=True)
class RepeatRequest:
    """What ``sample --repeat`` was asked for."""

    manifest: Path
    """``-`` reads standard input."""
    model: Path | None
    runs: Path
    out: str | None
    force: bool
    device: str
    batch: int
    workers: int | None


def repeat(request: RepeatRequest, console: Console) -> Iterator[Path]:
    """Draw every picture of a manifest again and yield each path once its file is complete.

    Raises:
        InputError: no manifest, of another model, or of files that have changed.
        UsageError: an output that is taken.
    """
    name, text = _read(request.manifest)
    recorded = list(read_manifest(text, name))
    model = choose_model(request.model, request.runs, console)
    loaded = load_model(model, pick_device(request.device))
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
    plans = [
        plan_samples(_request(part, request, name, model), console, loaded) for part in recorded
    ]
    if len(plans) > 1 and plans[0].output.form != "folder":
        raise UsageError("pictures of several kinds are repeated into a folder: name one with -o")
    for plan in plans:
        yield from carry_out(plan, console)


def _read(manifest: Path) -> tuple[str, str]:
    """What to call a manifest, and its text.

    Raises:
        InputError: it cannot be read.
    """
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


def _request(part: Recorded, request: RepeatRequest, name: str, model: Path) -> SampleRequest:
    options, where = dict(part.options), Where(name)
    given = {name: options.pop(name) for name in SETTINGS if name in options}
    settings = read_table(SampleSettings, Table(given, where))
    trace = bool(options.pop("trace", False))
    sampling = SamplingParams(**{name: getattr(settings, name) for name in SCALARS})
    return SampleRequest(
        model=model,
        runs=request.runs,
        labels=part.labels,
        seed=part.seed,
        indices=part.indices,
        count=len(part.indices),
        sampling=sampling,
        edits=_edits(options, name),
        trace=trace,
        palette=settings.palette,
        scale=settings.scale,
        out=request.out,
        sheet=CONTACT_SHEET,
        force=request.force,
        skip_existing=False,
        dry_run=False,
        manifest=None,
        novel=None,
        dataset=Path(),
        device=request.device,
        batch=request.batch,
        workers=request.workers,
    )


def _edits(options: Mapping[str, Any], name: str) -> Edits:
    """What is left of a line's options.

    Raises:
        InputError: something that no edit has.
    """
    if unknown := sorted(options.keys() - EDITED):
        raise InputError(f"{name}: no option '{unknown[0]}'")
    texts = {key: value for key, value in options.items() if key != "strengths"}
    strengths = options.get("strengths", [])
    numbers = isinstance(strengths, list) and all(
        isinstance(s, int | float) and 0 <= s <= 1 for s in strengths
    )
    if not numbers or not all(isinstance(value, str) for value in texts.values()):
        raise InputError(f"{name}: options of a kind that no manifest has")
    images = {key: texts.pop(key, None) for key in ("init", "mask")}
    init, mask = (None if path is None else Path(path) for path in images.values())
    return Edits(init=init, mask=mask, strengths=tuple(map(float, strengths)), **texts)
