"""``sample``: new sprites from a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from pxgen.arrays import U8
from pxgen.checkpoint.store import Loaded, fingerprint
from pxgen.data.dataset import Dataset, open_dataset
from pxgen.data.labels import parse_labels
from pxgen.devices import cores, pick_device
from pxgen.errors import InputError, UsageError
from pxgen.models.protocol import Model, SamplingParams
from pxgen.noise import choose
from pxgen.palette import Palette
from pxgen.palette.library import find_palette
from pxgen.palette.local import LocalPalettes, stretched, within
from pxgen.palette.oklab import swap
from pxgen.render.outputs import Output, Series, plan_output
from pxgen.sampling.edits import Edits, ways
from pxgen.sampling.engine import PictureRequest, draw, trace
from pxgen.sampling.models import check_sampling, open_model
from pxgen.sampling.request import Making

if TYPE_CHECKING:
    from rich.console import Console


HELD = 8
"""Times that an animated file shows the end of a trace again."""
COLORS = 1 << 62
"""Tells the streams of palettes from all others of a seed."""


@dataclass(frozen=True, kw_only=True)
class SampleRequest(Making):
    """What ``sample`` was asked for."""

    sampling: SamplingParams
    edits: Edits
    trace: bool
    """Show each picture as it forms."""
    palette: str | None
    manifest: Path | None
    """Where to write how to make each picture again."""
    novel: int | None
    """Pixels in which a picture must differ from every training sprite."""
    dataset: Path
    """Where those sprites are."""
    batch: int


@dataclass(frozen=True)
class Plan:
    """A request, looked through: nothing is left that can be refused before drawing."""

    request: SampleRequest
    loaded: Loaded
    device: torch.device
    labels: NDArray[np.float32]
    samplings: tuple[SamplingParams, ...]
    """Pictures take them in turn."""
    own: Palette | None
    """The palette of the image that is started from, where sprites have their own."""
    palette: Palette | None
    """What to draw in instead of the model's."""
    indices: Sequence[int]
    """Of the pictures to draw."""
    drawn: list[int]
    """The numbers that pictures which must be novel were drawn with, in order, as they come."""
    output: Output

    @property
    def numbers(self) -> Sequence[int]:
        """The number of each picture, as far as it is known."""
        return self.indices if self.request.novel is None else self.drawn

    @property
    def forming(self) -> bool:
        """Whether pictures are shown as they form: one still would stand still in an animation."""
        still = len(self.indices) * self.loaded.card.canvas.frames == 1
        return self.request.trace or (self.output.moves and still)

    def requests(self) -> Iterator[PictureRequest]:
        """What to draw."""
        samplings = self.samplings
        return (
            PictureRequest(index, self.labels, samplings[index % len(samplings)])
            for index in self.indices
        )


def sample(request: SampleRequest, console: Console) -> Iterator[Path]:
    """Draw the pictures, write them, and yield each path once its file is complete.

    Raises:
        UsageError: an unknown label, sampler or palette, or an output that is taken.
        InputError: the model is missing or malformed.
    """
    yield from carry_out(plan_samples(request, console), console)


def carry_out(plan: Plan, console: Console) -> Iterator[Path]:
    """Draw and write what is planned."""
    request = plan.request
    moving = plan.loaded.card.canvas.frames > 1 or plan.forming
    if request.dry_run:
        yield from plan.output.paths(moving=moving)
        yield from () if request.manifest is None else (request.manifest,)
        return
    loaded, palette, output = plan.loaded, plan.palette, plan.output
    with _progress(console, len(plan.indices)) as seen:
        drawn = seen(_pictures(plan))
        if not plan.indices:
            pass
        elif loaded.palettes is None:
            recolor, shown = _recoloring(loaded, palette)
            yield from output.write(_batches((recolor[p] for p in drawn), request.batch), shown)
        elif palette is not None:
            spread = (stretched(palette, int(p.max()))[p] for p in drawn)
            yield from output.write(_batches(spread, request.batch), palette)
        else:
            yield from output.write_own(_colored(drawn, plan, loaded.palettes))
    if request.manifest is not None:
        yield _manifest(request.manifest, plan, moving=moving)


def plan_samples(request: SampleRequest, console: Console, loaded: Loaded | None = None) -> Plan:
    """Look a request through; ``loaded`` is its model, where that is at hand.

    Raises:
        UsageError: an unknown label, sampler or palette, or an output that is taken.
        InputError: the model is missing or malformed.
    """
    palette = find_palette(request.palette) if request.palette else None
    device = pick_device(request.device)
    if loaded is None:
        loaded = open_model(request.model, request.runs, console, device)
    samplings, own = ways(request.edits, request.sampling, loaded, device, console.print)
    check_sampling(samplings[0], loaded.model)
    labels = parse_labels(request.labels, loaded.card.label_names, loaded.path)
    if labels.any() and not loaded.model.steerable:
        raise UsageError(f"labels cannot steer {loaded.path}: sample it without --label")
    _check_batch(request)
    indices, drawn = request.indices, list[int]()

    def planned(numbers: Sequence[int], *, force: bool) -> Output:
        series = Series(labels=request.labels, seed=request.seed, indices=numbers)
        return plan_output(
            request.out, series, scale=request.scale, force=force, sheet=request.sheet
        )

    output = planned(indices, force=request.force or request.skip_existing)
    if request.skip_existing:
        indices = output.missing(indices)
    # Names follow the numbers that pictures are drawn with.
    output = planned(indices if request.novel is None else drawn, force=True)
    return Plan(request, loaded, device, labels, samplings, own, palette, indices, drawn, output)


