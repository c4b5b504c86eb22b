"""``animate``: sprites that move, drawn or gone on with by a model of clips, else by a walk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from pxgen.checkpoint.runs import CLIPS, STARTER
from pxgen.commands.watching import watched
from pxgen.config.project import Project
from pxgen.config.requests import AnimateSettings
from pxgen.render.outputs import Series, plan_output
from pxgen.sampling.clips import ClipPlan
from pxgen.sampling.model_choice import open_model


def animate(settings: AnimateSettings, project: Project, console: Console) -> Iterator[Path]:
    """Draw the clips, write them, and yield each path once its file is complete.

    Raises:
        UsageError: an unknown label, what the model cannot do, or an output that is taken.
        InputError: the clip or the model is rejected.
    """
    # Clips have a length of their own; walks are as long as one likes.
    starter = CLIPS if settings.frames is None else STARTER
    loaded = open_model(settings.model, settings.device, project.runs, console.print, starter)
    plan = ClipPlan.of(loaded, settings)
    series = Series(settings, settings.numbers)
    output = plan_output(
        settings.out,
        series,
        scale=settings.scale,
        force=settings.force or settings.skip_existing,
        sheet=settings,
        report=console.print,
        delay_ms=plan.delays(),
    )
    output = replace(output, frames=plan.frame_names)
    if settings.skip_existing:
        series = Series(settings, output.missing(settings.numbers))
    if settings.dry_run:
        yield from replace(output, series=series).paths(moving=True)
    elif series.numbers:
        drawn = plan.pictures(series.numbers, console.print)
        pictures = ((series.name(i), clip, palette) for i, clip, palette in drawn)
        yield from output.write(watched(pictures, len(series.numbers), "drawing", console))
