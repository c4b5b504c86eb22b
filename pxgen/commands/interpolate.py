"""``interpolate``: the way from one sprite to another, every frame on the palette."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pxgen.checkpoint.store import Loaded
from pxgen.commands.context import Context
from pxgen.commands.sample import keeping
from pxgen.commands.watching import watched
from pxgen.config.requests import InterpolateSettings
from pxgen.palette.local import united
from pxgen.render.outputs import Named, Output, plan_output
from pxgen.sampling.paths import Key, frame_names, keys_of, parse_key, path_pictures
from pxgen.sampling.samples import asked_labels, tell_unseen


def interpolate(settings: InterpolateSettings, context: Context) -> Iterator[Path]:
    """Look a request through; the result draws, writes, and yields each path once it is complete.

    Raises:
        UsageError: an unknown label, too few frames, or an output that is taken.
        InputError: an image or the model is rejected.
    """
    sprites = [parse_key(text) for text in (settings.from_, *settings.through, settings.to)]
    keys = keys_of(sprites, settings.label, settings.from_label, settings.to_label)
    output = plan_output(
        settings.out,
        Named(frame_names(settings.frames)),
        scale=settings.scale,
        force=settings.force,
        sheet=settings,
        report=context.remark,
        delay_ms=1000 / settings.fps,
        columns=settings.frames,
    )
    loaded = context.open(settings.model, settings.device)
    context.claim(output.paths(moving=False), [loaded.path])
    return _written(loaded, keys, output, settings, context)


def _written(
    loaded: Loaded,
    keys: Sequence[Key],
    output: Output,
    settings: InterpolateSettings,
    context: Context,
) -> Iterator[Path]:
    for labels in dict.fromkeys(key.labels for key in keys if isinstance(key.sprite, int)):
        tell_unseen(asked_labels(labels, loaded), loaded, context.remark)
    way = path_pictures(loaded, keys, settings.frames, loop=settings.loop)
    given = [key.sprite for key in keys if isinstance(key.sprite, Path)]
    way = keeping(output.paths(moving=False), given, way, context.remark)
    frames = list(watched(way, settings.frames, "drawing", context.console))
    if not output.together:
        names = frame_names(settings.frames)
        yield from output.write((names[i], maps, palette) for i, maps, palette in frames)
        return
    # The way is one clip, whatever its frames would be called alone.
    maps, palette = [frame.indices for frame in frames], loaded.card.palette
    if loaded.palettes is not None:
        maps, palette = united((frame.indices, frame.palette) for frame in frames)
    output = replace(output, series=Named(["way"]))
    yield from output.write([("way", np.concatenate(maps), palette)])
