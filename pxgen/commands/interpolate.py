"""``interpolate``: the way from one sprite to another, every frame on the palette."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from pxgen.commands.watching import watched
from pxgen.config.project import Project
from pxgen.config.requests import InterpolateSettings
from pxgen.palette.local import united
from pxgen.render.outputs import Named, plan_output
from pxgen.sampling.model_choice import open_model
from pxgen.sampling.paths import frame_names, keys_of, parse_key, path_pictures


def interpolate(
    settings: InterpolateSettings, project: Project, console: Console
) -> Iterator[Path]:
    """Draw the frames, write them, and yield each path once its file is complete.

    Raises:
        UsageError: an unknown label, too few frames, or an output that is taken.
        InputError: an image or the model is rejected.
    """
    sprites = [parse_key(text) for text in (settings.from_, *settings.through, settings.to)]
    keys = keys_of(sprites, settings.label, settings.from_label, settings.to_label)
    names = frame_names(settings.frames)
    output = plan_output(
        settings.out,
        Named(names),
        scale=settings.scale,
        force=settings.force,
        sheet=settings,
        report=console.print,
        delay_ms=1000 / settings.fps,
        columns=settings.frames,
    )
    loaded = open_model(settings.model, settings.device, project.runs, console.print)
    way = path_pictures(loaded, keys, settings.frames, loop=settings.loop)
    frames = list(watched(way, settings.frames, "drawing", console))
    if not output.together:
        yield from output.write((names[i], maps, palette) for i, maps, palette in frames)
        return
    # The way is one clip, whatever its frames would be called alone.
    maps, palette = [frame.indices for frame in frames], loaded.card.palette
    if loaded.palettes is not None:
        maps, palette = united((frame.indices, frame.palette) for frame in frames)
    output = replace(output, series=Named(["way"]))
    yield from output.write([("way", np.concatenate(maps), palette)])
