"""Training as a library: a run folder, and a generator of reports that fills it.

It prints nothing, handles no signals and leaves torch's settings as they were; what is shown and
how a training is stopped is the caller's.
"""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from pxgen.checkpoint.card import Card, checkpoint_file
from pxgen.checkpoint.model_card import MODEL_CARD, model_card
from pxgen.checkpoint.provenance import MIN_EXAMPLES, TERMS, Provenance
from pxgen.checkpoint.runs import METRICS, PREVIEW, TABLE, Metrics, shipped
from pxgen.checkpoint.store import PALETTES, load_tensors, load_weights, prefixed, save_checkpoint
from pxgen.config.settings import TrainSettings
from pxgen.data.dataset import Dataset, open_dataset, subsample
from pxgen.devices import pick_device
from pxgen.errors import InputError, in_keywords
from pxgen.evaluation.quick_eval import QuickEval
from pxgen.files import write_text
from pxgen.models.protocol import Model, Stage
from pxgen.models.registry import build_model
from pxgen.noise import seeded_weights
from pxgen.training.carry_over import carry_over
from pxgen.training.distributed import ProcessGroup, joined_group
from pxgen.training.model_table import model_table
from pxgen.training.preview import draw_preview, write_preview
from pxgen.training.report import Report
from pxgen.training.run import (
    TrainRequest,
    as_begun,
    asks_for_more,
    changes,
    claimed_folder,
    position_of,
    resumed_card,
    with_budget,
)
from pxgen.training.snapshots import clear_snapshots, keep_snapshot
from pxgen.training.trainer import Trainer
from pxgen.training.warm_start import open_warm_start

LONG_PREVIEW, PREVIEW_INTERVAL = 3.0, 12
"""Seconds from which on a preview is long; the next one then waits so many times as long."""
HELD_OUT = "held_out_"
"""What figures of held-out sprites begin with in metrics."""
MAX_PALETTES = 4096
"""Palettes of training sprites that a checkpoint holds at most."""


def reports(request: TrainRequest) -> Generator[Report, None, None]:
    """Train every stage of a model: a generator of one report a step.

    Checkpoint, ``metrics.jsonl`` and ``preview.png`` are written to the run folder on the way. The
    last report is ``finished`` and names the checkpoint; a run that was finished already gives that
    report alone. Closing the generator early (leaving the loop with ``break``, say) saves a
    checkpoint that the same request goes on from; so does a KeyboardInterrupt thrown into it
    between two steps. One that comes inside a step ends the training as it was last saved.

    May run in any thread; one thread should make all of its steps. On a CPU that thread computes
    with one thread inside operations and flushes denormals while a step is made, and has its own
    settings while the caller holds a report. torch's random state stays as it is.

    Raises:
        UsageError: the device is not there, or no recipe has that name.
        InputError: the dataset, the model's table or the run to resume is rejected.
        PxgenError: the run folder cannot be written, or the training diverged.
    """
    with in_keywords(), open_training(request) as training:
        yield from training.reports()


@contextmanager
def open_training(request: TrainRequest) -> Iterator[Training]:
    """The training that was asked for, at its beginning or where its run stopped.

    Its folder is locked for the block. Under ``torchrun`` the block is a process group's.

    Raises:
        UsageError, InputError, PxgenError: see :func:`reports`.
    """
    with joined_group(pick_device(request.device)) as (group, device):
        given = request.dataset
        dataset = given if isinstance(given, Dataset) else open_dataset(given)
        if not len(dataset.train):
            raise InputError(f"{dataset.location} has no training sprites: prepare more of them")
        table = model_table(request, dataset)
        card = Card(
            model=dict(table),
            canvas=dataset.canvas,
            palette=dataset.palette,
            label_names=dataset.label_names,
            fingerprint=dataset.fingerprint,
            anchor="center" if dataset.info.get("anchor") == "center" else "bottom",
            frame_names=dataset.frame_names,
            provenance=_provenance(dataset),
        )
        settings = with_budget(request.settings)
        request = dataclasses.replace(request, settings=settings)
        with claimed_folder(request, card, group) as folder:
            # Only now: a run that has just ended may have gone on since the folder was chosen.
            resumed = resumed_card(request, folder, card)
            if resumed is not None:
                settings = as_begun(resumed, settings)
            with seeded_weights(settings.seed):
                model = build_model(table, dataset.domain)
            warm_start = None
            if request.start is not None:
                # Also of a run that goes on: each stage starts when its turn comes.
                warm_start = open_warm_start(shipped(request.start), model, card)
            trainer = Trainer(model, dataset, settings, device, group, warm_start)
            if settings.augment == "auto":
                # What the dataset decided stays so for a run, whatever is added to it.
                settings = dataclasses.replace(
                    settings, augment="yes" if trainer.augmented else "no"
                )
            dataset = trainer.dataset
            if not len(dataset.train):
                raise InputError(
                    f"every sprite of {dataset.location} lacks frames, which {table['family']} "
                    "cannot learn from: take a diffusion, or --take frames that all have"
                )
            start = None if request.start is None else str(request.start)
            training = Training(folder, card, model, dataset, settings, trainer, group, start)
            if resumed is not None:
                training.resume(resumed)
            yield training


