"""``interpolate``: the way from one sprite to another, every frame on the palette."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from pxgen.arrays import U8
from pxgen.checkpoint.store import Loaded
from pxgen.commands.sample import COLORS
from pxgen.data.labels import parse_labels
from pxgen.devices import one_thread, pick_device
from pxgen.errors import InputError, UsageError
from pxgen.ingest.fit_to_model import fit_image
from pxgen.models.protocol import SamplingParams
from pxgen.noise import choose
from pxgen.palette import Palette
from pxgen.palette.local import united, within
from pxgen.render.one_file import SheetOptions
from pxgen.render.outputs import Named, plan_output
from pxgen.sampling.edits import place_of
from pxgen.sampling.engine import Alone
from pxgen.sampling.models import open_model

if TYPE_CHECKING:
    from rich.console import Console


Key = Path | int
"""A sprite to pass through: an image, or the first picture of a seed."""


@dataclass(frozen=True, kw_only=True)
class InterpolateRequest:
    """What ``interpolate`` was asked for."""

    keys: Sequence[Key]
    """In the order of the way, two at least."""
    labels: Sequence[tuple[str, ...]]
    """Of each key."""
    frames: int
    loop: bool
    """Go on from the last key to the first, which is then not shown twice."""
    model: Path | None
    runs: Path
    """Where the newest run is looked for if no model is named."""
    fps: float
    scale: int
    out: str | None
    sheet: SheetOptions
    force: bool
    device: str


def interpolate(request: InterpolateRequest, console: Console) -> Iterator[Path]:
    """Draw the frames, write them, and yield each path once its file is complete.

    Raises:
        UsageError: an unknown label, too few frames, or an output that is taken.
        InputError: an image or the model is rejected.
    """
    needed = len(request.keys)
    if request.frames < needed:
        raise UsageError(f"--frames {request.frames} cannot show {needed} key sprites")
    output = plan_output(
        request.out,
        Named([f"frame-{number:04}" for number in range(request.frames)]),
        scale=request.scale,
        force=request.force,
        sheet=request.sheet,
        delay_ms=1000 / request.fps,
        columns=request.frames,
    )
    device = pick_device(request.device)
    loaded = open_model(request.model, request.runs, console, device)
    if loaded.card.canvas.frames > 1:
        raise UsageError("this model draws clips: interpolate needs a model of stills")
    with one_thread(), torch.inference_mode():
        frames = list(_frames(request, loaded, device))
    if output.together:
        # The way is one clip, whatever its frames would be called alone.
        output = replace(output, series=Named(["way"]))
        maps, palette = [pixels for pixels, _ in frames], loaded.card.palette
        if loaded.palettes is not None:
            maps, palette = united(frames)
        yield from output.write([np.stack(maps).swapaxes(0, 1)], palette)
    elif loaded.palettes is None:
        yield from output.write((pixels[None] for pixels, _ in frames), loaded.card.palette)
    else:
        yield from output.write_own(frames)


def parse_key(text: str) -> Key:
    """A key sprite as people name it.

    Raises:
        UsageError: neither a file nor a number.
    """
    if Path(text).is_file():
        return Path(text)
    if text.isdecimal() and int(text) < 2**63:
        return int(text)
    raise UsageError(f"{text} is neither an image nor a seed")


def positions(keys: int, frames: int, *, loop: bool) -> list[tuple[int, float]]:
    """Where each frame stands: the key it comes from, and how far it is on the way to the next.

    Every key has a frame of its own; the others are shared out evenly.
    """
    legs = keys if loop else keys - 1
    moving = frames if loop else frames - 1
    starts = [round(leg * moving / legs) for leg in range(legs + 1)]
    places = [
        (leg, (frame - start) / (end - start))
        for leg, (start, end) in enumerate(pairwise(starts))
        for frame in range(start, end)
    ]
    return places if loop else [*places, (legs - 1, 1.0)]


def _frames(
    request: InterpolateRequest, loaded: Loaded, device: torch.device
) -> Iterator[tuple[U8, Palette]]:
    """``(T, H, W) uint8`` frames and their palettes: the model's, or that of the nearer key."""
    model = loaded.model
    # The first picture of each seed, as `sample` draws it.
    alone = Alone.of(model, SamplingParams(), 0, device)
    keys = [
        _code(key, loaded, parse_labels(labels, loaded.card.label_names, loaded.path), alone)
        for key, labels in zip(request.keys, request.labels, strict=True)
    ]
    for leg, weight in positions(len(keys), request.frames, loop=request.loop):
        (a, first), (b, second) = keys[leg], keys[(leg + 1) % len(keys)]
        # The same noise in every frame: what changes is the code alone.
        drawn = alone.own(model.decode(model.mix(a, b, weight), alone.noise(0)))
        palette = first if weight < 0.5 else second
        yield within(drawn, palette), palette


def _code(
    key: Key, loaded: Loaded, labels: NDArray[np.float32], alone: Alone
) -> tuple[Any, Palette]:
    """A key's code, and its palette."""
    asked = alone.repeated(torch.from_numpy(labels))
    if isinstance(key, int):
        if labels.any() and not loaded.model.steerable:
            raise UsageError(f"labels cannot steer {loaded.path}: leave --label out")
        code = loaded.model.draw(asked, alone.noise(key), SamplingParams())
        if loaded.palettes is None:
            return code, loaded.card.palette
        drawn = alone.own(loaded.model.decode(code, alone.noise(0)))
        return code, loaded.palettes.choose(drawn, labels, choose(key, COLORS))
    fitted = fit_image(key, place_of(loaded))
    if fitted.snapped == fitted.pixels.size:
        raise InputError(f"{key}: not one pixel is of the model's palette")
    pixels = alone.repeated(torch.from_numpy(fitted.pixels))
    # The stream that `reconstruct` gives a lone image, so that both show the same.
    return loaded.model.encode(pixels, asked, alone.noise(0)), fitted.palette
