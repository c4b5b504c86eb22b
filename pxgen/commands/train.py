"""``train``: a dataset becomes a model, in a run folder that can be gone on with."""

from __future__ import annotations

import dataclasses
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from pxgen.checkpoint.card import Card, checkpoint_file
from pxgen.checkpoint.runs import METRICS, PREVIEW, TABLE, Metrics
from pxgen.checkpoint.store import PALETTES, load_tensors, load_weights, prefixed, save_checkpoint
from pxgen.config.recipe import resolve
from pxgen.config.schema import Table
from pxgen.config.settings import TrainSettings
from pxgen.data.dataset import Dataset, open_dataset, subsample
from pxgen.devices import pick_device
from pxgen.errors import InputError
from pxgen.evaluate.quick_eval import QuickEval
from pxgen.files import write_text
from pxgen.models.protocol import Model
from pxgen.models.registry import build_model, read_spec
from pxgen.noise import seed_weights
from pxgen.training.distributed import SingleProcess, joined_group
from pxgen.training.preview import draw_preview, write_preview
from pxgen.training.progress import loss_curve, polite_end, progress_of, shown
from pxgen.training.run import (
    TrainRequest,
    asks_for_more,
    claimed_folder,
    position_of,
    resumed_card,
    with_budget,
)
from pxgen.training.tracking import Silent, Tracker, tracker
from pxgen.training.trainer import (
    MAX_INIT_PIXELS,
    MAX_INIT_SPRITES,
    Position,
    Report,
    Trainer,
)

if TYPE_CHECKING:
    from rich.console import Console

LONG_LOOK, LOOK_INTERVAL = 3.0, 12
"""Seconds from which on a look is long; the next one then waits so many times as long."""
MAX_PALETTES = 4096
"""Palettes of training sprites that a checkpoint holds at most."""


def train(request: TrainRequest, console: Console) -> Path | None:
    """Train every stage and return the checkpoint's path; None in processes that only help.

    Raises:
        InputError: the dataset, the model's table or the run to resume is rejected.
        PxgenError: the run folder cannot be written.
    """
    with joined_group(pick_device(request.device)) as (group, device):
        console.quiet = console.quiet or not group.is_main
        file = _train(request, console, group, device)
        return file if group.is_main else None


def _train(
    request: TrainRequest, console: Console, group: SingleProcess, device: torch.device
) -> Path:
    dataset = open_dataset(request.dataset)
    if not len(dataset.train):
        raise InputError(f"{request.dataset} has no training sprites: prepare more of them")
    table = suited_table(resolve(request.model_table, request.recipe), dataset)
    settings = with_budget(request.settings)
    card = Card(
        model=dict(table),
        canvas=dataset.canvas,
        palette=dataset.palette,
        label_names=dataset.label_names,
        fingerprint=dataset.fingerprint,
        anchor="center" if dataset.info.get("anchor") == "center" else "bottom",
    )
    with claimed_folder(request, card, group) as folder:
        # Only now: a run that has just ended may have gone on since the folder was chosen.
        resumed = resumed_card(request, folder, card)
        seed_weights(settings.seed)
        model = build_model(table, dataset.domain)
        trainer = Trainer(model, dataset, settings, device, group)
        run = _Run(folder, card, model, dataset, settings, trainer, group)
        if resumed is not None:
            position = position_of(resumed, checkpoint_file(folder))
            if resumed.training.get("finished"):
                if not asks_for_more(settings, resumed, position):
                    return checkpoint_file(folder)
                position = dataclasses.replace(position, stale=0, turn=None)
            run.restore(position)
            console.print(f"resuming {folder} at {run.place()}")
        run.train(console)
    return checkpoint_file(folder)


