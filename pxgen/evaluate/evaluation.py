"""``evaluate``: how good a model is, measured on what it draws and on held-out sprites."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from pxgen.arrays import U8
from pxgen.checkpoint.card import Card
from pxgen.checkpoint.store import Loaded
from pxgen.data.dataset import Dataset, dataset_file, open_dataset, subsample
from pxgen.data.labels import parse_labels
from pxgen.data.neighbours import SpriteIndex
from pxgen.devices import cores, pick_device
from pxgen.errors import InputError, UsageError
from pxgen.evaluate.adherence import Adherence
from pxgen.evaluate.bits import held_out_bits
from pxgen.evaluate.copies import Copies
from pxgen.evaluate.craft import Craft
from pxgen.evaluate.distribution import Distribution
from pxgen.evaluate.labels import Labels
from pxgen.evaluate.legality import Legality, is_builtin
from pxgen.evaluate.measure import Drawn, Measure
from pxgen.evaluate.motion import Motion, continuation
from pxgen.models.protocol import SamplingParams
from pxgen.palette import Palette
from pxgen.render.png import encode_png
from pxgen.render.scale import enlarge
from pxgen.render.sheet import contact_sheet
from pxgen.sampling.edits import continuing
from pxgen.sampling.engine import PictureRequest, draw
from pxgen.sampling.model_choice import check_sampling, open_model

if TYPE_CHECKING:
    from rich.console import Console


MAX_CONTINUED = 100
"""Held-out clips that a model goes on with."""
MAX_SHOWN = 96
"""Sprites of each way of drawing that the sheet shows."""
COLUMNS = 16
SCALE = 3


@dataclass(frozen=True, kw_only=True)
class EvaluateRequest:
    """What ``evaluate`` was asked for."""

    model: Path | None
    runs: Path
    """Where the newest run is looked for if no model is named."""
    dataset: Path | None
    """None takes the project's if the model was trained on it."""
    project_dataset: Path
    count: int
    labels: tuple[str, ...]
    """Asked for in turn, one a sprite; empty for every label."""
    steps: tuple[int, ...]
    """One row of figures for each; empty for the model's own number."""
    sampler: str | None
    guidance: float | None
    temperature: float | None
    seed: int
    device: str
    workers: int | None


class Pair(NamedTuple):
    """A drawn sprite, and the training sprite nearest to it."""

    drawn: U8
    """``(T, H, W) uint8``."""
    label: str | None
    """What it was asked to show."""
    nearest: U8 | None
    distance: int | None
    """Pixels in which the two differ."""


@dataclass(frozen=True)
class Evaluation:
    """What was measured."""

    facts: dict[str, Any]
    """Plain JSON values: ``model``, ``dataset``, ``asked``, ``held_out_bits``, ``references`` and
    ``runs``, the figures of each measure for each number of steps."""
    columns: tuple[tuple[str, str, str], ...]
    """Headline figures: title, measure and key in its figures."""
    sheet: bytes
    """A PNG of drawn sprites, one block for each number of steps."""
    pairs: tuple[Pair, ...]
    """Some sprites of the first run."""
    palette: Palette


def evaluate(request: EvaluateRequest, console: Console) -> Evaluation:
    """Measure everything that the model and the data allow.

    Raises:
        UsageError: an unknown sampler, or nothing to judge the model by.
        InputError: model or dataset is missing, malformed, or they do not fit.
    """
    device, workers = pick_device(request.device), request.workers or cores()
    loaded = open_model(request.model, request.runs, console, device)
    for steps in request.steps or (None,):
        check_sampling(_sampling(request, steps), loaded.model)
    turns = _turns(request, loaded)
    dataset = _dataset(request, loaded)
    say = _speaker(console)
    bits = None
    has_bits = any(stage.counts_in_bits for stage in loaded.model.stages())
    if has_bits and dataset is not None and len(dataset.held_out):
        say("reading held-out sprites")
        bits = held_out_bits(
            loaded.model, dataset, seed=request.seed, device=device, workers=workers
        )
    say("learning to judge")
    measures = _measures(loaded, dataset, request, workers)
    runs, blocks = [], []
    pairs: tuple[Pair, ...] = ()
    for steps in request.steps or (None,):
        drawn = _draw(request, loaded, turns, steps, device, console)
        say("judging")
        runs.append({"steps": _used(loaded.card, "steps", steps)})
        runs[-1] |= {measure.name: measure.of(drawn) for measure in measures}
        blocks.append(_block(drawn.pixels[:MAX_SHOWN]))
        pairs = pairs or tuple(_pairs(drawn, loaded.card, dataset))
    going_on = None
    if dataset is not None and dataset.canvas.frames > 1 and len(dataset.held_out):
        say("going on with held-out clips")
        going_on = _going_on(request, loaded, dataset, device)
    facts = {
        "continuation": going_on,
        "model": _about_model(loaded.card),
        "dataset": _about_dataset(dataset, loaded.card),
        "asked": _asked(request, loaded, turns),
        "held_out_bits": bits,
        "references": {measure.name: measure.reference() for measure in measures},
        "runs": runs,
    }
    columns = [(title, m.name, key) for m in measures for title, key in m.columns.items()]
    sheet = encode_png(enlarge(np.concatenate(blocks), SCALE), loaded.card.palette)
    return Evaluation(facts, tuple(columns), sheet, pairs, loaded.card.palette)


