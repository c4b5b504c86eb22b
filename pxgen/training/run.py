"""Choosing, locking and resuming the run folder of a training."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pxgen.checkpoint.card import Card, checkpoint_file, read_card
from pxgen.checkpoint.model_card import MODEL_CARD
from pxgen.checkpoint.runs import (
    METRICS,
    PREVIEW,
    TABLE,
    TABLE_START,
    make_run,
    run_folders,
)
from pxgen.config.schema import Table
from pxgen.config.settings import TrainSettings
from pxgen.data.dataset import Dataset
from pxgen.errors import BusyError, InputError, PxgenError, UsageError
from pxgen.files import folder_lock
from pxgen.training.distributed import ProcessGroup
from pxgen.training.report import Position
from pxgen.training.schedule import DEFAULT_MINUTES

NO_FOLDER = Path()
"""Broadcast where the main process has no folder."""
ONCE_FEW = 4000
"""Training sprites below which a run was augmented before it mattered whether they are alike."""
FREE_TO_CHANGE = ("steps", "minutes", "save_every", "keep_snapshots", "validate_every", "track")
"""Settings that change no step of a run."""


WRITTEN = (MODEL_CARD, PREVIEW, METRICS, TABLE)
"""Files of a run beside its checkpoint."""


@dataclass(frozen=True, kw_only=True)
class TrainRequest:
    """A training to start or to resume."""

    dataset: Path | Dataset
    runs: Path
    """The folder in which a run is made unless ``out`` names one."""
    recipe: str | None
    """Beats the project's table."""
    settings: TrainSettings
    model_table: Table
    """The project's ``[model]``; empty for the default recipe."""
    device: str
    resume: bool
    out: Path | None
    start: Path | None = None
    """A model whose weights a new training starts from."""
    exact: bool = False
    """Refuse to go on with a run of another dataset or other settings."""


def with_budget(settings: TrainSettings) -> TrainSettings:
    """The settings with the default budget where none is set."""
    if settings.steps is None and settings.minutes is None:
        return dataclasses.replace(settings, minutes=DEFAULT_MINUTES)
    return settings


def _choose_folder(request: TrainRequest, card: Card, name: str) -> Path:
    """The folder asked for, else the newest run if it can go on, else a new one.

    Raises:
        UsageError: the folder holds files of another kind that a run would replace.
    """
    if (out := request.out) is not None:
        foreign = [path for path in map(out.joinpath, WRITTEN) if path.exists()]
        if foreign and not _is_run(out):
            raise UsageError(f"{foreign[0]} is of no run, and would be replaced: choose another -o")
        return out
    for folder in run_folders(request.runs)[-1:] if request.resume else ():
        found, _ = read_card(folder)
        differs = _obstacle(found, card, request) or changes(
            found, card, as_begun(found, request.settings)
        )
        if not (differs or found.training.get("finished")):
            return folder
    name = request.recipe or str(request.model_table.get("recipe", name))
    return make_run(request.runs, name)


def _is_run(folder: Path) -> bool:
    """Whether a run, or what a kill has left of one, may be gone on with or replaced."""
    table = folder / TABLE
    begun = table.is_file() and table.read_bytes().startswith(TABLE_START.encode())
    return begun or checkpoint_file(folder).exists()


@contextmanager
def claimed_folder(request: TrainRequest, card: Card, group: ProcessGroup) -> Iterator[Path]:
    """Yield the folder of the run, locked against other trainings."""
    if not group.is_main:
        chosen = group.broadcast_object(NO_FOLDER)
        if chosen == NO_FOLDER:
            # The main process says why.
            raise SystemExit(1)
        yield chosen
        return
    sent = False
    try:
        folder = _choose_folder(request, card, str(card.model["family"]))
        with folder_lock(folder):
            sent = True
            try:
                yield group.broadcast_object(folder)
            finally:
                # What ended before anything was learnt leaves no numbered run behind.
                if request.out is None:
                    with suppress(OSError):
                        if [path.name for path in folder.iterdir()] == [TABLE]:
                            (folder / TABLE).unlink()
                        folder.rmdir()
    except BusyError as error:
        advice = "choose another -o" if request.out else "start another run with --fresh"
        raise PxgenError(f"{error}: wait for it, or {advice}") from error
    finally:
        if not sent:
            # The other processes wait for a folder.
            group.broadcast_object(NO_FOLDER)


