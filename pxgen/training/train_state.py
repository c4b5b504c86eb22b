"""Train state of a stage: weights, their EMA, and the optimizer's moments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from pxgen.checkpoint.store import group, prefixed
from pxgen.config.settings import TrainSettings
from pxgen.models.protocol import Stage
from pxgen.training.optimizer import Optimizer


class TrainState:
    """Weights of a stage in training, their exponential moving average and an optimizer."""

    def __init__(self, stage: Stage, settings: TrainSettings) -> None:
        self.stage, self._settings = stage, settings
        self._named = dict(stage.module.named_parameters())
        self.parameters = list(self._named.values())
        self._ema = [parameter.detach().clone() for parameter in self.parameters]
        self._best: list[Tensor] | None = None
        self._optimizer = Optimizer(stage.module, settings)
        stage.module.train()

    def update(self, step: int, lr: float) -> None:
        """One optimiser step along the gradients that the parameters hold."""
        if self._settings.clip:
            nn.utils.clip_grad_norm_(self.parameters, self._settings.clip)
        self._optimizer.step(lr)
        # Early weights are worthless: the average's memory grows with the run.
        decay = min(self._settings.ema, (1 + step) / (10 + step))
        update_ema = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        update_ema(self._ema, self.parameters, step)

    def swap_ema(self) -> None:
        """Exchange the weights in the module with their average, or back."""
        for number, parameter in enumerate(self.parameters):
            parameter.data, self._ema[number] = self._ema[number], parameter.data

    def weights_and_buffers(self) -> list[Tensor]:
        """Weights, their average and buffers: what processes must hold alike."""
        return [*self.parameters, *self._ema, *self.stage.module.buffers()]

    def keep_best(self) -> None:
        """Remember the averaged weights as the best so far."""
        self._best = [weights.clone() for weights in self._ema]

    def load_best(self) -> None:
        """Make the average the best one, where one was kept."""
        if self._best is not None:
            self._ema = [weights.clone() for weights in self._best]

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the averaged weights into the module, in evaluation mode, for a block."""
        self.swap_ema()
        self.stage.module.eval()
        try:
            yield
        finally:
            self.stage.module.train()
            self.swap_ema()

    def tensors(self) -> dict[str, Tensor]:
        """The raw weights and the optimizer's moments, named as a checkpoint names them."""
        kept = {} if self._best is None else dict(zip(self._named, self._best, strict=True))
        return (
            prefixed(self._named, "raw")
            | prefixed(kept, "best")
            | prefixed(self._optimizer.tensors(), "optimizer")
        )

    def restore(self, tensors: Mapping[str, Tensor], step: int) -> None:
        """Load :meth:`tensors` of a snapshot made after ``step`` steps.

        The module holds the averaged weights already. Raises ``KeyError`` where one is missing.
        """
        raw = group(tensors, "raw")
        with torch.no_grad():
            for name, parameter in self._named.items():
                parameter.copy_(raw[name])
        best = group(tensors, "best")
        kept = [best[name].to(p.device) for name, p in self._named.items()] if best else None
        self._best = kept
        self._optimizer.restore(group(tensors, "optimizer"), step)