def _dataset(request: EvaluateRequest, loaded: Loaded) -> Dataset | None:
    card, path = loaded.card, request.dataset
    if path is None and dataset_file(request.project_dataset).is_file():
        dataset = open_dataset(request.project_dataset)
        if dataset.fingerprint == card.fingerprint:
            return dataset
    if path is None:
        if not is_builtin(card):
            raise UsageError(
                f"{loaded.path} was not trained on this project's dataset: name with --dataset the "
                "one to judge it by"
            )
        return None
    dataset = open_dataset(path)
    for what, theirs, own in (
        ("canvas (frames, height, width)", tuple(dataset.canvas), tuple(card.canvas)),
        ("palette", dataset.palette, card.palette),
        ("label vocabulary", dataset.label_names, card.label_names),
    ):
        if theirs != own:
            raise InputError(
                f"{path} has another {what} than {loaded.path}: judge the model by the dataset "
                "that it was trained on, or one prepared alike"
            )
    if not len(dataset.train):
        raise InputError(f"{path} has no training sprites to compare with: prepare more of them")
    return dataset


def _measures(
    loaded: Loaded, dataset: Dataset | None, request: EvaluateRequest, workers: int
) -> list[Measure]:
    """Every measure that this model, these data and what is asked for allow."""
    seed = request.seed
    measures: list[Measure] = [Adherence(loaded.card.palette)]
    certified = is_builtin(loaded.card)
    if certified:
        training = SpriteIndex(dataset, dataset.train) if dataset is not None else None
        measures.append(Legality(training))
    if dataset is not None:
        # Classifiers would learn for minutes what the certifier knows.
        if loaded.model.steerable and not certified:
            measures.append(Labels(dataset, seed=seed, workers=workers))
        measures.append(Copies(dataset))
        # Sprites of a few labels are not meant to be like all others.
        if len(dataset.held_out) and not request.labels:
            measures.append(Distribution(dataset, seed=seed))
    measures.append(Craft(dataset))
    if loaded.card.canvas.frames > 1:
        measures.append(Motion(dataset))
    return measures


def _turns(request: EvaluateRequest, loaded: Loaded) -> NDArray[np.intp]:
    """The labels that are asked for in turn; none of a model that labels do not steer.

    Raises:
        UsageError: an unknown label, one with a weight, or a model that cannot be asked.
    """
    names = loaded.card.label_names
    if request.labels and not loaded.model.steerable:
        raise UsageError(f"labels cannot steer {loaded.path}: leave --label out")
    vectors = [parse_labels([text], names, loaded.path) for text in request.labels]
    if any(vector.max(initial=0) != 1 for vector in vectors):
        raise UsageError("evaluate asks for one label a sprite: name labels without weights")
    chosen = [int(vector.argmax()) for vector in vectors]
    every = range(len(names)) if loaded.model.steerable else ()
    return np.array(chosen or every, np.intp)


