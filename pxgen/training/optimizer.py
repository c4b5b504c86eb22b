"""The optimizer of every stage: Muon for what mixes features, AdamW for everything else.

A gradient step along the few strongest directions of a weight matrix leaves the others unlearnt;
Muon (2502.16982) gives all directions the same step. It costs some matrix products a step, which
small networks can afford. Layers that read or write a whole canvas are left to AdamW.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from pxgen.config.settings import TrainSettings
from pxgen.models.layers import CanvasLinear

ADAM_MOMENTS = ("exp_avg", "exp_avg_sq")
MOMENTUM = 0.95
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration that pushes singular values towards 1 soonest."""
ITERATIONS = 5


class Optimizer:
    """Updates the parameters of a module along the gradients they hold."""

    def __init__(self, module: nn.Module, settings: TrainSettings) -> None:
        self._names: dict[Tensor, str] = {p: name for name, p in module.named_parameters()}
        self._decay = settings.weight_decay
        matrices = layer_weights(module)
        positional = {m.weight for m in module.modules() if isinstance(m, CanvasLinear)}
        self._momentum = {w: torch.zeros_like(w) for w in matrices if w not in positional}
        kept = [weight for weight in matrices if weight in positional]
        known = {*matrices}
        others = [parameter for parameter in module.parameters() if parameter not in known]
        groups = [
            {"params": kept, "weight_decay": settings.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        self._adam = torch.optim.AdamW(groups, lr=settings.lr, betas=(0.9, 0.98), fused=True)

    def step(self, lr: float) -> None:
        """One step: Muon's changes a weight by about 0.2·lr, as AdamW's do once it has settled."""
        for options in self._adam.param_groups:
            options["lr"] = lr
        self._adam.step()
        with torch.no_grad():
            for weight, momentum in self._momentum.items():
                gradient = torch.zeros_like(weight) if weight.grad is None else weight.grad
                muon_step(weight, gradient, momentum, lr, self._decay)

    def tensors(self) -> dict[str, Tensor]:
        """The moments, named ``<parameter>.<moment>``."""
        tensors = {f"{self._names[w]}.momentum": m for w, m in self._momentum.items()}
        for parameter, state in self._adam.state.items():
            name = self._names[parameter]
            tensors |= {f"{name}.{moment}": state[moment] for moment in ADAM_MOMENTS}
        return tensors

    def restore(self, tensors: Mapping[str, Tensor], step: int) -> None:
        """Load :meth:`tensors` as they were after ``step`` steps.

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
                moment: torch.empty_like(parameter).copy_(tensors[f"{name}.{moment}"])
                for moment in ADAM_MOMENTS
            }
            count = torch.tensor(float(step), device=parameter.device)
            self._adam.state[parameter] = {"step": count, **moments}


def layer_weights(module: nn.Module) -> list[Tensor]:
    """The weights of linear and convolutional layers, which decay."""
    layers = (nn.Linear, nn.Conv2d, nn.Conv3d)
    return [layer.weight for layer in module.modules() if isinstance(layer, layers)]


def muon_step(weight: Tensor, gradient: Tensor, momentum: Tensor, lr: float, decay: float) -> None:
    """Change ``weight`` and ``momentum``, ``(out, in, …)``, in place.

    The factor gives the update the size that one of AdamW usually has (2502.16982), so one
    learning rate and one decay serve both.
    """
    momentum.lerp_(gradient, 1 - MOMENTUM)
    matrix = gradient.lerp(momentum, MOMENTUM).flatten(1)
    update = orthogonal(matrix).mul_(0.2 * math.sqrt(max(matrix.shape)))
    weight.mul_(1 - lr * decay).add_(update.view(weight.shape), alpha=-lr)


def orthogonal(matrix: Tensor) -> Tensor:
    """Newton–Schulz orthogonalisation: ``(m, n)`` with its singular values taken near 1."""
    a, b, c = NEWTON_SCHULZ
    tall = len(matrix) > len(matrix[0])
    x = matrix.mT if tall else matrix
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x