def as_begun(found: Card, settings: TrainSettings) -> TrainSettings:
    """The settings with what they leave open as the run has it that goes on."""
    batch, augment = (found.training["settings"].get(name) for name in ("batch", "augment"))
    if not settings.batch and type(batch) is int and batch > 0:
        settings = dataclasses.replace(settings, batch=batch)
    if augment == "auto" and "template" in found.model:
        augment = "yes" if found.provenance.sprites < ONCE_FEW else "no"
    if settings.augment == "auto" and augment in ("yes", "no"):
        settings = dataclasses.replace(settings, augment=augment)
    return settings


def resumed_card(request: TrainRequest, folder: Path, card: Card) -> Card | None:
    """The card of the run to resume, if there is one.

    Raises:
        InputError: it cannot go on with this dataset, model or setting.
    """
    if not (request.resume and checkpoint_file(folder).is_file()):
        return None
    found, _ = read_card(folder)
    difference = _obstacle(found, card, request)
    if difference is None and request.exact:
        difference = next(iter(changes(found, card, request.settings)), None)
    if difference:
        raise InputError(
            f"{folder} holds a run with another {difference}: choose another -o, "
            "or replace the run with --fresh"
        )
    return found


def _obstacle(found: Card, wanted: Card, request: TrainRequest) -> str | None:
    """The first difference that keeps a run from being gone on with, or None."""
    if not found.training:
        return "purpose (it was saved for sampling only)"
    before = found.training.get("settings")
    if not isinstance(before, Mapping):
        return "kind of settings (the file is damaged)"
    start = None if request.start is None else str(request.start)
    old_start, seed = found.training.get("start"), before.get("seed")
    model = json.loads(json.dumps(wanted.model))
    if not model.get("temperature", 1.0):
        # It is found out again.
        model["temperature"] = found.model.get("temperature")
    if found.model.get("sampler") == "ancestral":
        # Before format 12 there was no other.
        model["sampler"] = "ancestral"
    alike = {
        "[model]": dict(found.model) == model,
        "canvas": found.canvas == wanted.canvas,
        "kind of frames (their names differ)": found.frame_names == wanted.frame_names,
        "kind of dataset (with labels or without)": bool(found.label_names)
        == bool(wanted.label_names),
        f"[train] seed ({seed}, now {request.settings.seed})": seed == request.settings.seed,
        f"[train] start ({old_start}, now {start})": old_start == start,
    }
    return next((name for name, same in alike.items() if not same), None)


def changes(found: Card, wanted: Card, settings: TrainSettings) -> list[str]:
    """What is not as it was in a run that can go on: the dataset, and settings."""
    changed = [] if found.fingerprint == wanted.fingerprint else ["dataset"]
    # Runs that were begun before there was augmentation are of families that are not told of it,
    # and what is left open is no other choice.
    before = {"augment": settings.augment, **found.training["settings"]}
    if "auto" in (before["augment"], settings.augment):
        before["augment"] = settings.augment
    free = {"seed", *FREE_TO_CHANGE}
    return changed + [
        f"[train] {name} ({before.get(name)}, now {value})"
        for name, value in asdict(settings).items()
        if name not in free and before.get(name) != value
    ]


def position_of(card: Card, file: Path) -> Position:
    """The position of a run when its checkpoint was saved.

    Raises:
        InputError: the card does not say it, or says an impossible one.
    """
    try:
        stage, step = int(card.training["stage"]), int(card.training["step"])
        seconds, best = float(card.training["seconds"]), card.training["best"]
        turn, turned_at = card.training.get("turn"), float(card.training.get("turned_at", 0.0))
        if min(stage, step, seconds) < 0:
            raise ValueError("before the beginning")
        if turn is not None and not (0 < int(turn) <= step and 0 <= turned_at <= 1):
            raise ValueError("an end that cannot be")
        return Position(
            stage,
            step,
            seconds,
            best=None if best is None else float(best),
            stale=int(card.training.get("stale", 0)),
            before=float(card.training["before"]),
            cpu_seconds=float(card.training["cpu_seconds"]),
            turn=None if turn is None else int(turn),
            turned_at=turned_at,
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"{file} cannot be resumed, it does not say where it stands: train --fresh"
        ) from error


def asks_for_more(
    settings: TrainSettings, finished: Card, position: Position, *, changed: bool
) -> bool:
    """True if a larger budget is asked for than a finished run has spent.

    A run that ended early, where there was nothing left to gain, goes on with its old budget only
    where something else has ``changed``.
    """
    before = finished.training["settings"]
    if (before["steps"], before["minutes"]) == (settings.steps, settings.minutes) and not changed:
        return False
    if settings.steps is not None:
        return settings.steps > position.step
    return 60 * float(settings.minutes or 0) > position.before + position.seconds + 1
