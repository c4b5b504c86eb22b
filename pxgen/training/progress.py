"""What a training shows while it runs, and how it is asked to stop."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from pxgen.render.terminal import sparkline
from pxgen.training.trainer import Report

if TYPE_CHECKING:
    from rich.console import Console


def shown(figures: Mapping[str, float]) -> str:
    """The held-out figure that says most: bits where there are any, else exact pixels."""
    if "bits" in figures:
        return f"{figures['bits']:.1f} bits"
    return f"{figures['exact']:.2%} exact" if "exact" in figures else ""


NOT_LOSSES = {"stage", "stage_index", "step", "seconds", "cpu_seconds", "lr"}
"""What a line of metrics says beside losses."""
MIN_LINES = 8
"""Lines below which a curve shows nothing."""


def loss_curve(lines: Sequence[Mapping[str, Any]]) -> str:
    """The losses of the last stage as a line of bars, and the last of them; empty of short ones."""
    last = lines[-1]["stage_index"] if lines else 0
    losses = [_loss(line) for line in lines if line["stage_index"] == last]
    if len(losses) < MIN_LINES or not all(0 < loss < math.inf for loss in losses):
        return ""
    # Losses fall by factors, and most of them at the beginning.
    return f"{sparkline([math.log(loss) for loss in losses])} {losses[-1]:.4g}"


def _loss(line: Mapping[str, Any]) -> float:
    told = ("held_out_", "quality_")
    losses = (v for n, v in line.items() if n not in NOT_LOSSES and not n.startswith(told))
    return float(sum(losses))


@contextmanager
def polite_end(console: Console) -> Iterator[Callable[[], bool]]:
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

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def progress_of(console: Console) -> Iterator[Any]:
    """Yield a function that shows a report: a bar on a terminal, nothing elsewhere."""
    if not console.is_terminal or console.quiet:
        yield lambda report: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        tasks: dict[str, Any] = {}
        held = ""

        def show(report: Report) -> None:
            nonlocal held
            if report.stage not in tasks:
                tasks[report.stage] = progress.add_task(report.stage, total=1.0, note="")
            if report.held_out:
                held = "  held-out " + shown(report.held_out)
            loss = sum(report.losses.values())
            note = f"step {report.position.step}  loss {loss:.4f}{held}"
            progress.update(tasks[report.stage], completed=report.progress, note=note)

        yield show
