"""How a training is told of: what was chosen for it, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console

from pxgen.commands.watching import Pulse
from pxgen.config.settings import TrainSettings
from pxgen.data.dataset import NEITHER
from pxgen.training.curve import headline
from pxgen.training.report import Report
from pxgen.training.session import Training

if TYPE_CHECKING:
    from rich.progress import TaskID

TOLD_KEYS = ("template", "width", "coarse", "depth")
"""Keys of ``[model]`` that may be left open."""


def opening(training: Training) -> str:
    """A line about the network and the sprites as they are learnt from."""
    model, trainer = training.card.model, training.trainer
    sizes = ", ".join(f"{key} {model[key]}" for key in TOLD_KEYS if key in model)
    line = f"{model['family']}{sizes and ': '}{sizes}; {len(training.dataset.train)} sprites"
    if incomplete := int((training.dataset.split == NEITHER).sum()):
        line += f" ({incomplete} more lack frames, which only diffusions learn from)"
    elif training.dataset.present is not None:
        lacking = ~training.dataset.present[training.dataset.train].all(1)
        line += f" ({int(lacking.sum())} of them lack frames)"
    if trainer.augmented:
        # Where each sprite has its own palette, hues are not turned.
        changes = ["mirrored", "moved", "recoloured"][
            : 3 if training.dataset.palettes is None else 2
        ]
        return f"{line}, augmented: {', '.join(changes)}"
    if training.settings.augment == "yes":
        return f"{line}; augment = yes has no effect, only diffusions are told of it"
    return f"{line}, not augmented"


@contextmanager
def progress(console: Console, settings: TrainSettings) -> Iterator[Callable[[Report], None]]:
    """Yield a function that shows a report: a bar a stage; without a terminal lines.

    One a validation, and one each half-minute: a log has nothing else to tell it from a training
    that hangs.
    """
    if console.is_terminal and not console.quiet:
        with _bars(console) as show:
            yield show
        return

    pulse = Pulse()

    def say(report: Report) -> None:
        validated = report.position.step % settings.validate_every == 0 or report.progress >= 1
        if validated:
            pulse.said()
        if validated or pulse.due():
            console.print(validation_line(report, about=settings.steps is None))

    yield say


def validation_line(report: Report, *, about: bool) -> str:
    """Step, loss, held-out figure and times of a stage; ``about`` if its steps are estimated."""
    position, done = report.position, max(report.progress, 1e-9)
    left = position.seconds * (1 - done) / done
    return (
        f"{report.stage}: step {position.step} of {'about ' * about}{round(position.step / done)}, "
        f"loss {sum(report.losses.values()):.4f}{_held_out(report)}, "
        f"{timedelta(seconds=round(position.seconds))} elapsed, "
        f"{timedelta(seconds=round(left))} left"
    )


def _held_out(report: Report) -> str:
    figure = headline(report.held_out or {})
    return f", held-out {figure}" if figure else ""


@contextmanager
def _bars(console: Console) -> Iterator[Callable[[Report], None]]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[int, TaskID] = {}
        held: dict[int, str] = {}

        def show(report: Report) -> None:
            stage = report.position.stage
            if stage not in tasks:
                tasks[stage] = bars.add_task(report.stage, total=1.0, note="")
            if report.held_out:
                held[stage] = _held_out(report)
            loss = sum(report.losses.values())
            note = f"step {report.position.step}, loss {loss:.4f}{held.get(stage, '')}"
            bars.update(tasks[stage], completed=report.progress, note=note)

        yield show
