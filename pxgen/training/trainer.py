"""The training loop: a generator of reports over a model's stages.

The caller logs and saves; the loop draws batches, optimises and averages. All randomness of a step
is a function of (seed, step), so a run resumed from a snapshot ends with the same weights as one
that was never interrupted, on any number of CPU threads, as long as the budget is counted in steps.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pxgen.checkpoint.store import prefixed
from pxgen.config.settings import TrainSettings
from pxgen.data.batches import Examples, batch_of
from pxgen.data.dataset import Dataset, subsample
from pxgen.data.label_pairs import CHUNK, exclusive_pairs
from pxgen.errors import PxgenError
from pxgen.models.protocol import Batch, Model
from pxgen.models.temperature import TEMPERATURES, best_temperature
from pxgen.noise import BatchNoise, PictureNoise
from pxgen.training.code_cache import CodeCache
from pxgen.training.distributed import SINGLE_PROCESS, ProcessGroup
from pxgen.training.parallel import MicrobatchWorkers
from pxgen.training.report import Position, Report
from pxgen.training.schedule import Schedule, augments, batch_size
from pxgen.training.train_state import TrainState
from pxgen.training.warm_start import WarmStart

MAX_VALIDATION_SPRITES, MAX_VALIDATION_PIXELS = 256, 2**18
"""Held-out sprites that a validation reads at most, and their pixels: of clips it takes long."""
MAX_TEMPERATURE_SPRITES = 32
"""Held-out sprites by which a temperature is chosen, at most."""
VALIDATION_BATCH = 128
VALIDATION_SEED = -1
MAX_INIT_SPRITES, MAX_INIT_PIXELS = 4096, 2**24
"""Training sprites that a stage may look at before its first step, and their pixels at most."""
INIT_STEP = -1
MAX_FIT_SPRITES = 2**16
"""Training sprites that a stage fits its prior to at its end, at most."""
STAGE_SHIFT = 40
"""A stage's steps have streams of their own: its number stands above this bit of the key."""


