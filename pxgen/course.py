"""One stage on its way: the weights being optimised, their average, and the optimizer's moments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from pxgen.checkpoint import group, prefixed
from pxgen.models.protocol import Stage
from pxgen.settings import TrainSettings

MOMENTS = ("exp_avg", "exp_avg_sq")


class Course:
    """Optimises one stage with AdamW (1711.05101) and keeps an exponential moving average."""

    def __init__(self, stage: Stage, settings: TrainSettings) -> None:
        self.stage, self._settings = stage, settings
        self._named = dict(stage.module.named_parameters())
        self.parameters = list(self._named.values())
        self._ema = [parameter.detach().clone() for parameter in self.parameters]
        self._optimizer = make_optimizer(stage.module, settings)
        stage.module.train()

    def update(self, step: int, lr: float) -> None:
        """One step along the gradients that the parameters hold."""
        if self._settings.clip:
            nn.utils.clip_grad_norm_(self.parameters, self._settings.clip)
        for options in self._optimizer.param_groups:
            options["lr"] = lr
        self._optimizer.step()
        # Early weights are worthless: the average's memory grows with the run.
        decay = min(self._settings.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(self._ema, [*self.parameters], 1 - decay)

    def swap(self) -> None:
        """Exchange the weights in the module with the other set."""
        for place, parameter in enumerate(self.parameters):
            parameter.data, self._ema[place] = self._ema[place], parameter.data

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the averaged weights into the module, in evaluation mode, for a block."""
        self.swap()
        self.stage.module.eval()
        try:
            yield
        finally:
            self.stage.module.train()
            self.swap()

    def tensors(self) -> dict[str, Tensor]:
        """The raw weights and the optimizer's moments, named as a checkpoint names them."""
        tensors = prefixed(self._named, "raw")
        for name, parameter in self._named.items():
            moments = self._optimizer.state.get(parameter, {})
            tensors |= {f"optimizer.{name}.{m}": moments[m] for m in MOMENTS if m in moments}
        return tensors

    def restore(self, tensors: Mapping[str, Tensor], step: int) -> None:
        """Take up :meth:`tensors` of a snapshot made after ``step`` steps.

        The module holds the averaged weights already. Raises ``KeyError`` where one is missing.
        """
        raw = group(tensors, "raw")
        with torch.no_grad():
            for name, parameter in self._named.items():
                parameter.copy_(raw[name])
                # The fused optimizer walks memory: moments must lie as their parameter does, and
                # a file does not remember how they lay.
                moments = {
                    m: torch.empty_like(parameter).copy_(tensors[f"optimizer.{name}.{m}"])
                    for m in MOMENTS
                }
                self._optimizer.state[parameter] = {
                    "step": torch.tensor(float(step), device=parameter.device),
                    **moments,
                }


def make_optimizer(module: nn.Module, settings: TrainSettings) -> torch.optim.Optimizer:
    """AdamW that decays the matrices of layers and nothing else."""
    layers = (nn.Linear, nn.Conv2d, nn.Conv3d)
    matrices = [layer.weight for layer in module.modules() if isinstance(layer, layers)]
    decayed = {id(weight) for weight in matrices}
    others = [p for p in module.parameters() if id(p) not in decayed]
    groups: list[dict[str, Any]] = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.lr, betas=(0.9, 0.98), fused=True)
