"""The optimizer of every stage: Muon for what mixes features, AdamW for everything else.

A gradient step along the few strongest directions of a weight matrix leaves the others unlearnt;
Muon (2502.16982) gives all directions the same step. On a CPU, where steps are dear and matrices
small, that costs little and halves the steps that a sprite model needs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from pxgen.settings import TrainSettings

ADAM_MOMENTS = ("exp_avg", "exp_avg_sq")
MOMENTUM = 0.95
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration that pushes singular values towards 1 soonest."""
ITERATIONS = 5
WIDEST = 8
"""Widths on the two sides of a layer may differ by this factor. A layer beyond it reads or writes
a whole canvas: its rows belong to places, and AdamW's step for each weight learns those faster."""


class Optimizer:
    """Updates the parameters of a module along the gradients they hold."""

    def __init__(self, module: nn.Module, settings: TrainSettings) -> None:
        self._names: dict[Tensor, str] = {p: name for name, p in module.named_parameters()}
        self._decay = settings.weight_decay
        matrices = layer_weights(module)
        self._momentum = {
            weight: torch.zeros_like(weight, requires_grad=False)
            for weight in matrices
            if mixes_features(weight)
        }
        kept = [weight for weight in matrices if weight not in self._momentum]
        known = {*matrices}
        others = [parameter for parameter in module.parameters() if parameter not in known]
        groups = [
            {"params": kept, "weight_decay": settings.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        self._adam = torch.optim.AdamW(groups, lr=settings.lr, betas=(0.9, 0.98), fused=True)

    def step(self, lr: float) -> None:
        """One step of size ``lr``, which means the same to both: the typical change of a weight."""
        for options in self._adam.param_groups:
            options["lr"] = lr
        self._adam.step()
        with torch.no_grad():
            for weight, momentum in self._momentum.items():
                if weight.grad is not None:
                    muon_step(weight, weight.grad, momentum, lr, self._decay)

    def tensors(self) -> dict[str, Tensor]:
        """The moments, named ``<parameter>.<moment>``."""
        tensors = {f"{self._names[w]}.momentum": m for w, m in self._momentum.items()}
        for parameter, state in self._adam.state.items():
            name = self._names[parameter]
            tensors |= {f"{name}.{moment}": state[moment] for moment in ADAM_MOMENTS}
        return tensors

    def restore(self, tensors: Mapping[str, Tensor], step: int) -> None:
        """Take up :meth:`tensors` as they were after ``step`` steps.

        Raises:
            KeyError: one is missing.
        """
        for parameter, name in self._names.items():
            if parameter in self._momentum:
                self._momentum[parameter].copy_(tensors[f"{name}.momentum"])
                continue
            # The fused optimizer walks memory: moments must lie as their parameter does, and a
            # file does not remember how they lay.
            moments = {
                moment: torch.empty_like(parameter, requires_grad=False).copy_(
                    tensors[f"{name}.{moment}"]
                )
                for moment in ADAM_MOMENTS
            }
            count = torch.tensor(float(step), device=parameter.device)
            self._adam.state[parameter] = {"step": count, **moments}


def layer_weights(module: nn.Module) -> list[Tensor]:
    """The weights of linear and convolutional layers: what decays."""
    layers = (nn.Linear, nn.Conv2d, nn.Conv3d)
    return [layer.weight for layer in module.modules() if isinstance(layer, layers)]


def mixes_features(weight: Tensor) -> bool:
    """Whether a layer's weight is a matrix between features, for Muon."""
    outside, inside = weight.shape[:2]
    return max(outside, inside) <= WIDEST * min(outside, inside)


def muon_step(weight: Tensor, gradient: Tensor, momentum: Tensor, lr: float, decay: float) -> None:
    """Change ``weight`` and ``momentum``, ``(out, in, …)``, in place.

    The factor gives the update the size of one of AdamW (2502.16982), so one learning rate and one
    decay serve both.
    """
    momentum.lerp_(gradient, 1 - MOMENTUM)
    matrix = gradient.lerp(momentum, MOMENTUM).flatten(1)
    update = orthogonal(matrix).mul_(0.2 * math.sqrt(max(matrix.shape)))
    weight.mul_(1 - lr * decay).add_(update.view(weight.shape), alpha=-lr)


def orthogonal(matrix: Tensor) -> Tensor:
    """A matrix of the same singular vectors as ``(m, n)`` and singular values near 1."""
    a, b, c = NEWTON_SCHULZ
    tall = len(matrix) > len(matrix[0])
    x = matrix.mT if tall else matrix
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x