class Trainer:
    """Trains every stage of a model on a dataset."""

    def __init__(
        self,
        model: Model,
        dataset: Dataset,
        settings: TrainSettings,
        device: torch.device,
        group: ProcessGroup = SINGLE_PROCESS,
        warm_start: WarmStart | None = None,
    ) -> None:
        self.warm_start = warm_start
        self._stages = model.stages()
        if not all(stage.takes_incomplete for stage in self._stages):
            dataset = dataset.complete()
        self.model, self.dataset, self.settings, self.device = model, dataset, settings, device
        self.position = Position()
        self._schedule = Schedule(self._stages, settings, len(dataset.train))
        model.module.to(device)
        self.augmented = augments(settings, self._stages, len(dataset.train))
        """Whether training sprites are changed, and the network told how."""
        self._examples = Examples(
            dataset,
            balance=settings.balance,
            flip=settings.flip,
            shift=settings.shift,
            augment=self.augmented,
        )
        bf16 = use_bf16(settings.precision, device, model.module)
        self._workers = MicrobatchWorkers(device, bf16=bf16, group=group)
        self._group = group
        self._clock = 0.0
        self.relearning = False
        """Whether an earlier stage learns a dataset that is new to a run."""
        self._code_cache: CodeCache | None = None
        self._state = self._enter(0)

    def run(self) -> Generator[Report, None, None]:
        """Train from the current position to the end of the last stage.

        The clock of a time budget runs while the caller holds a report, too.
        """
        self.model.exclude(self._exclusive)
        self._clock = time.perf_counter()
        with self._workers:
            if self.relearning:
                yield from self._relearn()
            while True:
                yield from self._run_stage()
                if self.position.stage == len(self._stages) - 1:
                    # A resumed run may find its budget spent before its first step.
                    self._state.load_best()
                    return
                self._next_stage()

    def paused(self) -> AbstractContextManager[None]:
        """Give the thread that runs the loop its own thread settings back for a block."""
        return self._workers.paused()

    def averaged(self) -> AbstractContextManager[None]:
        """Put the averaged weights into the model, in evaluation mode, for a block."""
        return self._state.averaged()

    def snapshot(self) -> dict[str, Tensor]:
        """Tensors that, with :attr:`position`, resume this training exactly."""
        with self.averaged():
            # The module's tensors change places again when the block ends.
            weights = {name: t.clone() for name, t in self.model.module.state_dict().items()}
        return prefixed(weights, "weights") | self._state.tensors()

    def restore(
        self, position: Position, tensors: Mapping[str, Tensor], *, relearn: bool = False
    ) -> None:
        """Continue from a snapshot, whose averaged weights are in the model already.

        ``relearn`` says that the dataset is another one: stages before it that are done in some
        epochs, as that of a label prior, are gone through once more.

        Raises:
            IndexError: the model has no such stage.
            KeyError: a tensor is missing.
            RuntimeError: a tensor has another shape.
        """
        self.position = position
        # Its codes were made with the weights that were there before.
        self._code_cache = None
        self._state = self._enter(position.stage)
        self._state.restore(tensors, position.step)
        self.relearning = relearn

    def _exclusive(self) -> Tensor:
        rows = self.dataset.train
        parts = (
            self.dataset.signs(rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK)
        )
        return torch.from_numpy(exclusive_pairs(parts, self.dataset.group[rows]))

    def _relearn(self) -> Iterator[Report]:
        position, state = self.position, self._state
        for number, stage in enumerate(self._stages[: position.stage]):
            if stage.max_epochs is not None:
                self.position = Position(number, before=position.before)
                self._state = self._enter(number)
                yield from self._run_stage()
                self._state.load_best()
                self._state.swap_ema()
        self._enter(position.stage)
        self.position, self._state, self.relearning = position, state, False

    def _enter(self, stage: int) -> TrainState:
        # Of all stages only the one in training may drop out or gather statistics.
        self.model.module.eval()
        precompute = self._stages[stage].precompute
        if precompute is None:
            self._code_cache = None
        elif self._code_cache is None or precompute != self._code_cache.precompute:
            # A stage with the function of the one before shares its codes.
            self._code_cache = CodeCache(self.dataset, precompute, self._workers, self.device)
        return TrainState(self._stages[stage], self.settings)

    def _next_stage(self) -> None:
        # Later stages build on the averaged weights, the best or the last.
        self._state.load_best()
        self._state.swap_ema()
        before = self.position.before + self.position.seconds
        self.position = Position(stage=self.position.stage + 1, before=before)
        self._state = self._enter(self.position.stage)

    def _run_stage(self) -> Iterator[Report]:
        if self.position.step == 0 and not self.relearning:
            self._initialize()
        while not self._schedule.ended(self.position):
            step, seed = self.position.step, self.settings.seed
            progress = self._schedule.progress(self.position)
            key = step + (self.position.stage << STAGE_SHIFT)
            started = time.process_time()
            codes = None if self._code_cache is None else self._code_cache.codes
            stage = self._state.stage
            count, told = batch_size(self.settings, stage), stage.told_of_augmentation
            batch = self._examples.batch(count, seed, key, self.device, codes, told=told)
            if stage.before_step is not None:
                # 2^47 lies beyond any step, and the parts of a batch have higher bits.
                noise = BatchNoise(len(batch.pixels), seed, key + (1 << 47), self.device)
                stage.before_step(batch, noise)
                self._group.broadcast([*stage.module.buffers()])
            losses = self._workers.backward(stage, batch, progress, seed, key)
            if not all(map(math.isfinite, losses.values())):
                raise PxgenError(
                    f"training diverged at step {step} of stage {stage.name}: "
                    "lower [train] lr, or raise warmup"
                )
            lr = self._schedule.learning_rate(step, progress)
            self._state.update(step, lr)
            self._advance(time.process_time() - started)
            yield self._report(losses, lr)

    def _initialize(self) -> None:
        stage = self.position.stage
        count = max(1, min(MAX_INIT_SPRITES, MAX_INIT_PIXELS // self.dataset.canvas.pixels))
        seed = self.settings.seed
        self._stages[stage].initialize(self._examples.batch(count, seed, INIT_STEP, self.device))
        if self.warm_start is not None:
            self.warm_start.apply(self.model.module, self._stages[stage].module)
        # All processes start from the same weights, whatever machines they run on.
        self._group.broadcast([*self._stages[stage].module.state_dict().values()])
        # The average starts from what the stage began with.
        self._state = self._enter(stage)
        if self._state.stage.continues:
            self._note_validation((self._validate() or {}).get("bits"))

    def _report(self, losses: Mapping[str, float], lr: float) -> Report:
        progress = self._schedule.progress(self.position)
        due = self.position.step % self.settings.validate_every == 0
        held_out = None
        if due or progress >= 1:
            # Processes round alike on equal machines only: what has drifted apart comes together.
            self._group.broadcast(self._state.weights_and_buffers())
            self._fit_prior(MAX_FIT_SPRITES if progress >= 1 else MAX_INIT_SPRITES)
            held_out = self._validate()
            self._note_validation((held_out or {}).get("bits"))
        done = self._schedule.ended(self.position)
        last = self.position.stage == len(self._stages) - 1
        if done and last:
            self._state.load_best()
        name = self._state.stage.name
        return Report(name, self.position, progress, losses, lr, held_out, done and last)

    def _note_validation(self, bits: float | None) -> None:
        """Early stopping: count validations without progress, and keep the best weights."""
        if bits is None:
            return
        self.position = self._schedule.validated(self.position, self._group.broadcast_object(bits))
        if not self.position.stale and self._state.stage.patience is not None:
            self._state.keep_best()

    def _fit_prior(self, count: int) -> None:
        """Let the stage fit its prior to the averaged weights."""
        rows = subsample(self.dataset.train, count)
        with self.averaged(), torch.no_grad():
            self._state.stage.fit_prior(self._batches(rows))

    def _validate(self) -> Mapping[str, float] | None:
        rows = self.dataset.held_out
        if not len(rows):
            return None
        # The same sprites and noise each time.
        most = max(1, MAX_VALIDATION_PIXELS // self.dataset.canvas.pixels)
        chosen = subsample(rows, min(MAX_VALIDATION_SPRITES, most))
        totals: dict[str, float] = {}
        with self.averaged():
            for number, batch in enumerate(self._batches(chosen)):
                key = number * VALIDATION_BATCH
                part = self._workers.held_out(self._state.stage, batch, VALIDATION_SEED, key)
                totals = {name: totals.get(name, 0.0) + value for name, value in part.items()}
        means = {name: total / len(chosen) for name, total in totals.items()}
        return {**means, **self._state.stage.state()}

    def temperature(self) -> float | None:
        """The temperature that suits held-out sprites; None where the stage has none to find."""
        rows = subsample(self.dataset.held_out, MAX_TEMPERATURE_SPRITES)
        by_temperature = self._state.stage.by_temperature
        if by_temperature is None or not len(rows):
            return None
        nats = torch.zeros(len(TEMPERATURES), device=self.device)
        with self.averaged(), torch.inference_mode():
            for row in rows:
                noise = PictureNoise(VALIDATION_SEED, [int(row)], self.device)
                batch = batch_of(self.dataset, row[None], self.device)
                nats += by_temperature(batch, noise).sum(0)
        return best_temperature(nats)

    def _batches(self, rows: NDArray[np.intp]) -> Iterator[Batch]:
        for start in range(0, len(rows), VALIDATION_BATCH):
            yield batch_of(self.dataset, rows[start : start + VALIDATION_BATCH], self.device)

    def _advance(self, cpu_seconds: float) -> None:
        now = time.perf_counter()
        self.position = dataclasses.replace(
            self.position,
            step=self.position.step + 1,
            # One clock for all, or they would not end together.
            seconds=self._group.broadcast_object(self.position.seconds + now - self._clock),
            cpu_seconds=self.position.cpu_seconds + cpu_seconds,
        )
        self._clock = now


def use_bf16(precision: str, device: torch.device, module: nn.Module) -> bool:
    """Choose bfloat16 or not; ``auto`` takes it where it is faster.

    On CPUs with AMX tiles bf16 convolutions are faster, and slower without. Layers over a whole
    canvas are slower either way: a step would make a copy of their weights.
    """
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    convolves = any(isinstance(layer, nn.Conv2d) for layer in module.modules())
    # It has no public name: a torch that lacks it counts as a CPU without them.
    has_tiles = getattr(torch.cpu, "_is_amx_tile_supported", bool)
    return convolves and device.type == "cpu" and bool(has_tiles())
