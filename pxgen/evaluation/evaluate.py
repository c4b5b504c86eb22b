"""Evaluation: measures of what a model draws, and of what it knows of held-out sprites."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import F32, IndexMaps
from pxgen.builtin import certify
from pxgen.checkpoint.card import Card
from pxgen.checkpoint.runs import told
from pxgen.checkpoint.store import Loaded
from pxgen.choices import choose
from pxgen.config.requests import EvaluateSettings
from pxgen.config.sample_settings import SamplerSettings, SampleSettings
from pxgen.config.schema import values_of
from pxgen.data.dataset import Dataset, subsample
from pxgen.data.labels import parse_labels
from pxgen.data.neighbours import SpriteIndex
from pxgen.devices import cores
from pxgen.errors import InputError, Remark, UsageError, unsaid
from pxgen.evaluation.adherence import Adherence
from pxgen.evaluation.bits import held_out_bits
from pxgen.evaluation.choosing import Known, choice_page, nearest_real
from pxgen.evaluation.copies import Copies
from pxgen.evaluation.craft import Craft
from pxgen.evaluation.distribution import Distribution
from pxgen.evaluation.figures import Figures
from pxgen.evaluation.labels import Labels
from pxgen.evaluation.legality import Legality, builtin_cast
from pxgen.evaluation.measure import Drawn, Measure, Row, one_label
from pxgen.evaluation.motion import Motion, continuation
from pxgen.evaluation.opinion import Opinion, certified, judged
from pxgen.evaluation.rest import Task, exact_by_view, guesses, rest_figures, tasks
from pxgen.models.protocol import SamplingParams
from pxgen.render.outputs import CLIP, STILL, Series
from pxgen.render.page import Page
from pxgen.render.png import encode_png
from pxgen.render.scale import enlarge
from pxgen.render.sheet import contact_sheet, strips
from pxgen.sampling.edits import completing
from pxgen.sampling.engine import PictureRequest, draw_pictures
from pxgen.sampling.manifest import manifest_line, record
from pxgen.sampling.model_choice import check_sampling
from pxgen.sampling.results import Picture
from pxgen.sampling.samples import picture_palette

ASKED_STREAM = 1 << 35
"""The stream that chooses which labels are asked for."""
MAX_SHOWN = 96
"""Sprites of each number of steps that the sheet shows, at most."""
COLUMNS = 16
SCALE = 3
CLIP_MS = 100.0
"""Milliseconds of each frame of a clip."""

Watch = Callable[[Iterable[IndexMaps], int, str], Iterable[IndexMaps]]
"""``(pictures, how many, what is done)`` to the same pictures, seen as they come."""


@dataclass(frozen=True)
class Evaluation:
    """The measured figures, and pictures of what was drawn."""

    facts: dict[str, Any]
    """Plain JSON values: ``model``, ``dataset``, ``asked``, ``held_out_bits``, ``references`` and
    ``runs``, the figures of each measure for each number of steps."""
    rows: tuple[tuple[str, tuple[Row, ...]], ...]
    """What a report shows of each measure, by its name."""
    sheet: bytes
    """A PNG of drawn sprites, one block for each number of steps."""
    page: Callable[[], Page]
    """The sprites of the first run, to look at and to choose from."""

    @property
    def runs(self) -> tuple[Figures, ...]:
        """The figures for each number of steps."""
        bits = self.facts["held_out_bits"]
        return tuple(Figures.of(run, bits) for run in self.facts["runs"])

    @property
    def figures(self) -> Figures:
        """The figures for the first number of steps, or the only one."""
        return self.runs[0]


def unwatched(pictures: Iterable[IndexMaps], count: int, what: str) -> Iterable[IndexMaps]:
    """The pictures as they come."""
    return pictures


def evaluate(
    loaded: Loaded,
    dataset: Dataset | None,
    settings: EvaluateSettings,
    *,
    say: Remark = unsaid,
    watch: Watch = unwatched,
) -> Evaluation:
    """Measure everything that the model and the data allow.

    Args:
        loaded: the model, on the device where it shall compute.
        dataset: real sprites to compare with, of the model's canvas, palette and labels. Without
            any, what needs no real sprites is measured.
        settings: what to draw.
        say: takes a line before each part that takes long.
        watch: sees the pictures as they are drawn.

    Raises:
        UsageError: an unknown sampler or label, or an option that the model does not take.
        InputError: the dataset does not fit the model.
    """
    for steps in settings.steps or (None,):
        check_sampling(_sampling(settings, steps), loaded.model)
    chosen = _chosen(settings, loaded)
    if dataset is not None:
        _check_fit(dataset, loaded)
    asked = _asked(settings, loaded, dataset, chosen)
    return _Evaluator(loaded, dataset, settings, asked, say, watch).evaluation()


def _sampling(settings: EvaluateSettings, steps: int | None) -> SamplingParams:
    """The parameters of drawing in so many steps."""
    return SamplingParams(steps=steps, **values_of(settings, SamplerSettings))


def _asked(
    settings: EvaluateSettings,
    loaded: Loaded,
    dataset: Dataset | None,
    chosen: NDArray[np.intp],
) -> NDArray[np.intp]:
    """``(n,)`` number of the one label that each sprite is asked to show, -1 where none is."""
    count, names = settings.count, loaded.card.label_names
    if not (names and loaded.model.steerable):
        return np.full(count, -1, np.intp)
    if len(chosen) or dataset is None or settings.ask == "evenly":
        return np.resize(chosen if len(chosen) else np.arange(len(names)), count)
    # One label of a random training sprite each, so that rare labels are rare.
    luck = choose(settings.seed, ASKED_STREAM)
    marks = dataset.marks[dataset.train[luck.integers(len(dataset.train), size=count)]]
    order = np.where(marks > 0, luck.random(marks.shape), -1.0)
    return np.where(marks.any(1), order.argmax(1), -1)


def _chosen(settings: EvaluateSettings, loaded: Loaded) -> NDArray[np.intp]:
    """The labels that were chosen to be asked for in turn.

    Raises:
        UsageError: an unknown label, one with a weight, or a model that cannot be asked.
    """
    names = loaded.card.label_names
    if settings.label and not loaded.model.steerable:
        raise UsageError(f"labels cannot steer {loaded.path}: leave --label out")
    vectors = [parse_labels([text], names, told(loaded.path)) for text in settings.label]
    if any(vector.max(initial=0) != 1 for vector in vectors):
        raise UsageError("evaluate asks for one label a sprite: name labels without weights")
    return np.array([int(vector.argmax()) for vector in vectors], np.intp)


def _check_fit(dataset: Dataset, loaded: Loaded) -> None:
    card, named = loaded.card, dataset.location
    for what, theirs, own in (
        ("canvas (frames, height, width)", tuple(dataset.canvas), tuple(card.canvas)),
        ("palette", dataset.palette, card.palette),
        ("label vocabulary", dataset.label_names, card.label_names),
    ):
        if theirs != own:
            raise InputError(
                f"{named} has another {what} than {loaded.path}: judge the model by the dataset "
                "that it was trained on, or one prepared alike"
            )
    if not len(dataset.train):
        raise InputError(f"{named} has no training sprites to compare with: prepare more of them")


@dataclass(frozen=True)
class _Evaluator:
    """A model and everything that measuring it needs."""

    loaded: Loaded
    dataset: Dataset | None
    settings: EvaluateSettings
    labels: NDArray[np.intp]
    """``(n,)`` number of the label that each sprite is asked for, -1 where none is."""
    say: Remark
    watch: Watch

    @property
    def workers(self) -> int:
        return self.settings.workers or cores()

    @property
    def natural(self) -> bool:
        """Whether labels are asked for as often as training sprites bear them, or none at all."""
        asks = self.loaded.model.steerable and len(self.loaded.card.label_names) > 0
        chosen = self.settings.label or self.settings.ask == "evenly" or self.dataset is None
        return not (asks and chosen)

    def evaluation(self) -> Evaluation:
        card, bits = self.loaded.card, self.bits()
        self.say("learning to judge")
        measures = self.measures()
        runs, blocks = [], []
        pages = []
        for steps in self.settings.steps or (None,):
            drawn = self.draw_asked(steps)
            self.say("judging")
            runs.append({"steps": _used(card, "steps", steps)})
            runs[-1] |= {measure.name: measure.of(drawn) for measure in measures}
            blocks.append(contact_sheet(strips(drawn.pixels[:MAX_SHOWN]), COLUMNS))
            pages.append(partial(self.page, drawn, steps, measures))
        facts = {
            "rest": self.rest(),
            "model": _about_model(self.loaded),
            "dataset": _about_dataset(self.dataset, card),
            "asked": self.asked(),
            "held_out_bits": bits,
            "references": {measure.name: measure.reference() for measure in measures},
            "runs": runs,
        }
        rows = tuple((measure.name, measure.rows) for measure in measures)
        sheet = encode_png(enlarge(np.concatenate(blocks), SCALE), card.palette)
        return Evaluation(facts, rows, sheet, pages[0])

    def bits(self) -> dict[str, Any] | None:
        """The held-out bound, of models that have one."""
        model, dataset = self.loaded.model, self.dataset
        has_bits = any(stage.counts_in_bits for stage in model.stages())
        if not has_bits or dataset is None or not len(dataset.held_out):
            return None
        self.say("reading held-out sprites")
        seed, device = self.settings.seed, self.loaded.device
        return held_out_bits(model, dataset, seed=seed, device=device, workers=self.workers)

    def measures(self) -> list[Measure]:
        """Every measure that this model, these data and what is asked for allow."""
        card, dataset, seed = self.loaded.card, self.dataset, self.settings.seed
        measures: list[Measure] = [Adherence(card.palette)]
        cast = builtin_cast(card)
        if cast is not None:
            known = None if dataset is None else SpriteIndex(dataset, dataset.train)
            measures.append(Legality(known, cast))
        if dataset is not None:
            # Classifiers would learn for minutes what the certifier knows.
            if self.loaded.model.steerable and cast is None:
                measures.append(Labels(dataset, seed=seed, workers=self.workers))
            measures.append(Copies(dataset))
            # Sprites of a few labels are not meant to be like all others.
            if len(dataset.held_out) and not self.settings.label:
                measures.append(Distribution(dataset, seed=seed))
        measures.append(Craft(dataset))
        if card.canvas.frames > 1:
            measures.append(Motion(dataset))
        return measures

    def draw_asked(self, steps: int | None) -> Drawn:
        """The sprites, each asked for one label at most."""
        count, asked = self.settings.count, self.labels
        sampling = _sampling(self.settings, steps)
        labels = one_label(asked, len(self.loaded.card.label_names))
        requests = (PictureRequest(number, row, sampling) for number, row in enumerate(labels))
        what = f"drawing at {steps} steps" if steps else "drawing"
        return Drawn(np.stack(list(self.watch(self.pictures(requests), count, what))), asked)

    def pictures(self, requests: Iterable[PictureRequest]) -> Iterator[IndexMaps]:
        model, seed = self.loaded.model, self.settings.seed
        return draw_pictures(model, requests, seed, device=self.loaded.device, workers=self.workers)

    def page(self, drawn: Drawn, steps: int | None, measures: Sequence[Measure]) -> Page:
        """The sprites drawn in so many steps."""
        loaded, dataset, settings = self.loaded, self.dataset, self.settings
        asked = one_label(drawn.asked, len(loaded.card.label_names))
        how = SampleSettings(
            seed=settings.seed, steps=steps, **values_of(settings, SamplerSettings)
        )
        recorded, suffix = record(how, loaded), STILL if drawn.pixels.shape[1] == 1 else CLIP
        lines, pictures = [], []
        for number, (maps, labels) in enumerate(zip(drawn.pixels, asked, strict=True)):
            names = tuple(loaded.card.label_names[k] for k in np.flatnonzero(labels))
            file = Series(replace(how, label=names), [number]).name(number) + suffix
            lines.append(manifest_line(file, number, None, replace(recorded, labels=names)))
            palette = picture_palette(loaded, maps, number, settings.seed, labels)
            pictures.append(Picture(number, maps, palette))
        known = Known(
            self.opinion(drawn.pixels, asked, measures),
            None if dataset is None else nearest_real(dataset, drawn.pixels),
            "name the training sprites with --dataset; the judge also needs labels",
        )
        return choice_page(loaded, pictures, lines, asked, known, CLIP_MS, settings.model)

    def opinion(self, pixels: IndexMaps, asked: F32, measures: Sequence[Measure]) -> Opinion | None:
        """The judge's, if labels are judged."""
        for measure in measures:
            if isinstance(measure, Legality):
                return certified(pixels, asked, measure.cast)
            if isinstance(measure, Labels):
                return judged(measure.scores(pixels), asked)
        return None

    def rest(self) -> dict[str, Any] | None:
        """How held-out sprites are completed, by what is given of them."""
        dataset, takes = self.dataset, self.loaded.model.takes
        if dataset is None or not len(dataset.held_out):
            return None
        # First frames are all that a model of prefixes goes on with.
        able = "mask" in takes or ("prefix" in takes and dataset.canvas.frames > 1)
        if not (able and self.settings.rest):
            return None
        self.say("drawing the rest of held-out sprites")
        rows = subsample(dataset.held_out, self.settings.rest)
        true, names = dataset.take(rows)[0], self.loaded.card.frame_names
        # A label that no pixel shows is open, not forbidden.
        labels = dataset.signs(rows).astype(np.float32)
        training = SpriteIndex(dataset, dataset.train)
        cast = builtin_cast(self.loaded.card)
        legal = None if cast is None else lambda clip: certify(clip, cast).legal
        found: dict[str, Any] = {}
        for task in tasks(dataset.canvas, names):
            known = int(task.frames.sum())
            if "mask" not in takes and not (task.frames[:known].all() and task.frames.any()):
                continue
            drawn = self.completed(true, labels, task)
            figures = rest_figures(task, true, drawn, dataset.group[rows], legal)
            figures["by_view"] = exact_by_view(task, names, true, drawn)
            for way, guess in guesses(task, names, true, training).items():
                figures[way] = rest_figures(task, true, guess, dataset.group[rows], None)["exact"]
            if task.frames[:known].all() and task.frames.any():
                figures["motion"] = continuation(true, drawn, known)
            found[task.name] = figures
        return {"sprites": len(true), "tasks": found}

    def completed(self, clips: IndexMaps, labels: NDArray[np.float32], task: Task) -> IndexMaps:
        """``(n, T, H, W)`` clips with ``(n, L)`` labels, all but what a task gives drawn."""
        # Each number of steps takes minutes: that of the main figures is enough.
        steps = next(iter(self.settings.steps), None)
        sampling, requests = _sampling(self.settings, steps), []
        for number, (clip, asked) in enumerate(zip(clips, labels, strict=True)):
            given = completing(clip, task.known, sampling, self.loaded)
            requests.append(PictureRequest(number, asked, given))
        drawn = self.watch(self.pictures(requests), len(clips), f"given {task.name}")
        return np.stack(list(drawn))

    def asked(self) -> dict[str, Any]:
        """The conditions of drawing, as JSON values."""
        card, settings = self.loaded.card, self.settings
        evenly = settings.ask == "evenly" or self.dataset is None
        how = "in turn" if evenly else "of random training sprites"
        named = f"{', '.join(settings.label)}, in turn" if settings.label else f"one each, {how}"
        return {
            "samples": settings.count,
            "seed": settings.seed,
            "labels": named if self.loaded.model.steerable else "none",
            "natural": self.natural,
        } | {
            name: _used(card, name, value)
            for name, value in values_of(settings, SamplerSettings).items()
        }


def _about_model(loaded: Loaded) -> dict[str, Any]:
    card = loaded.card
    training = {key: card.training.get(key) for key in ("stage", "step", "finished")}
    return {
        "table": dict(card.model),
        "trained_on": card.fingerprint,
        "local_palettes": loaded.palettes is not None,
        **training,
    }


def _about_dataset(dataset: Dataset | None, card: Card) -> dict[str, Any] | None:
    if dataset is None:
        return None
    return {
        "fingerprint": dataset.fingerprint,
        "trained_on": dataset.fingerprint == card.fingerprint,
        "train": len(dataset.train),
        "held_out": len(dataset.held_out),
    }


def _used(card: Card, key: str, asked: Any) -> Any:
    """The value asked for, else that of the model's table, else None."""
    return card.model.get(key) if asked is None else asked
