"""``train``: a dataset becomes a model, in a run folder that can be gone on with."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console

from pxgen.checkpoint.runs import METRICS, PREVIEW, TABLE
from pxgen.commands.train_progress import opening, progress
from pxgen.config.project import Project
from pxgen.config.requests import TrainRunSettings
from pxgen.config.settings import TrainSettings
from pxgen.training.curve import headline, loss_curve
from pxgen.training.report import Report
from pxgen.training.run import TrainRequest
from pxgen.training.schedule import batch_size
from pxgen.training.session import Training, open_training
from pxgen.training.tracking import Tracker

FEW_STEPS = 100
"""Fewer steps hardly teach a model anything, whatever it is."""


def train(
    settings: TrainSettings,
    run: TrainRunSettings,
    project: Project,
    console: Console,
    *,
    exact: bool = False,
) -> Path | None:
    """Train every stage and return the checkpoint's path; None in processes that only help.

    ``exact``: refuse to go on with a run of another dataset or other settings.

    Raises:
        InputError: the dataset, the model's table or the run to resume is rejected.
        PxgenError: the run folder cannot be written.
    """
    request = TrainRequest(
        dataset=run.dataset or project.dataset,
        runs=project.runs,
        recipe=run.recipe,
        settings=settings,
        model_table=project.model,
        device=run.device,
        resume=run.resume,
        out=run.out,
        start=run.from_,
        exact=exact,
    )
    return carry_out(request, console)


def carry_out(request: TrainRequest, console: Console) -> Path | None:
    """Train what a request says, and return as :func:`train` does."""
    with open_training(request) as training:
        if not training.group.is_main:
            console = Console(quiet=True)
        if training.finished:
            console.print(
                f"{training.folder} is finished, {training.trainer.position.step} steps: more "
                "--steps or --minutes go on, --fresh begins anew"
            )
        else:
            _follow(training, console)
        return training.checkpoint if training.group.is_main else None


def _beginning(training: Training) -> Iterator[str]:
    """What is said before the first step."""
    yield opening(training)
    warm_start = training.trainer.warm_start
    if training.resumed:
        yield f"resuming {training.folder} at {_place(training)}"
        if training.changed:
            yield f"with another {'; '.join(training.changed)}"
        if training.matched:
            yield f"it knows {training.matched}"
    elif warm_start is not None:
        yield warm_start.summary
        if warm_start.warning is not None:
            yield warm_start.warning


def _follow(training: Training, console: Console) -> None:
    """Train to the end, or until a signal asks to stop; show and track what is reported."""
    kind = training.settings.track if training.group.is_main else "none"
    track = Tracker(kind, training.folder, _parameters(training), console.print)
    for line in _beginning(training):
        console.print(line)
    try:
        with (
            closing(training.reports()) as reports,
            progress(console, training.settings) as show,
            _polite_end(console) as stopping,
        ):
            for report in reports:
                show(report)
                _track(track, report)
                # All processes stop after the same step.
                if training.group.any(here=stopping()) and not report.finished:
                    reports.close()
                    console.print(
                        f"stopped at {_place(training)}; the same command goes on from "
                        f"{training.folder}"
                    )
                    raise KeyboardInterrupt("stopped")
        for path in (METRICS, TABLE, training.checkpoint.name):
            track.file(training.folder / path)
    finally:
        track.end(finished=training.finished)
    _say_end(training, console)


def _place(training: Training) -> str:
    return f"step {training.trainer.position.step} of the {training.stage.name}"


def _track(track: Tracker, report: Report) -> None:
    if report.losses and report.logged:
        track.figures(report.stage, report.position.step, report.figures())
    if report.preview is not None:
        track.file(report.preview)


def _say_end(training: Training, console: Console) -> None:
    lines, position = training.metrics.lines, training.trainer.position
    held_out = training.held_out_figures()
    if curve := loss_curve(lines):
        console.print(f"loss {curve}")
    if position.turn is not None:
        console.print(
            "held-out sprites came to cost more: an early end, decided at step "
            f"{position.turn}, before all {len(training.dataset.train)} others were learnt by heart"
        )
    figures = f", held-out {said}" if (said := headline(held_out)) else ""
    console.print(f"{position.step} steps{figures}; preview: {training.folder / PREVIEW}")
    if position.step < FEW_STEPS and training.settings.steps is None:
        console.print(
            f"so few steps teach next to nothing: train -o {training.folder} with more --minutes "
            "goes on"
        )


def _parameters(training: Training) -> dict[str, Any]:
    """The parameters of a tracked run."""
    tables = {"model": training.card.model, "train": asdict(training.settings)}
    flat = {f"{name}.{k}": v for name, table in tables.items() for k, v in table.items()}
    return flat | {
        "dataset.fingerprint": training.card.fingerprint,
        "dataset.training_sprites": len(training.dataset.train),
        "dataset.held_out_sprites": len(training.dataset.held_out),
        "dataset.labels": len(training.card.label_names),
        "dataset.colors": len(training.card.palette),
        # What the settings leave open is a stage's.
        **{f"{s.name}.batch": batch_size(training.settings, s) for s in training.model.stages()},
    }


@contextmanager
def _polite_end(console: Console) -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether Ctrl-C or a request to terminate has come.

    An interruption inside a step would leave weights, average and position of different steps, and
    a resumed run would not be the same run: the first request waits for the step to end. A second
    one does not wait, and what was saved before stands.
    """
    asked = False

    def stop(signum: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        console.print("stopping after this step; Ctrl-C again stops at once, unsaved")

    # Python tells other threads of no signals.
    told = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGINT, signal.SIGTERM) if told else ()
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
