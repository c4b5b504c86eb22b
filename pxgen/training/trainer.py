"""The one training loop: a generator of reports over a model's stages.

The caller prints, logs and saves; the loop draws, learns and averages. All randomness of a step is
a function of (seed, step), so a run resumed from a snapshot ends with the same weights as one that
was never interrupted, on any number of CPU threads, as long as the budget is counted in steps.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pxgen.checkpoint.store import prefixed
from pxgen.config.settings import TrainSettings
from pxgen.data.batches import Examples, batch_of
from pxgen.data.dataset import Dataset, spread
from pxgen.errors import PxgenError
from pxgen.models.protocol import Model
from pxgen.noise import BatchNoise
from pxgen.training.code_cache import Digests
from pxgen.training.distributed import ALONE, Team
from pxgen.training.parallel import Lanes
from pxgen.training.train_state import Course

DEFAULT_MINUTES = 10.0
VALIDATED = 256
"""Held-out sprites that a validation reads."""
PORTION = 128
VALIDATION_SEED = -1
BEGINNING, BEGINNING_PIXELS = 4096, 2**24
"""Training sprites that a stage may look at before its first step, and their pixels at most."""
BEGINNING_STEP = -1
FEWEST = 500
"""Steps that a stage takes however few sprites there are to pass over."""
SETTLED = 2**16
"""Training sprites that a stage fits to at its end, at most."""
WARMEST = 0.05
"""Share of a stage's budget that warming up may take: short trainings have little to lose."""
SOONEST = 10
"""Steps that it takes however short the budget, unless the settings ask for fewer."""
WORSE, WORSE_BITS, WORSE_FOR = 1.03, 1.0, 2
"""Times the fewest held-out bits, bits above that, and validations since, that mean learning by
heart."""
RIPE = 1500
"""Steps before which a stage draws nothing well yet, whatever held-out bits say."""
ENDING = 0.5
"""Steps of an early end, as a share of those before it."""
STAGE_BITS = 40
"""A stage's steps have streams of their own: its number stands above this bit of the key."""


@dataclass(frozen=True)
class Position:
    """Where a training stands; with the tensors of a snapshot, all that resuming needs."""

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
    """The step from which this stage comes to an early end."""
    turned_at: float = 0.0
    """Its progress there."""


@dataclass(frozen=True)
class Report:
    """What one step did."""

    stage: str
    position: Position
    progress: float
    """Of the stage, in [0, 1]."""
    losses: Mapping[str, float]
    lr: float
    held_out: Mapping[str, float] | None
    """Mean held-out figures a sprite, on the steps that validate."""
    finished: bool
    """The last report of the last stage."""