def _provenance(dataset: Dataset) -> Provenance:
    """What a dataset tells of its sprites."""
    info, counts = dataset.info, dataset.marks[dataset.train].sum(0).tolist()
    named = zip(dataset.label_names, counts, strict=True)
    sources = info.get("sources")
    return Provenance.read(
        {name: info[name] for name in TERMS if info.get(name)}
        | {"sources": sources if isinstance(sources, list) else []}
        | {"sprites": len(dataset.train), "held_out": len(dataset.held_out)}
        | {"rare": {name: count for name, count in named if count < MIN_EXAMPLES}}
    )


@dataclass
class Training:
    """One training and its run folder."""

    folder: Path
    card: Card
    model: Model
    dataset: Dataset
    settings: TrainSettings
    trainer: Trainer
    group: ProcessGroup
    start: str | None
    """The model whose weights it started from."""
    resumed: bool = False
    """True if it continues the run that its folder held."""
    changed: Sequence[str] = ()
    """What is not as it was in that run."""
    matched: str = ""
    """How many labels and colours that run knows, if it goes on with another dataset."""
    finished: bool = False
    """True once it has come to its end, now or in an earlier call."""

    def __post_init__(self) -> None:
        self.metrics = Metrics(self.folder / METRICS)
        self._quick_eval: QuickEval | None = None
        self._saved = time.monotonic()
        self._saved_before = False
        self._looked, self._looking = 0.0, 0.0
        """Time of the last preview's end, and the seconds that it took."""

    @property
    def stage(self) -> Stage:
        """The stage in training."""
        stages = self.model.stages()
        return stages[min(self.trainer.position.stage, len(stages) - 1)]

    @property
    def checkpoint(self) -> Path:
        """The checkpoint's path; it is there once a report has named it."""
        return checkpoint_file(self.folder)

    def resume(self, found: Card) -> None:
        """Continue from the folder's checkpoint, whose card is ``found``.

        Raises:
            InputError: the checkpoint does not say or hold what resuming needs.
        """
        position = position_of(found, self.checkpoint)
        self.changed = changes(found, self.card, self.settings)
        if found.training.get("finished"):
            changed = bool(self.changed)
            if not asks_for_more(self.settings, found, position, changed=changed):
                if changed:
                    raise InputError(
                        f"{self.folder} has spent its budget, with another {self.changed[0]}: "
                        "ask for more --steps or --minutes to go on, choose another -o, or "
                        "replace the run with --fresh"
                    )
                self.trainer.position, self.finished = position, True
                return
            position = dataclasses.replace(position, stale=0, turn=None)
        tensors = load_tensors(self.checkpoint)
        anew = found.fingerprint != self.card.fingerprint
        try:
            if anew:
                # Held-out sprites are others now, with bits of their own.
                position = dataclasses.replace(position, best=None, stale=0, turn=None)
                tensors, self.matched = carry_over(
                    self.checkpoint, tensors, self.card, self.model, position.stage
                )
            load_weights(self.model, tensors, self.checkpoint)
            self.trainer.restore(position, tensors, relearn=anew)
        except (IndexError, KeyError, RuntimeError) as error:
            raise InputError(
                f"{self.checkpoint} cannot be resumed, it lacks {error}: train --fresh"
            ) from error
        self.metrics = Metrics.until(self.folder / METRICS, position.stage, position.step)
        self.resumed = self._saved_before = True

    def reports(self) -> Generator[Report, None, None]:
        """Train to the end; log, save and preview on the way (see :func:`reports`)."""
        if self.finished:
            yield self._last_report()
            return
        self._write_table()
        self._saved = time.monotonic()
        for step in self.trainer.run():
            report = self._recorded(step)
            try:
                with self.trainer.paused():
                    yield report
            except (GeneratorExit, KeyboardInterrupt):
                if report.checkpoint is None and not self.trainer.relearning:
                    self._save(finished=False)
                raise
        if not self.finished:
            # The budget was spent before the first step: a smaller one than the run has had.
            self._save(finished=True)
            self.finished = True
            yield self._last_report()

    def _last_report(self) -> Report:
        position = self.trainer.position
        return Report(
            self.stage.name, position, 1.0, {}, 0.0, None, True, checkpoint=self.checkpoint
        )

    def _recorded(self, report: Report) -> Report:
        """Log a report, and save and preview where it is time to; the report says what was done."""
        if self.trainer.relearning:
            # What was saved before stands until the run goes on where it was.
            return report
        if report.logged:
            self.metrics.lines.append(report.line())
        if report.finished or time.monotonic() - self._saved >= self.settings.save_every:
            saved = self._save(finished=report.finished)
            report = dataclasses.replace(report, checkpoint=saved)
            self._saved = time.monotonic()
        if report.finished or (report.held_out is not None and self._may_preview()):
            # Only now: what goes wrong here must not cost what was learnt.
            report = self._previewed(report)
        self.finished = report.finished
        return report

    def _save(self, *, finished: bool) -> Path | None:
        """Write checkpoint and metrics; the main process does it for all."""
        if not self.group.is_main:
            return None
        training = asdict(self.trainer.position) | {
            "settings": asdict(self.settings),
            "finished": finished,
            "start": self.start,
        }
        # A card is JSON, which has finite numbers alone.
        figures = {k: v for k, v in self.held_out_figures().items() if math.isfinite(v)}
        provenance = dataclasses.replace(self.card.provenance, figures=figures)
        card = dataclasses.replace(self.card, training=training, provenance=provenance)
        if finished and (temperature := self.trainer.temperature()) is not None:
            card = dataclasses.replace(card, model={**card.model, "temperature": temperature})
        self.metrics.write()
        tensors = {**self.trainer.snapshot(), **self._palettes()}
        saved = save_checkpoint(self.checkpoint, card, tensors)
        self._keep_snapshot(card, tensors)
        write_text(self.folder / MODEL_CARD, model_card(card, saved))
        return saved

    def _keep_snapshot(self, card: Card, tensors: Mapping[str, Tensor]) -> None:
        if not self._saved_before:
            clear_snapshots(self.folder)
        self._saved_before = True
        if count := self.settings.keep_snapshots:
            keep_snapshot(self.folder, self.stage.name, card, tensors, count)

    def held_out_figures(self) -> dict[str, float]:
        """Means over held-out sprites: the last of the stage, or of the weights that are kept."""
        lines = [line for line in self.metrics.lines if line["stage"] == self.stage.name]
        named = [
            {k.removeprefix(HELD_OUT): v for k, v in line.items() if k.startswith(HELD_OUT)}
            for line in lines
        ]
        figures: dict[str, float] = next((each for each in reversed(named) if each), {})
        best = self.trainer.position.best
        if self.stage.patience is not None and best is not None:
            figures["bits"] = best
        return figures

    def _palettes(self) -> dict[str, Tensor]:
        """The palettes that new sprites are drawn in, where each sprite has its own."""
        data = self.dataset
        if data.palettes is None:
            return {}
        kept = subsample(data.train, MAX_PALETTES)
        rows, marks = data.palettes[kept], data.take(kept)[1]
        parts = {"rows": torch.from_numpy(rows), "labels": torch.from_numpy(marks)}
        return prefixed(parts, PALETTES)

    def _may_preview(self) -> bool:
        """Not so soon again where drawing takes long: the time is the training's."""
        waited = time.monotonic() - self._looked
        return self._looking < LONG_PREVIEW or waited >= PREVIEW_INTERVAL * self._looking

    def _previewed(self, report: Report) -> Report:
        """Draw a sheet and evaluate it quickly; the main process does it for all."""
        if not self.group.is_main:
            return report
        began = time.monotonic()
        with self.trainer.averaged():
            drawn = draw_preview(self.model, self.card, self.trainer.device)
        preview = write_preview(self.folder / PREVIEW, drawn, self.card)
        if self._quick_eval is None:
            steers, seed = self.model.steerable, self.settings.seed
            self._quick_eval = QuickEval(
                self.dataset.complete(), self.card, steerable=steers, seed=seed
            )
        report = dataclasses.replace(report, preview=preview, quality=self._quick_eval.of(drawn))
        self.metrics.lines[-1] = report.line()
        if report.finished:
            self.metrics.write()
        self._looked = time.monotonic()
        self._looking = self._looked - began
        return report

    def _write_table(self) -> None:
        if not self.group.is_main:
            return
        tables = {"model": self.card.model, "train": asdict(self.settings)}
        text = "".join(
            f"[{name}]\n"
            + "".join(f"{k} = {json.dumps(v)}\n" for k, v in table.items() if v is not None)
            + "\n"
            for name, table in tables.items()
        )
        write_text(self.folder / TABLE, text)
