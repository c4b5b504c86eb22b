"""Muon and AdamW."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from pxgen.config.settings import TrainSettings
from pxgen.training.optimizer import Optimizer, layer_weights, muon_step, orthogonal
from tests.support.tiny import domain, tiny_model


@pytest.mark.parametrize("shape", [(6, 6), (5, 12), (12, 5), (3, 24)])
def test_all_directions_of_an_update_are_equally_long(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    spread = torch.logspace(0, -2, len(values))
    made = torch.linalg.svdvals(orthogonal(left @ torch.diag(spread) @ right))
    # The iteration trades exactness for speed: it ends between these two, never near 0.
    assert made.min() > 0.3
    assert made.max() < 1.3


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="torch before 2.9 has no Muon")
@pytest.mark.parametrize("shape", [(24, 16), (16, 24)])
def test_a_step_is_that_of_torch_on_matrices(shape: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(2)
    start = torch.randn(shape, generator=generator)
    theirs = nn.Parameter(start.clone())
    optimizer = torch.optim.Muon(
        [theirs], lr=0.02, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw"
    )
    ours, momentum = start.clone(), torch.zeros_like(start)
    for _ in range(5):
        theirs.grad = torch.randn(shape, generator=generator)
        optimizer.step()
        muon_step(ours, theirs.grad, momentum, 0.02, 0.1)
    # Torch iterates in bfloat16.
    torch.testing.assert_close(ours, theirs.detach(), atol=1.5e-3, rtol=0)
    assert (ours - start).abs().mean() > 0.01


def test_memory_layout_does_not_change_a_step() -> None:
    kernel, gradient = torch.randn(8, 4, 3, 3), torch.randn(8, 4, 3, 3)
    ends = []
    for layout in (torch.contiguous_format, torch.channels_last):
        weight = kernel.clone(memory_format=layout)
        momentum = torch.zeros_like(weight)
        muon_step(weight, gradient.contiguous(memory_format=layout), momentum, 0.1, 0.0)
        ends.append(weight)
    assert torch.equal(*ends)
    assert not torch.equal(ends[0], kernel)


@pytest.mark.parametrize("side", [16, 24])
@pytest.mark.parametrize("hidden", [16, 512])
def test_layers_that_read_or_write_a_whole_canvas_are_left_to_adam(side: int, hidden: int) -> None:
    model = tiny_model(of=domain(height=side, width=side), hidden=hidden)
    module = model.stages()[-1].module
    optimizer = Optimizer(module, TrainSettings())
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step(0.1)
    by_muon = {name.removesuffix(".momentum") for name in optimizer.tensors() if "moment" in name}
    layers = {f"{name}.weight" for name, m in module.named_modules() if hasattr(m, "in_features")}
    whole = {"overview.enter.weight", "overview.leave.weight", "label_planes.table.weight"}
    assert layers - by_muon == whole


def test_only_weights_of_layers_decay() -> None:
    module = nn.Sequential(
        nn.Embedding(3, 4), nn.Linear(4, 4), nn.Conv2d(4, 64, 1), nn.LayerNorm(4)
    )
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    Optimizer(module, TrainSettings(weight_decay=0.5)).step(0.1)
    decayed = {id(weight) for weight in layer_weights(module)}
    assert len(decayed) == 2
    for name, parameter in module.named_parameters():
        expected = before[name] * (0.95 if id(parameter) in decayed else 1.0)
        torch.testing.assert_close(parameter.detach(), expected)
