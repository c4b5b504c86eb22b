"""What a training tells of itself: where it stands, and what one step of it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


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
