"""``animate``: sprites that move, drawn or gone on with by a model of clips, else by a walk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from pxgen.checkpoint.runs import CLIPS, STARTER
from pxgen.config.project import Project
from pxgen.config.requests import AnimateSettings
from pxgen.render.outputs import Output, Series, plan_output
from pxgen.sampling.clips import ClipPlan
from pxgen.sampling.model_choice import open_model


def animate(settings: AnimateSettings, project: Project, console: Console) -> Iterator[Path]:
    """Draw the clips, write them, and yield each path once its file is complete.

    Raises:
        UsageError: an unknown label, wishes that the model cannot meet, or an output that is taken.
        InputError: the clip or the model is rejected.
    """
    # Clips have a length of their own; walks are as long as one likes.
    starter = CLIPS if settings.frames is None else STARTER
    loaded = open_model(settings.model, settings.device, project.runs, console.print, starter)
    plan = ClipPlan.of(loaded, settings)
    numbers: Sequence[int] = settings.indices
    output = _output(plan, numbers)
    if settings.skip_existing:
        numbers = output.missing(numbers)
        output = _output(plan, numbers)
    if settings.dry_run:
        yield from output.paths(moving=True)
    elif numbers:
        series = Series(settings, numbers)
        pictures = plan.pictures(numbers, console.print)
        yield from output.write((series.name(i), clip, palette) for i, clip, palette in pictures)


def _output(plan: ClipPlan, numbers: Sequence[int]) -> Output:
    settings = plan.settings
    return plan_output(
        settings.out,
        Series(settings, numbers),
        scale=settings.scale,
        force=settings.force or settings.skip_existing,
        sheet=settings,
        delay_ms=plan.delays(),
    )
