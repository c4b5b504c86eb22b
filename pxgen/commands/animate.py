"""``animate``: sprites that move, drawn or gone on with by a model of clips, else by a walk."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from pxgen.arrays import U8
from pxgen.checkpoint.runs import CLIPS, STARTER
from pxgen.checkpoint.store import Loaded
from pxgen.commands.sample import COLORS
from pxgen.data.labels import parse_labels
from pxgen.devices import cores, one_thread, pick_device
from pxgen.errors import UsageError
from pxgen.ingest.fit_to_model import Fitted, fit_frames, snapped_remark
from pxgen.models.protocol import SamplingParams
from pxgen.noise import choose
from pxgen.palette import Palette
from pxgen.palette.local import within
from pxgen.render.outputs import Output, Series, plan_output
from pxgen.sampling.edits import continuing, place_of
from pxgen.sampling.engine import Alone, PictureRequest, draw
from pxgen.sampling.models import check_sampling, open_model
from pxgen.sampling.request import Making

if TYPE_CHECKING:
    from rich.console import Console

Loop = Literal["forward", "pingpong"]

KEYS = 4
"""Sprites that a walk of a model of stills passes through."""
FRAMES = 24
"""Frames of such a walk unless told otherwise."""
APART = 1 << 40
"""Between the streams of one walk's sprites; no picture of a seed has so high a number."""


@dataclass(frozen=True, kw_only=True)
class AnimateRequest(Making):
    """What ``animate`` was asked for."""

    given: Path | None
    """A clip to go on with."""
    keep: int | None
    """So many of its first frames; None keeps all."""
    frames: int | None
    """Of a walk; a model of clips has its own number."""
    loop: Loop
    sampling: SamplingParams
    fps: float
    durations: tuple[float, ...] | None
    """Milliseconds of each frame; None shows all as long as ``fps`` says."""


def animate(request: AnimateRequest, console: Console) -> Iterator[Path]:
    """Draw the clips, write them, and yield each path once its file is complete.

    Raises:
        UsageError: an unknown label, wishes that the model cannot meet, or an output that is taken.
        InputError: the clip or the model is rejected.
    """
    device = pick_device(request.device)
    # Clips have a length of their own; walks are as long as one likes.
    starter = CLIPS if request.frames is None else STARTER
    loaded = open_model(request.model, request.runs, console, device, starter)
    labels = parse_labels(request.labels, loaded.card.label_names, loaded.path)
    if labels.any() and not loaded.model.steerable:
        raise UsageError(f"labels cannot steer {loaded.path}: leave --label out")
    output, indices = _planned(request, request.indices, loaded), request.indices
    if request.skip_existing:
        indices = output.missing(indices)
        output = _planned(request, indices, loaded)
    if request.dry_run:
        yield from output.paths(moving=True)
        return
    if not indices:
        return
    if loaded.card.canvas.frames > 1:
        clips = _clips(request, loaded, labels, indices, device, console)
    else:
        clips = _walks(request, loaded, labels, indices, device)
    turned = ((_turned(clip, request.loop), palette) for clip, palette in clips)
    if loaded.palettes is None:
        yield from output.write((clip[None] for clip, _ in turned), loaded.card.palette)
    else:
        yield from output.write_own(turned)


def _planned(request: AnimateRequest, indices: Sequence[int], loaded: Loaded) -> Output:
    return plan_output(
        request.out,
        Series(labels=request.labels, seed=request.seed, indices=indices),
        scale=request.scale,
        force=request.force or request.skip_existing,
        sheet=request.sheet,
        delay_ms=_delays(request, loaded.card.canvas.frames),
    )


