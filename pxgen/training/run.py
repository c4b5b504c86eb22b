"""Choosing, locking and resuming the run folder of a training."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pxgen.checkpoint.card import Card, checkpoint_file, read_card
from pxgen.checkpoint.runs import make_run, run_folders
from pxgen.config.schema import Table
from pxgen.config.settings import TrainSettings
from pxgen.data.dataset import Dataset
from pxgen.errors import BusyError, InputError, PxgenError
from pxgen.files import folder_lock
from pxgen.training.distributed import ProcessGroup
from pxgen.training.trainer import DEFAULT_MINUTES, Position

NO_FOLDER = Path()
"""Broadcast where the main process has no folder."""
FREE_TO_CHANGE = ("steps", "minutes", "save_every", "validate_every", "track")
"""Settings that a resumed run may change; any other would make it another run."""


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


def with_budget(settings: TrainSettings) -> TrainSettings:
    """The settings with the default budget where none is set."""
    if settings.steps is None and settings.minutes is None:
        return dataclasses.replace(settings, minutes=DEFAULT_MINUTES)
    return settings


def _choose_folder(request: TrainRequest, card: Card, name: str) -> Path:
    """The folder asked for, else the newest run if it can go on, else a new one."""
    if request.out is not None:
        return request.out
    for folder in run_folders(request.runs)[-1:] if request.resume else ():
        found, _ = read_card(folder)
        if not (_difference(found, card, request) or found.training.get("finished")):
            return folder
    name = request.recipe or str(request.model_table.get("recipe", name))
    return make_run(request.runs, name)


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
            yield group.broadcast_object(folder)
    except BusyError as error:
        advice = "choose another -o" if request.out else "start another run with --fresh"
        raise PxgenError(f"{error}: wait for it, or {advice}") from error
    finally:
        if not sent:
            # The other processes wait for a folder.
            group.broadcast_object(NO_FOLDER)


def resumed_card(request: TrainRequest, folder: Path, card: Card) -> Card | None:
    """The card of the run to resume, if there is one.

    Raises:
        InputError: it was made with another dataset, model or setting.
    """
    if not (request.resume and checkpoint_file(folder).is_file()):
        return None
    found, _ = read_card(folder)
    if difference := _difference(found, card, request):
        raise InputError(
            f"{folder} holds a run with another {difference}: choose another -o, "
            "or replace the run with --fresh"
        )
    return found


def _difference(found: Card, wanted: Card, request: TrainRequest) -> str | None:
    """The first difference that keeps a run from being resumed, or None."""
    if not found.training:
        return "purpose (it was saved for sampling only)"
    if found.fingerprint != wanted.fingerprint:
        return "dataset"
    if dict(found.model) != json.loads(json.dumps(wanted.model)):
        return "[model]"
    before = found.training.get("settings")
    if not isinstance(before, Mapping):
        return "kind of settings (the file is damaged)"
    # Runs that were begun before there was augmentation are of families that are not told of it.
    augment = before.get("augment", request.settings.augment)
    before = {**before, "augment": augment, "start": found.training.get("start")}
    start = None if request.start is None else str(request.start)
    for name, value in {**asdict(request.settings), "start": start}.items():
        if name not in FREE_TO_CHANGE and before.get(name) != value:
            return f"[train] {name} ({before.get(name)}, now {value})"
    return None


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


def asks_for_more(settings: TrainSettings, finished: Card, position: Position) -> bool:
    """True if a larger budget is asked for than a finished run has spent."""
    before = finished.training["settings"]
    if (before["steps"], before["minutes"]) == (settings.steps, settings.minutes):
        # It may have ended early, where there was nothing left to gain.
        return False
    if settings.steps is not None:
        return settings.steps > position.step
    return 60 * float(settings.minutes or 0) > position.before + position.seconds + 1