def _check_batch(request: SampleRequest) -> None:
    """Refuse what would make one run's pictures depend on another's.

    Raises:
        UsageError: options that exclude each other.
    """
    if request.novel is not None and (request.skip_existing or request.dry_run):
        other = "--skip-existing" if request.skip_existing else "--dry-run"
        raise UsageError(f"--novel may draw other numbers: leave {other} out")
    manifest = request.manifest
    if manifest is None:
        return
    if str(manifest) == "-":
        raise UsageError("--manifest - would mix with the pictures: name a file")
    written = [Path(request.out or "."), *request.sheet.data]
    if manifest.is_dir() or any(manifest.absolute() == path.absolute() for path in written):
        raise UsageError(f"--manifest {manifest} names what else is written: name another file")


def _pictures(plan: Plan) -> Iterator[U8]:
    """Draw everything in order, and note the numbers."""
    request, model, device = plan.request, plan.loaded.model, plan.device

    def several(requests: Iterable[PictureRequest]) -> Iterator[U8]:
        if plan.forming:
            held = 0 if plan.output.form == "sheet" else HELD
            return (_forming(model, picture, request.seed, device, held) for picture in requests)
        workers = request.workers or cores()
        return draw(model, requests, request.seed, device=device, workers=workers)

    if request.novel is None:
        yield from several(plan.requests())
        return
    from pxgen.sampling.novel import Novelty, novel

    crowd = Novelty.beyond(_training(plan), request.novel, request.count)
    for number, picture in novel(list(plan.requests()), crowd, several):
        plan.drawn.append(number)
        yield picture


def _training(plan: Plan) -> Dataset:
    """The dataset that the model was trained on.

    Raises:
        InputError: it is not there, or another one is.
        UsageError: pictures do not compare with sprites.
    """
    dataset, card = open_dataset(plan.request.dataset), plan.loaded.card
    if dataset.fingerprint != card.fingerprint:
        raise InputError(
            f"{plan.request.dataset} is not what {plan.loaded.path} was trained on: name that with "
            "--dataset"
        )
    if (plan.request.novel or 0) > card.canvas.pixels:
        raise UsageError(
            f"--novel {plan.request.novel}: a sprite has {card.canvas.pixels} pixels to differ in"
        )
    if plan.forming or plan.samplings[0].canvas is not None:
        raise UsageError("--novel compares whole sprites: leave --trace and --canvas out")
    return dataset


def _manifest(target: Path, plan: Plan, *, moving: bool) -> Path:
    from pxgen.sampling.manifest import Recorded, inputs_of, options_of, write_manifest

    request = plan.request
    # What was skipped belongs to the run as well.
    numbers = request.indices if request.novel is None else plan.drawn
    series = Series(labels=request.labels, seed=request.seed, indices=numbers)
    output = replace(plan.output, series=series)
    scale = request.scale if request.scale > 1 else None
    others = {"palette": request.palette, "scale": scale, "trace": request.trace}
    options = options_of(request.sampling, request.edits, others)
    paths = output.paths(moving=moving) if output.form == "folder" else None
    files = paths or [output.target] * len(numbers)
    strengths: list[float | None] = [None] * len(numbers)
    if len(plan.samplings) > 1:
        strengths = [plan.samplings[i % len(plan.samplings)].strength for i in request.indices]
    recorded = Recorded(
        request.seed,
        request.labels,
        fingerprint(plan.loaded),
        options,
        inputs_of(options),
        (),
    )
    return write_manifest(target, zip(files, numbers, strengths, strict=True), recorded)


def _forming(
    model: Model, request: PictureRequest, seed: int, device: torch.device, held: int
) -> U8:
    """``(S, H, W)``: one picture as it forms, its end shown ``held`` times more."""
    frames = trace(model, request, seed, device=device)
    return np.concatenate([frames, *[frames[-1:]] * held])


def _recoloring(loaded: Loaded, palette: Palette | None) -> tuple[U8, Palette]:
    """The index of each of the model's colours in the palette to draw with, and that palette."""
    own = loaded.card.palette
    if palette is None:
        return np.arange(len(own), dtype=np.uint8), own
    return swap(own, palette), palette


def _colored(
    drawn: Iterable[U8], plan: Plan, palettes: LocalPalettes
) -> Iterator[tuple[U8, Palette]]:
    """Each picture with a palette: of the image it started from, else of a sprite like it."""
    for place, picture in enumerate(drawn):
        # The picture's stream is spent on its pixels; its colours have one of their own.
        luck = choose(plan.request.seed, plan.numbers[place] ^ COLORS)
        palette = plan.own or palettes.choose(picture, plan.labels, luck)
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