class Trainer:
    """Trains every stage of a model on a dataset."""

    def __init__(
        self,
        model: Model,
        dataset: Dataset,
        settings: TrainSettings,
        device: torch.device,
        team: Team = ALONE,
    ) -> None:
        self.model, self.dataset, self.settings, self.device = model, dataset, settings, device
        self.position = Position()
        self._examples = Examples(
            dataset, balance=settings.balance, flip=settings.flip, shift=settings.shift
        )
        bf16 = use_bf16(settings.precision, device, model.module)
        self._lanes = Lanes(device, bf16=bf16, team=team)
        self._team = team
        self._clock = 0.0
        model.module.to(device)
        self._stages = model.stages()
        self._digests: Digests | None = None
        self._course = self._enter(0)

    def run(self) -> Iterator[Report]:
        """Train from the current position to the end of the last stage.

        The clock of a time budget runs while the caller holds a report, too.
        """
        self._clock = time.perf_counter()
        with self._lanes:
            while True:
                yield from self._run_stage()
                if self.position.stage == len(self._stages) - 1:
                    # A resumed run may find its budget spent before its first step.
                    self._course.recall()
                    return
                self._next_stage()

    def averaged(self) -> AbstractContextManager[None]:
        """Put the averaged weights into the model, in evaluation mode, for a block."""
        return self._course.averaged()

    def snapshot(self) -> dict[str, Tensor]:
        """Tensors that, with :attr:`position`, resume this training exactly."""
        with self.averaged():
            # The module's tensors change places again when the block ends.
            weights = {name: t.clone() for name, t in self.model.module.state_dict().items()}
        return prefixed(weights, "weights") | self._course.tensors()

    def restore(self, position: Position, tensors: Mapping[str, Tensor]) -> None:
        """Continue from a snapshot, whose averaged weights are in the model already."""
        self.position = position
        # They were made with the weights that were there before.
        self._digests = None
        self._course = self._enter(position.stage)
        self._course.restore(tensors, position.step)

    def _enter(self, stage: int) -> Course:
        # Of all stages only the one in training may drop out or gather statistics.
        self.model.module.eval()
        digest = self._stages[stage].precompute
        if digest is None:
            self._digests = None
        elif self._digests is None or digest != self._digests.digest:
            # Where the stage before read the same, no sprite need be encoded again.
            self._digests = Digests(self.dataset, digest, self._lanes, self.device)
        return Course(self._stages[stage], self.settings)

    def _next_stage(self) -> None:
        # What follows builds on the averaged weights.
        self._course.finish()
        before = self.position.before + self.position.seconds
        self.position = Position(stage=self.position.stage + 1, before=before)
        self._course = self._enter(self.position.stage)

    def _run_stage(self) -> Iterator[Report]:
        if self.position.step == 0:
            self._begin()
        while (progress := self._progress()) < 1 and not self._exhausted():
            step, seed = self.position.step, self.settings.seed
            key = step + (self.position.stage << STAGE_BITS)
            started = time.process_time()
            digest = None if self._digests is None else self._digests.of
            batch = self._examples.batch(self.settings.batch, seed, key, self.device, digest)
            if self._course.stage.before_step is not None:
                # 2^47 lies beyond any step, and the parts of a batch have higher bits.
                noise = BatchNoise(len(batch.pixels), seed, key + (1 << 47), self.device)
                self._course.stage.before_step(batch, noise)
                self._team.share([*self._course.stage.module.buffers()])
            losses = self._lanes.backward(self._course.stage, batch, progress, seed, key)
            if not all(map(math.isfinite, losses.values())):
                raise PxgenError(
                    f"training diverged at step {step} of stage {self._course.stage.name}: "
                    "lower [train] lr, or raise warmup"
                )
            lr = self._learning_rate(step, progress)
            self._course.update(step, lr)
            self._advance(time.process_time() - started)
            yield self._report(losses, lr)

    def _begin(self) -> None:
        stage = self.position.stage
        count = max(1, min(BEGINNING, BEGINNING_PIXELS // self.dataset.canvas.pixels))
        seed = self.settings.seed
        self._stages[stage].initialize(
            self._examples.batch(count, seed, BEGINNING_STEP, self.device)
        )
        # All processes start from the same weights, whatever machines they run on.
        self._team.share([*self._stages[stage].module.state_dict().values()])
        # The average starts from what the stage began with.
        self._course = self._enter(stage)
        if self._course.stage.continues:
            self._take_note((self._validate() or {}).get("bits"))

    def _report(self, losses: Mapping[str, float], lr: float) -> Report:
        progress = self._progress()
        due = self.position.step % self.settings.validate_every == 0
        held_out = None
        if due or progress >= 1:
            # Processes round alike on equal machines only: what has drifted apart comes together.
            self._team.share(self._course.state())
            self._settle(SETTLED if progress >= 1 else BEGINNING)
            held_out = self._validate()
            self._take_note((held_out or {}).get("bits"))
        done = progress >= 1 or self._exhausted()
        last = self.position.stage == len(self._stages) - 1
        if done and last:
            self._course.recall()
        name = self._course.stage.name
        return Report(name, self.position, progress, losses, lr, held_out, done and last)

    def _take_note(self, bits: float | None) -> None:
        """Count validations without progress, and keep the weights of the best one."""
        if bits is None:
            return
        bits, best = self._team.agree(bits), self.position.best
        if best is None or math.isnan(best) or bits < best:
            self.position = dataclasses.replace(self.position, best=bits, stale=0)
            if self._course.stage.patience is not None:
                self._course.keep()
        else:
            self.position = dataclasses.replace(self.position, stale=self.position.stale + 1)
            by_heart = bits > WORSE * best + WORSE_BITS and self.position.stale >= WORSE_FOR
            if self._course.stage.early_decay and by_heart and self.position.turn is None:
                self._turn()

    def _turn(self) -> None:
        """Come to an early end from here, if that is sooner than the budget's."""
        step, progress = self.position.step, self._progress()
        if step >= RIPE and (1 - progress) * step > progress * max(SOONEST, ENDING * step):
            self.position = dataclasses.replace(self.position, turn=step, turned_at=progress)

    def _exhausted(self) -> bool:
        """Whether the stage has stopped getting better before its budget is spent."""
        patience = self._course.stage.patience
        return patience is not None and self.position.stale >= patience

    def _settle(self, count: int) -> None:
        """Let the stage fit what it fits to the averaged weights."""
        indices = spread(self.dataset.train, count)
        with self.averaged(), torch.no_grad():
            self._course.stage.fit_prior(
                batch_of(self.dataset, indices[start : start + PORTION], self.device)
                for start in range(0, len(indices), PORTION)
            )

    def _validate(self) -> Mapping[str, float] | None:
        indices = self.dataset.held_out
        if not len(indices):
            return None
        # The same sprites and noise each time.
        chosen = spread(indices, VALIDATED)
        totals: dict[str, float] = {}
        with self.averaged():
            for start in range(0, len(chosen), PORTION):
                batch = batch_of(self.dataset, chosen[start : start + PORTION], self.device)
                part = self._lanes.held_out(self._course.stage, batch, VALIDATION_SEED, start)
                totals = {name: totals.get(name, 0.0) + value for name, value in part.items()}
        means = {name: total / len(chosen) for name, total in totals.items()}
        return {**means, **self._course.stage.state()}

    def _advance(self, cpu_seconds: float) -> None:
        now = time.perf_counter()
        self.position = dataclasses.replace(
            self.position,
            step=self.position.step + 1,
            # One clock for all, or they would not end together.
            seconds=self._team.agree(self.position.seconds + now - self._clock),
            cpu_seconds=self.position.cpu_seconds + cpu_seconds,
        )
        self._clock = now

    def _progress(self) -> float:
        """How far the stage has come on the way to its end, which may be an early one."""
        spent, turn = self._spent(), self.position.turn
        if turn is None:
            return spent
        start, steps = self.position.turned_at, max(SOONEST, ENDING * turn)
        return min(1.0, max(spent, start + (1 - start) * (self.position.step - turn) / steps))

    def _spent(self) -> float:
        """The share of the stage's budget that is spent: of its steps, its time or its passes."""
        steps, minutes = self.settings.steps, self.settings.minutes
        stage, step = self._course.stage, self.position.step
        spent = 0.0
        if stage.max_epochs is not None:
            most = stage.max_epochs * len(self.dataset.train) / self.settings.batch
            spent = step / max(FEWEST, most)
        if steps is not None:
            return min(1.0, max(spent, step / steps))
        # What the stages before have left over is for those that follow.
        left = 60 * (DEFAULT_MINUTES if minutes is None else minutes) - self.position.before
        share = stage.share / sum(stage.share for stage in self._stages[self.position.stage :])
        return min(1.0, max(spent, self.position.seconds / max(1e-9, left * share)))

    def _learning_rate(self, step: int, progress: float) -> float:
        short = min(progress / WARMEST, (step + 1) / SOONEST)
        warm = min(1.0, max((step + 1) / max(1, self.settings.warmup), short))
        return self.settings.lr * warm * 0.5 * (1 + math.cos(math.pi * progress))


def use_bf16(precision: str, device: torch.device, module: nn.Module) -> bool:
    """Whether to compute in bfloat16; `auto` takes it where it is the faster one.

    On CPUs with AMX tiles bf16 convolutions are faster, and slower without. Layers over a whole
    canvas are slower either way: a step would make a copy of their weights.
    """
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    convolves = any(isinstance(layer, nn.Conv2d) for layer in module.modules())
    return convolves and device.type == "cpu" and bool(torch.cpu._is_amx_tile_supported())