def _clips(
    request: AnimateRequest,
    loaded: Loaded,
    labels: NDArray[np.float32],
    indices: Iterable[int],
    device: torch.device,
    console: Console,
) -> Iterator[tuple[U8, Palette]]:
    """``(T, H, W)`` clips of a model of clips, and their palettes."""
    if request.frames not in {None, loaded.card.canvas.frames}:
        raise UsageError(
            f"this model draws clips of {loaded.card.canvas.frames} frames: leave --frames out"
        )
    sampling, own = request.sampling, None
    if request.given is not None:
        fitted = fit_frames(request.given, place_of(loaded), request.keep)
        if fitted.snapped:
            console.print(snapped_remark(request.given, fitted.snapped), markup=False)
        sampling = _going_on(request.given, fitted, sampling, loaded, device)
        own = fitted.palette if loaded.palettes is not None else None
    check_sampling(sampling, loaded.model)
    requests = [PictureRequest(index, labels, sampling) for index in indices]
    pictures = draw(
        loaded.model, requests, request.seed, device=device, workers=request.workers or cores()
    )
    for picture, clip in zip(requests, pictures, strict=True):
        palette = own or _palette(clip, picture.number, loaded, labels, request.seed)
        yield within(clip, palette), palette


def _going_on(
    given: Path, fitted: Fitted, sampling: SamplingParams, loaded: Loaded, device: torch.device
) -> SamplingParams:
    """How to draw what follows given frames."""
    canvas = loaded.card.canvas
    frames = torch.from_numpy(fitted.pixels).to(device)
    if len(frames) >= canvas.frames:
        raise UsageError(
            f"{given}: {len(frames)} frames leave nothing to draw of {canvas.frames}: keep fewer "
            "with --keep"
        )
    going_on = continuing(frames, sampling, loaded)
    if going_on is None:
        raise UsageError("this model cannot go on with a clip: leave --given out")
    return going_on


def _walks(
    request: AnimateRequest,
    loaded: Loaded,
    labels: NDArray[np.float32],
    indices: Iterable[int],
    device: torch.device,
) -> Iterator[tuple[U8, Palette]]:
    """``(frames, H, W)`` closed walks through a few sprites of a model of stills."""
    if request.given is not None:
        raise UsageError("this model draws stills: --given needs a model of clips")
    model, sampling = loaded.model, request.sampling
    check_sampling(sampling, model)
    frames = FRAMES if request.frames is None else request.frames
    with one_thread(), torch.inference_mode():
        for index in indices:
            alone = Alone.of(model, sampling, index, device)
            # All sprites of a walk bear the labels of the first.
            asked = alone.repeated(torch.from_numpy(labels))
            keys = [
                model.draw(asked, alone.noise(request.seed, k * APART), sampling)
                for k in range(KEYS)
            ]
            walk = []
            for leg, weight in even_steps(len(keys), frames):
                code = model.mix(keys[leg], keys[(leg + 1) % len(keys)], weight)
                walk.append(alone.own(model.decode(code, alone.noise(request.seed)))[0])
            clip = np.stack(walk)
            palette = _palette(clip, index, loaded, labels, request.seed)
            yield within(clip, palette), palette


def even_steps(keys: int, frames: int) -> Iterator[tuple[int, float]]:
    """Places on a closed way through all keys at one speed: the key before, and how far from it."""
    for frame in range(frames):
        place = frame * keys / frames
        yield int(place), math.modf(place)[0]


def _palette(
    clip: U8, index: int, loaded: Loaded, labels: NDArray[np.float32], seed: int
) -> Palette:
    if loaded.palettes is None:
        return loaded.card.palette
    return loaded.palettes.choose(clip, labels, choose(seed, index ^ COLORS))


def _delays(request: AnimateRequest, drawn: int) -> float | tuple[float, ...]:
    """Milliseconds of each frame, there and back; a model of stills draws what is asked for."""
    if request.durations is None:
        return 1000 / request.fps
    frames = (request.frames or FRAMES) if drawn == 1 else drawn
    if len(request.durations) != frames:
        raise UsageError(f"--durations names {len(request.durations)} frames of {frames}")
    back = request.durations[-2:0:-1] if request.loop == "pingpong" else ()
    return (*request.durations, *back)


def _turned(clip: U8, loop: Loop) -> U8:
    """A clip as it is, or there and back without showing either end twice."""
    return np.concatenate([clip, clip[-2:0:-1]]) if loop == "pingpong" else clip
