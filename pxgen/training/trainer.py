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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pxgen.checkpoint.store import prefixed
from pxgen.config.settings import TrainSettings
from pxgen.data.augment import SMALL
from pxgen.data.batches import Examples, batch_of
from pxgen.data.dataset import Dataset, subsample
from pxgen.errors import PxgenError
from pxgen.models.protocol import Batch, Model
from pxgen.noise import BatchNoise
from pxgen.training.code_cache import CodeCache
from pxgen.training.distributed import SINGLE_PROCESS, ProcessGroup
from pxgen.training.parallel import MicrobatchWorkers
from pxgen.training.train_state import TrainState
from pxgen.training.warm_start import WarmStart

DEFAULT_MINUTES = 10.0
MAX_VALIDATION_SPRITES = 256
"""Held-out sprites that a validation reads, at most."""
VALIDATION_BATCH = 128
VALIDATION_SEED = -1
MAX_INIT_SPRITES, MAX_INIT_PIXELS = 4096, 2**24
"""Training sprites that a stage may look at before its first step, and their pixels at most."""
INIT_STEP = -1
MIN_STEPS = 500
"""Steps of a stage that is limited to some epochs, however few sprites make one."""
MAX_FIT_SPRITES = 2**16
"""Training sprites that a stage fits its prior to at its end, at most."""
MAX_WARMUP_SHARE = 0.05
"""Share of a stage's budget that warm-up takes at most."""
MIN_WARMUP_STEPS = 10
"""Steps of warm-up, however short the budget, unless the settings ask for fewer."""
OVERFIT_FACTOR, OVERFIT_BITS, OVERFIT_VALIDATIONS = 1.03, 1.0, 2
"""Overfitting: held-out bits above so many times the fewest and so many bits more, so many
validations after these."""
EARLY_DECAY_MIN_STEP = 1500
"""Steps before which no early decay starts: drawing still improves, whatever held-out bits say."""
EARLY_DECAY_SHARE, MIN_DECAY_STEPS = 0.5, 10
"""Steps of an early decay: as a share of those before it, and at least."""
STAGE_SHIFT = 40
"""A stage's steps have streams of their own: its number stands above this bit of the key."""


@dataclass(frozen=True)
class Position:
    """Stage, step and clocks of a training: with a snapshot's tensors, all that resuming needs."""

    stage: int = 0
    step: int = 0
    seconds: float = 0.0
    """Spent in this stage."""
    best: float | None = None
    """The fewest held-out bits of this stage."""
    stale: int = 0
    """Validations since then."""
    before: float = 0.0
    """Seconds spent in the stages before this one."""
    cpu_seconds: float = 0.0
    """Of all cores together, spent on the steps of this stage; validations and pictures apart."""
    turn: int | None = None
    """The step at which an early decay of the learning rate started."""
    turned_at: float = 0.0
    """Its progress there."""


