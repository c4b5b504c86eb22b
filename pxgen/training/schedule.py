"""When a stage ends, and its learning rate on the way: budget, early stopping, early decay."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from pxgen.config.settings import TrainSettings
from pxgen.models.protocol import Stage
from pxgen.training.report import Position

DEFAULT_MINUTES = 10.0
MIN_STEPS = 500
"""Steps of a stage that is limited to some epochs, however few sprites make one."""
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


def batch_size(settings: TrainSettings, stage: Stage) -> int:
    """Sprites a step of a stage."""
    return settings.batch or stage.batch


def augments(settings: TrainSettings, stages: Sequence[Stage], sprites: int) -> bool:
    """Whether so many training sprites are augmented for the stages that are told of it."""
    told = [stage for stage in stages if stage.told_of_augmentation]
    if settings.augment == "auto":
        return any(sprites < stage.augmented_below for stage in told)
    return settings.augment == "yes" and bool(told)


class Schedule:
    """The end of each stage, and the learning rates before it, as functions of a position."""

    def __init__(self, stages: Sequence[Stage], settings: TrainSettings, sprites: int) -> None:
        self._stages, self._settings = stages, settings
        self._sprites = sprites
        """That are trained on."""

    def ended(self, position: Position) -> bool:
        """True once the budget is spent, or the stage has stopped getting better before."""
        patience = self._stages[position.stage].patience
        stopped = patience is not None and position.stale >= patience
        return stopped or self.progress(position) >= 1

    def progress(self, position: Position) -> float:
        """The stage's progress in [0, 1] to its end, which may be an early one."""
        spent, turn = self._budget_spent(position), position.turn
        if turn is None:
            return spent
        start, steps = position.turned_at, max(MIN_DECAY_STEPS, EARLY_DECAY_SHARE * turn)
        return min(1.0, max(spent, start + (1 - start) * (position.step - turn) / steps))

    def learning_rate(self, step: int, progress: float) -> float:
        """Of a step: warm-up, then a cosine down to 0."""
        short = min(progress / MAX_WARMUP_SHARE, (step + 1) / MIN_WARMUP_STEPS)
        warm = min(1.0, max((step + 1) / max(1, self._settings.warmup), short))
        return self._settings.lr * warm * 0.5 * (1 + math.cos(math.pi * progress))

    def validated(self, position: Position, bits: float) -> Position:
        """The position after a validation, which may start an early decay."""
        best = position.best
        if best is None or math.isnan(best) or bits < best:
            return dataclasses.replace(position, best=bits, stale=0)
        position = dataclasses.replace(position, stale=position.stale + 1)
        worse = bits > OVERFIT_FACTOR * best + OVERFIT_BITS
        overfit = worse and position.stale >= OVERFIT_VALIDATIONS
        if self._stages[position.stage].early_decay and overfit and position.turn is None:
            return self._decayed(position)
        return position

    def _decayed(self, position: Position) -> Position:
        """Start an early decay here, if it ends sooner than the budget."""
        step, progress = position.step, self.progress(position)
        left = max(MIN_DECAY_STEPS, EARLY_DECAY_SHARE * step)
        if step >= EARLY_DECAY_MIN_STEP and (1 - progress) * step > progress * left:
            return dataclasses.replace(position, turn=step, turned_at=progress)
        return position

    def _budget_spent(self, position: Position) -> float:
        """The spent share of the stage's budget of steps, time or epochs."""
        steps, minutes = self._settings.steps, self._settings.minutes
        stage, step = self._stages[position.stage], position.step
        spent = 0.0
        if stage.max_epochs is not None:
            most = stage.max_epochs * self._sprites / batch_size(self._settings, stage)
            spent = step / max(MIN_STEPS, most)
        if steps is not None:
            return min(1.0, max(spent, step / steps))
        # Time that earlier stages left over goes to the later ones.
        left = 60 * (DEFAULT_MINUTES if minutes is None else minutes) - position.before
        share = stage.share / sum(stage.share for stage in self._stages[position.stage :])
        return min(1.0, max(spent, position.seconds / max(1e-9, left * share)))
