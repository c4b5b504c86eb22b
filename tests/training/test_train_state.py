"""The train state: EMA, best weights, gradient clipping, one optimizer step."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from pxgen.checkpoint.store import group
from pxgen.config.settings import TrainSettings
from pxgen.data.batches import Examples
from pxgen.models.protocol import Stage
from pxgen.training.parallel import MicrobatchWorkers
from pxgen.training.train_state import TrainState
from tests.support.trainings import CPU, trainer


def course(layer: nn.Module, **settings: float) -> TrainState:
    stage = Stage("layer", layer, lambda *_: {}, lambda *_: {})
    return TrainState(stage, TrainSettings(**settings))  # type: ignore[arg-type]


def walked(run: TrainState, layer: nn.Linear, steps: range) -> list[float]:
    """The weight after each of some steps along a gradient of 1."""
    weights = []
    for step in steps:
        layer.weight.grad = torch.ones_like(layer.weight)
        run.update(step, 1e-2)
        weights.append(float(layer.weight.detach()))
    return weights


def averaged(run: TrainState, layer: nn.Linear) -> float:
    with run.averaged():
        return float(layer.weight.detach())


def test_the_ema_warms_up() -> None:
    layer = nn.Linear(1, 1, bias=False)
    run, average = course(layer, ema=0.9), float(layer.weight.detach())
    for step, weight in enumerate(walked(run, layer, range(100))):
        decay = min(0.9, (1 + step) / (10 + step))
        average = decay * average + (1 - decay) * weight
    assert averaged(run, layer) == pytest.approx(average, rel=1e-4)
    # What is being optimised is untouched by a look at the average.
    assert float(layer.weight.detach()) == weight


def test_the_best_ema_is_what_is_left() -> None:
    layer = nn.Linear(1, 1, bias=False)
    run = course(layer, ema=0.5)
    walked(run, layer, range(5))
    best = averaged(run, layer)
    run.keep_best()
    walked(run, layer, range(5, 20))
    assert averaged(run, layer) != best
    run.load_best()
    assert averaged(run, layer) == best


def test_gradients_are_clipped_to_a_length() -> None:
    layer = nn.Linear(2, 1, bias=False)
    layer.weight.grad = torch.tensor([[30.0, 40.0]])
    course(layer, clip=1.0).update(0, 1e-2)
    assert layer.weight.grad.norm() == pytest.approx(1, rel=1e-4)
    layer.weight.grad = torch.tensor([[30.0, 40.0]])
    course(layer, clip=0.0).update(0, 1e-2)
    assert layer.weight.grad.tolist() == [[30, 40]]


def test_every_weight_moves_downhill(tmp_path: Path) -> None:
    """The optimizer must pair gradients and weights by their names, not by how they lie."""
    run = trainer(tmp_path, weight_decay=0.0, clip=0.0)
    stage = run.model.stages()[-1]
    batch = Examples(run.dataset, balance=0, flip=False, shift=0).batch(40, 0, 0, CPU)
    course = TrainState(stage, run.settings)
    with MicrobatchWorkers(CPU, bf16=False) as workers:
        workers.backward(stage, batch, 0.0, 0, 0)
    before = {n: (p.detach().clone(), p.grad.clone()) for n, p in stage.module.named_parameters()}
    course.update(0, lr=1e-3)
    moments = group(course.tensors(), "optimizer")
    for name, parameter in stage.module.named_parameters():
        weight, gradient = before[name]
        moved = parameter.detach() - weight
        if f"{name}.momentum" in moments:
            assert (moved * gradient).sum() <= -0.1 * moved.norm() * gradient.norm(), name
        else:
            felt = gradient.abs() > 1e-7
            assert (moved.sign() == -gradient.sign())[felt].all(), name