@dataclass(frozen=True)
class Report:
    """One optimiser step."""

    stage: str
    position: Position
    progress: float
    """Of the stage, in [0, 1]."""
    losses: Mapping[str, float]
    """Mean of each loss term over the batch."""
    lr: float
    held_out: Mapping[str, float] | None
    """Mean held-out figures a sprite, on the steps that validate."""
    finished: bool
    """The last report of the last stage."""
    quality: Mapping[str, float] = field(default_factory=dict)
    """Quick evaluation of the preview's sprites, where one was drawn."""
    preview: Path | None = None
    """The preview's file, where it was written."""
    checkpoint: Path | None = None
    """The checkpoint's file, where it was written."""

    @property
    def logged(self) -> bool:
        """True of a step with a line of metrics: every tenth, validations and the end."""
        return self.held_out is not None or self.position.step % 10 == 0 or self.finished

    def figures(self) -> dict[str, float]:
        """Learning rate, losses, ``held_out_…`` and ``quality_…``."""
        held_out = {f"held_out_{name}": value for name, value in (self.held_out or {}).items()}
        quality = {f"quality_{name}": value for name, value in self.quality.items()}
        return {"lr": self.lr, **self.losses, **held_out, **quality}

    def line(self) -> dict[str, Any]:
        """The line of ``metrics.jsonl``."""
        return {
            "stage": self.stage,
            "stage_index": self.position.stage,
            "step": self.position.step,
            "seconds": round(self.position.seconds, 3),
            "cpu_seconds": round(self.position.cpu_seconds, 3),
            **self.figures(),
        }


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
        model.module.to(device)
        small = len(dataset.train) < SMALL
        wanted = small if settings.augment == "auto" else settings.augment == "yes"
        self.augmented = wanted and any(stage.told_of_augmentation for stage in self._stages)
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
        while (progress := self._progress()) < 1 and not self._out_of_patience():
            step, seed = self.position.step, self.settings.seed
            key = step + (self.position.stage << STAGE_SHIFT)
            started = time.process_time()
            codes = None if self._code_cache is None else self._code_cache.codes
            told = self._state.stage.told_of_augmentation
            batch = self._examples.batch(
                self.settings.batch, seed, key, self.device, codes, told=told
            )
            if self._state.stage.before_step is not None:
                # 2^47 lies beyond any step, and the parts of a batch have higher bits.
                noise = BatchNoise(len(batch.pixels), seed, key + (1 << 47), self.device)
                self._state.stage.before_step(batch, noise)
                self._group.broadcast([*self._state.stage.module.buffers()])
            losses = self._workers.backward(self._state.stage, batch, progress, seed, key)
            if not all(map(math.isfinite, losses.values())):
                raise PxgenError(
                    f"training diverged at step {step} of stage {self._state.stage.name}: "
                    "lower [train] lr, or raise warmup"
                )
            lr = self._learning_rate(step, progress)
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
        progress = self._progress()
        due = self.position.step % self.settings.validate_every == 0
        held_out = None
        if due or progress >= 1:
            # Processes round alike on equal machines only: what has drifted apart comes together.
            self._group.broadcast(self._state.weights_and_buffers())
            self._fit_prior(MAX_FIT_SPRITES if progress >= 1 else MAX_INIT_SPRITES)
            held_out = self._validate()
            self._note_validation((held_out or {}).get("bits"))
        done = progress >= 1 or self._out_of_patience()
        last = self.position.stage == len(self._stages) - 1
        if done and last:
            self._state.load_best()
        name = self._state.stage.name
        return Report(name, self.position, progress, losses, lr, held_out, done and last)

    def _note_validation(self, bits: float | None) -> None:
        """Early stopping: count validations without progress, and keep the best weights."""
        if bits is None:
            return
        bits, best = self._group.broadcast_object(bits), self.position.best
        if best is None or math.isnan(best) or bits < best:
            self.position = dataclasses.replace(self.position, best=bits, stale=0)
            if self._state.stage.patience is not None:
                self._state.keep_best()
        else:
            self.position = dataclasses.replace(self.position, stale=self.position.stale + 1)
            worse = bits > OVERFIT_FACTOR * best + OVERFIT_BITS
            overfit = worse and self.position.stale >= OVERFIT_VALIDATIONS
            if self._state.stage.early_decay and overfit and self.position.turn is None:
                self._start_decay()

    def _start_decay(self) -> None:
        """Start an early decay here, if it ends sooner than the budget."""
        step, progress = self.position.step, self._progress()
        left = max(MIN_DECAY_STEPS, EARLY_DECAY_SHARE * step)
        if step >= EARLY_DECAY_MIN_STEP and (1 - progress) * step > progress * left:
            self.position = dataclasses.replace(self.position, turn=step, turned_at=progress)

    def _out_of_patience(self) -> bool:
        """Early stopping: the stage has stopped getting better before its budget is spent."""
        patience = self._state.stage.patience
        return patience is not None and self.position.stale >= patience

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
        chosen = subsample(rows, MAX_VALIDATION_SPRITES)
        totals: dict[str, float] = {}
        with self.averaged():
            for number, batch in enumerate(self._batches(chosen)):
                key = number * VALIDATION_BATCH
                part = self._workers.held_out(self._state.stage, batch, VALIDATION_SEED, key)
                totals = {name: totals.get(name, 0.0) + value for name, value in part.items()}
        means = {name: total / len(chosen) for name, total in totals.items()}
        return {**means, **self._state.stage.state()}

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

    def _progress(self) -> float:
        """The stage's progress in [0, 1] to its end, which may be an early one."""
        spent, turn = self._budget_spent(), self.position.turn
        if turn is None:
            return spent
        start, steps = self.position.turned_at, max(MIN_DECAY_STEPS, EARLY_DECAY_SHARE * turn)
        return min(1.0, max(spent, start + (1 - start) * (self.position.step - turn) / steps))

    def _budget_spent(self) -> float:
        """The spent share of the stage's budget of steps, time or epochs."""
        steps, minutes = self.settings.steps, self.settings.minutes
        stage, step = self._state.stage, self.position.step
        spent = 0.0
        if stage.max_epochs is not None:
            most = stage.max_epochs * len(self.dataset.train) / self.settings.batch
            spent = step / max(MIN_STEPS, most)
        if steps is not None:
            return min(1.0, max(spent, step / steps))
        # Time that earlier stages left over goes to the later ones.
        left = 60 * (DEFAULT_MINUTES if minutes is None else minutes) - self.position.before
        share = stage.share / sum(stage.share for stage in self._stages[self.position.stage :])
        return min(1.0, max(spent, self.position.seconds / max(1e-9, left * share)))

    def _learning_rate(self, step: int, progress: float) -> float:
        short = min(progress / MAX_WARMUP_SHARE, (step + 1) / MIN_WARMUP_STEPS)
        warm = min(1.0, max((step + 1) / max(1, self.settings.warmup), short))
        return self.settings.lr * warm * 0.5 * (1 + math.cos(math.pi * progress))


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
