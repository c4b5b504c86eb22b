from __future__ import annotations

import pytest
import torch
from torch import nn

from pxgen.optimizer import Optimizer, layer_weights, mixes_features, muon_step, orthogonal
from pxgen.settings import TrainSettings


@pytest.mark.parametrize("shape", [(6, 6), (5, 12), (12, 5), (3, 24)])
def test_all_directions_of_an_update_are_equally_long(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    spread = torch.logspace(0, -2, len(values))
    made = torch.linalg.svdvals(orthogonal(left @ torch.diag(spread) @ right))
    # The iteration trades exactness for speed: it ends between these two, never near 0.
    assert made.min() > 0.3
    assert made.max() < 1.3


def test_a_step_is_that_of_torch_on_matrices() -> None:
    reference = pytest.importorskip("torch.optim._muon", reason="torch before 2.9 has no Muon")
    start = torch.randn(24, 16)
    theirs = nn.Parameter(start.clone())
    optimizer = reference.Muon(
        [theirs], lr=0.02, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw"
    )
    ours, momentum = start.clone(), torch.zeros_like(start)
    for _ in range(5):
        theirs.grad = torch.randn_like(start)
        optimizer.step()
        muon_step(ours, theirs.grad, momentum, 0.02, 0.1)
    # Torch iterates in bfloat16.
    torch.testing.assert_close(ours, theirs.detach(), atol=4e-3, rtol=0)
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


def test_layers_that_read_a_whole_canvas_are_left_to_adam() -> None:
    assert mixes_features(nn.Linear(64, 192).weight)
    assert mixes_features(nn.Conv2d(64, 64, 3).weight)
    assert mixes_features(nn.Conv3d(64, 64, 3).weight)
    assert not mixes_features(nn.Linear(2304, 192).weight)


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
