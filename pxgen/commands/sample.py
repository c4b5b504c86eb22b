"""``sample``: new sprites from a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from pxgen.checkpoint import Loaded, load_model
from pxgen.commands.devices import pick_device
from pxgen.commands.editing import Edits, ways
from pxgen.drawing import Wish, draw, trace
from pxgen.errors import PxgenError, UsageError
from pxgen.labels import parse_labels
from pxgen.lanes import cores
from pxgen.models.protocol import Model, Sampling
from pxgen.noise import choose
from pxgen.palette import Palette
from pxgen.palette.library import find_palette
from pxgen.palette.local import LocalPalettes, stretched, within
from pxgen.palette.oklab import swap
from pxgen.render.outputs import Series, plan_output
from pxgen.render.together import SheetWish
from pxgen.runs import run_folders
from pxgen.tables import nearest

if TYPE_CHECKING:
    from rich.console import Console

U8 = NDArray[np.uint8]

HELD = 8
"""Times that an animated file shows the end of a trace again."""
COLORS = 1 << 62
"""Tells the streams of palettes from all others of a seed."""
STARTER = Path(__file__).parent.parent / "builtin" / "starter.safetensors"


@dataclass(frozen=True, kw_only=True)
class SampleRequest:
    """What ``sample`` was asked for."""

    model: Path | None
    runs: Path
    """Where the newest run is looked for if no model is named."""
    count: int
    labels: tuple[str, ...]
    seed: int
    first: int
    shard: tuple[int, int]
    """``(i, n)``: part i, from 0, of n."""
    how: Sampling
    edits: Edits
    trace: bool
    """Show each picture as it forms."""
    palette: str | None
    scale: int
    out: str | None
    sheet: SheetWish
    force: bool
    device: str
    batch: int
    workers: int | None


def sample(request: SampleRequest, console: Console) -> Iterator[Path]:
    """Draw the pictures, write them, and yield each path once its file is complete.

    Raises:
        UsageError: an unknown label, sampler or palette, or an output that is taken.
        InputError: the model is missing or malformed.
    """
    indices = range(request.first + request.shard[0], request.first + request.count)
    indices = indices[:: request.shard[1]]
    palette = find_palette(request.palette) if request.palette else None
    device = pick_device(request.device)
    loaded = load_model(choose_model(request.model, request.runs, console), device)
    model = loaded.model
    hows, own = ways(request.edits, request.how, loaded, device, console.print)
    check_sampling(hows[0], model)
    labels = parse_labels(request.labels, loaded.card.label_names, loaded.path)
    if labels.any() and not model.steerable:
        raise UsageError(f"labels cannot steer {loaded.path}: sample it without --label")
    series = Series(labels=request.labels, seed=request.seed, indices=indices)
    output = plan_output(
        request.out, series, scale=request.scale, force=request.force, sheet=request.sheet
    )
    wishes = (Wish(index, labels, hows[index % len(hows)]) for index in indices)
    # One still in an animated file would stand still: it is shown as it forms.
    still = output.moves and len(indices) * loaded.card.canvas.frames == 1
    pictures: Iterator[U8]
    if request.trace or still:
        held = 0 if output.form == "sheet" else HELD
        pictures = (_forming(model, wish, request.seed, device, held) for wish in wishes)
    else:
        pictures = draw(
            model, wishes, request.seed, device=device, workers=request.workers or cores()
        )
    with _progress(console, len(indices)) as seen:
        drawn = seen(pictures)
        if loaded.palettes is None:
            recolor, shown = _recoloring(loaded, palette)
            yield from output.write(_batches((recolor[p] for p in drawn), request.batch), shown)
        elif palette is not None:
            spread = (stretched(palette, int(p.max()))[p] for p in drawn)
            yield from output.write(_batches(spread, request.batch), palette)
        else:
            colored = _colored(drawn, indices, labels, loaded.palettes, own, request.seed)
            yield from output.write_own(colored)


def _forming(model: Model, wish: Wish, seed: int, device: torch.device, held: int) -> U8:
    """``(S, H, W)``: one picture as it forms, its end shown ``held`` times more."""
    frames = trace(model, wish, seed, device=device)
    return np.concatenate([frames, *[frames[-1:]] * held])


def choose_model(model: Path | None, runs: Path, console: Console) -> Path:
    """The model asked for, else the project's newest run, else the starter in the package.

    ``-m starter`` is the starter, too.

    Raises:
        PxgenError: there is none at all.
    """
    asked_starter = model == Path("starter") and not model.exists()
    if model is not None and not asked_starter:
        return model
    if not asked_starter and (found := run_folders(runs)):
        # Which one it is changes with the folder and with each training.
        console.print(f"model: {found[-1]} (the newest run; -m names another)")
        return found[-1]
    if not STARTER.exists():
        raise PxgenError("no model yet: train one with `pxgen train`, or name one with -m")
    return STARTER


def check_sampling(how: Sampling, model: Model) -> None:
    """Refuse wishes that mean nothing to a model.

    Raises:
        UsageError: an option that it does not take, or a sampler that it does not have.
    """
    for name in sorted(how.wanted() - model.takes):
        taken = ", ".join(_flag(option) for option in sorted(model.takes)) or "none of them"
        raise UsageError(f"this model has no use for {_flag(name)}; it takes {taken}")
    if how.sampler is not None and how.sampler not in model.samplers:
        hint = nearest(how.sampler, model.samplers)
        raise UsageError(f"no sampler '{how.sampler}' for this model: {hint}")


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _recoloring(loaded: Loaded, palette: Palette | None) -> tuple[U8, Palette]:
    """The index of each of the model's colours in the palette to draw with, and that palette."""
    own = loaded.card.palette
    if palette is None:
        return np.arange(len(own), dtype=np.uint8), own
    return swap(own, palette), palette


def _colored(
    drawn: Iterable[U8],
    indices: Sequence[int],
    labels: NDArray[np.float32],
    palettes: LocalPalettes,
    own: Palette | None,
    seed: int,
) -> Iterator[tuple[U8, Palette]]:
    """Each picture with a palette: of the image it started from, else of a sprite like it."""
    for picture, index in zip(drawn, indices, strict=True):
        # The picture's stream is spent on its pixels; its colours have one of their own.
        luck = choose(seed, index ^ COLORS)
        palette = own or palettes.choose(picture, labels, luck)
        yield within(picture, palette), palette


def _batches(pictures: Iterable[U8], size: int) -> Iterator[U8]:
    iterator = iter(pictures)
    while batch := list(islice(iterator, size)):
        yield np.stack(batch)


@contextmanager
def _progress(console: Console, total: int) -> Iterator[Callable[[Iterable[U8]], Iterable[U8]]]:
    """Yield a function that passes pictures through and shows a bar on a terminal."""
    if not console.is_terminal or console.quiet or total < 8:
        yield iter
        return
    from rich.progress import Progress

    with Progress(console=console, transient=True) as progress:
        yield lambda pictures: progress.track(pictures, total=total, description="drawing")