def suited_table(table: Table, dataset: Dataset) -> Table:
    """A whole ``[model]`` table with what it leaves open chosen by the training sprites.

    Raises:
        InputError: an unknown family or key, or a value out of range, with its address.
    """
    count = max(1, min(MAX_INIT_SPRITES, MAX_INIT_PIXELS // dataset.canvas.pixels))
    pixels = torch.from_numpy(dataset.take(subsample(dataset.train, count))[0])
    return Table(asdict(read_spec(table).suited(pixels)), table.where)


@dataclass
class _Run:
    """One training and its folder."""

    folder: Path
    card: Card
    model: Model
    dataset: Dataset
    settings: TrainSettings
    trainer: Trainer
    group: SingleProcess

    def __post_init__(self) -> None:
        self.metrics = Metrics(self.folder / METRICS)
        self._tracker: Tracker = Silent()
        self._quick_eval: QuickEval | None = None
        self._looked, self._looking = 0.0, 0.0
        """When the last look ended, and the seconds that it took."""

    def place(self) -> str:
        """Where the training stands."""
        stages, position = self.model.stages(), self.trainer.position
        stage = stages[min(position.stage, len(stages) - 1)].name
        return f"step {position.step} of the {stage}"

    def restore(self, position: Position) -> None:
        """Take up the folder's snapshot, made at ``position``."""
        file = checkpoint_file(self.folder)
        tensors = load_tensors(file)
        load_weights(self.model, tensors, file)
        try:
            self.trainer.restore(position, tensors)
        except (IndexError, KeyError, RuntimeError) as error:
            raise InputError(
                f"{file} cannot be resumed, it lacks {error}: train --fresh"
            ) from error
        self.metrics = Metrics.until(self.folder / METRICS, position.stage, position.step)

    def train(self, console: Console) -> None:
        """Run the loop: log, show, save."""
        if self.group.is_main:
            self._write_table()
        track = self.settings.track if self.group.is_main else "none"
        self._tracker = tracker(track, self.folder, self._parameters(), console.print)
        finished = False
        try:
            finished = self._loop(console)
            if not finished:
                # The budget was spent before the first step: a smaller one than the run has had.
                self.save(finished=True)
                finished = True
            for name in (METRICS, TABLE, checkpoint_file(self.folder).name):
                self._tracker.file(self.folder / name)
        finally:
            self._tracker.end(finished=finished)
        self._say_end(console)

    def _loop(self, console: Console) -> bool:
        """Whether the last stage came to its end."""
        saved, finished = time.monotonic(), False
        with progress_of(console) as show, polite_end(console) as stopping:
            for report in self.trainer.run():
                self._log(report)
                show(report)
                finished = report.finished
                stop = self.group.any(here=stopping()) and not report.finished
                due = time.monotonic() - saved >= self.settings.save_every
                if report.finished or due or stop:
                    self.save(finished=report.finished)
                    saved = time.monotonic()
                if report.finished or (report.held_out is not None and self._may_look()):
                    # Only now: what goes wrong here must not cost what was learnt.
                    self._look(report)
                if stop:
                    console.print(
                        f"stopped at {self.place()}; the same command goes on from {self.folder}"
                    )
                    raise KeyboardInterrupt
        return finished

    def _say_end(self, console: Console) -> None:
        last = self.metrics.lines[-1] if self.metrics.lines else {}
        held_out = {n.removeprefix("held_out_"): v for n, v in last.items() if "held_out" in n}
        stage, best = self.model.stages()[self.trainer.position.stage], self.trainer.position.best
        if stage.patience is not None and best is not None:
            # Its best weights are what is left.
            held_out["bits"] = best
        figures = f", held-out {shown(held_out)}" if shown(held_out) else ""
        if curve := loss_curve(self.metrics.lines):
            console.print(f"loss {curve}")
        position = self.trainer.position
        if position.turn is not None:
            console.print(
                "held-out sprites came to cost more: an early end, decided at step "
                f"{position.turn}, before all {len(self.dataset.train)} others were learnt by heart"
            )
        console.print(f"{position.step} steps{figures}; preview: {self.folder / PREVIEW}")

    def save(self, *, finished: bool) -> None:
        """Write checkpoint and metrics; one process does it for all."""
        if not self.group.is_main:
            return
        training = asdict(self.trainer.position) | {
            "settings": asdict(self.settings),
            "finished": finished,
        }
        card = dataclasses.replace(self.card, training=training)
        self.metrics.write()
        tensors = {**self.trainer.snapshot(), **self._palettes()}
        save_checkpoint(checkpoint_file(self.folder), card, tensors)

    def _palettes(self) -> dict[str, torch.Tensor]:
        """The palettes that new sprites are drawn in, where each sprite has its own."""
        data = self.dataset
        if data.palettes is None:
            return {}
        kept = subsample(data.train, MAX_PALETTES)
        rows, labels = data.palettes[kept], data.take(kept)[1]
        parts = {"rows": torch.from_numpy(rows), "labels": torch.from_numpy(labels)}
        return prefixed(parts, PALETTES)

    def _log(self, report: Report) -> None:
        # Every step of a short run, and a readable number of lines of a long one.
        if report.held_out is None and report.position.step % 10 and not report.finished:
            return
        line = {
            "stage": report.stage,
            "stage_index": report.position.stage,
            "step": report.position.step,
            "seconds": round(report.position.seconds, 3),
            "cpu_seconds": round(report.position.cpu_seconds, 3),
            "lr": report.lr,
            **report.losses,
        }
        held_out = {f"held_out_{name}": v for name, v in (report.held_out or {}).items()}
        self.metrics.lines.append(line | held_out)
        self._tracker.figures(
            report.stage, report.position.step, {"lr": report.lr, **report.losses, **held_out}
        )

    def _may_look(self) -> bool:
        """Not so soon again where drawing takes long: the time is the training's."""
        waited = time.monotonic() - self._looked
        return self._looking < LONG_LOOK or waited >= LOOK_INTERVAL * self._looking

    def _look(self, report: Report) -> None:
        """Draw a sheet, and take a glance at its quality."""
        if not self.group.is_main:
            return
        began = time.monotonic()
        with self.trainer.averaged():
            drawn = draw_preview(self.model, self.card, self.trainer.device)
        self._tracker.file(write_preview(self.folder / PREVIEW, drawn, self.card))
        if self._quick_eval is None:
            steers, seed = self.model.steerable, self.settings.seed
            self._quick_eval = QuickEval(self.dataset, self.card, steerable=steers, seed=seed)
        seen = {f"quality_{name}": value for name, value in self._quick_eval.of(drawn).items()}
        self.metrics.lines[-1] = {**self.metrics.lines[-1], **seen}
        self._tracker.figures(report.stage, report.position.step, seen)
        if report.finished:
            self.metrics.write()
        self._looked = time.monotonic()
        self._looking = self._looked - began

    def _parameters(self) -> dict[str, Any]:
        tables = {"model": self.card.model, "train": asdict(self.settings)}
        flat = {f"{name}.{k}": v for name, table in tables.items() for k, v in table.items()}
        return flat | {
            "dataset.fingerprint": self.card.fingerprint,
            "dataset.training_sprites": len(self.dataset.train),
            "dataset.held_out_sprites": len(self.dataset.held_out),
            "dataset.labels": len(self.card.label_names),
            "dataset.colors": len(self.card.palette),
        }

    def _write_table(self) -> None:
        tables = {"model": self.card.model, "train": asdict(self.settings)}
        text = "".join(
            f"[{name}]\n"
            + "".join(f"{k} = {json.dumps(v)}\n" for k, v in table.items() if v is not None)
            + "\n"
            for name, table in tables.items()
        )
        write_text(self.folder / TABLE, text)