def _draw(
    request: EvaluateRequest,
    loaded: Loaded,
    turns: NDArray[np.intp],
    steps: int | None,
    device: torch.device,
    console: Console,
) -> Drawn:
    """Draw the sprites, each asked for one label, the labels in turn."""
    count, width = request.count, len(loaded.card.label_names)
    asked = np.resize(turns, count) if len(turns) else np.full(count, -1, np.intp)
    identity = np.eye(width, dtype=np.float32)
    nothing = np.zeros(width, np.float32)
    sampling = _sampling(request, steps)
    requests = (
        PictureRequest(number, identity[label] if label >= 0 else nothing, sampling)
        for number, label in enumerate(asked)
    )
    pictures = draw(
        loaded.model,
        requests,
        request.seed,
        device=device,
        workers=request.workers or cores(),
    )
    named = f"drawing at {steps} steps" if steps else "drawing"
    return Drawn(np.stack(list(_tracked(console, pictures, count, named))), asked)


def _pairs(drawn: Drawn, card: Card, dataset: Dataset | None) -> Iterator[Pair]:
    """The first sprites, with their nearest training sprites where there is a dataset."""
    pixels = drawn.pixels[:MAX_SHOWN]
    names = [card.label_names[label] if label >= 0 else None for label in drawn.asked[:MAX_SHOWN]]
    if dataset is None:
        yield from (Pair(each, name, None, None) for each, name in zip(pixels, names, strict=True))
        return
    distances, places = SpriteIndex(dataset, dataset.train).nearest(pixels)
    for each, name, distance, place in zip(pixels, names, distances, places, strict=True):
        yield Pair(each, name, dataset.pixels[place], int(distance))


def _going_on(
    request: EvaluateRequest, loaded: Loaded, dataset: Dataset, device: torch.device
) -> dict[str, Any] | None:
    """How held-out clips are gone on with after a quarter of their frames."""
    T = dataset.canvas.frames
    kept = max(1, T // 4)
    chosen = subsample(dataset.held_out, MAX_CONTINUED)
    true, marks = dataset.take(chosen)
    requests = []
    for number, (clip, labels) in enumerate(zip(true, marks, strict=True)):
        sampling = continuing(
            torch.from_numpy(clip[:kept]).to(device), _sampling(request, None), loaded
        )
        if sampling is None:
            return None
        requests.append(PictureRequest(number, labels.astype(np.float32) * 2 - 1, sampling))
    clips = draw(
        loaded.model, requests, request.seed, device=device, workers=request.workers or cores()
    )
    return {"kept": kept, "clips": len(true), **continuation(true, np.stack(list(clips)), kept)}


def _sampling(request: EvaluateRequest, steps: int | None) -> SamplingParams:
    return SamplingParams(
        steps=steps,
        sampler=request.sampler,
        guidance=request.guidance,
        temperature=request.temperature,
    )


def _tracked(console: Console, items: Iterable[U8], total: int, what: str) -> Iterable[U8]:
    if not console.is_terminal or console.quiet:
        return items
    from rich.progress import track

    return track(items, total=total, description=what, console=console, transient=True)


def _speaker(console: Console) -> Callable[[str], None]:
    """Tells what takes time, on a terminal only."""
    return console.print if console.is_terminal else lambda text: None


def _block(pixels: U8) -> U8:
    """A contact sheet of fixed width, frames side by side."""
    n, T, H, W = pixels.shape
    return contact_sheet(pixels.swapaxes(1, 2).reshape(n, H, T * W), COLUMNS)


def _about_model(card: Card) -> dict[str, Any]:
    training = {key: card.training.get(key) for key in ("stage", "step", "finished")}
    return {"table": dict(card.model), "trained_on": card.fingerprint, **training}


def _about_dataset(dataset: Dataset | None, card: Card) -> dict[str, Any] | None:
    if dataset is None:
        return None
    return {
        "fingerprint": dataset.fingerprint,
        "trained_on": dataset.fingerprint == card.fingerprint,
        "train": len(dataset.train),
        "held_out": len(dataset.held_out),
    }


def _asked(request: EvaluateRequest, loaded: Loaded, turns: NDArray[np.intp]) -> dict[str, Any]:
    names = ", ".join(loaded.card.label_names[turn] for turn in turns)
    every = f"{names if request.labels else 'one each'}, in turn"
    return {
        "samples": request.count,
        "seed": request.seed,
        "labels": every if loaded.model.steerable else "none",
        "sampler": _used(loaded.card, "sampler", request.sampler),
        "guidance": _used(loaded.card, "guidance", request.guidance),
        "temperature": _used(loaded.card, "temperature", request.temperature),
    }


def _used(card: Card, key: str, asked: Any) -> Any:
    """What was asked for, else what the model's table sets; None if neither says."""
    return card.model.get(key) if asked is None else asked
