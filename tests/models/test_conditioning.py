"""Labels that places attend to."""

from __future__ import annotations

import pytest
import torch

from pxgen.models.conditioning import LabelTokens
from pxgen.models.layers import AttentionBlock
from pxgen.models.protocol import Batch
from pxgen.noise import BatchNoise
from tests.tiny import domain, tiny_model


def test_labels_that_nobody_decided_on_are_silent_and_weights_weigh() -> None:
    tokens = LabelTokens(3, 5)
    none, half, full, forbidden = tokens(
        torch.tensor([[0.0, 0, 0], [0.5, 0, 0], [1, 0, 0], [-1, 0, 0]])
    )[:, LabelTokens.REGISTERS :]
    assert not none.any()
    assert torch.equal(full, 2 * half)
    assert torch.equal(full[1:], torch.zeros(2, 5))
    assert not torch.allclose(forbidden[0], -full[0])
    assert not torch.allclose(forbidden[0], full[0])


def test_each_place_reads_the_tokens_by_itself() -> None:
    """Where places differ, they take different shares of the same tokens."""
    torch.manual_seed(0)
    block = AttentionBlock(8, 2, reads_tokens=True)
    torch.nn.init.normal_(block.out.weight)
    x = torch.randn(1, 8, 3, 3)
    first, second = (block(x, torch.randn(1, 4, 8)) - x for _ in range(2))
    moved = (first - second)[0].flatten(1)
    assert (moved.std(1) > 1e-3).all()


@pytest.mark.parametrize("labels", ["attention", "both"])
@pytest.mark.parametrize("recipe", ["masked", "ddpm-palette"])
def test_labels_reach_the_loss_by_way_of_attention(recipe: str, labels: str) -> None:
    model = tiny_model(recipe, conditioning=labels)
    stage = model.stages()[-1]
    batch = Batch(torch.randint(0, 5, (16, 1, 6, 8)), torch.ones(16, 2))
    stage.initialize(batch)
    optimizer = torch.optim.Adam(stage.module.parameters(), lr=0.03)
    reached: set[str] = set()
    for step in range(8):
        optimizer.zero_grad()
        torch.stack([*stage.loss(batch, 0.5, BatchNoise(16, 0, step)).values()]).sum().backward()
        reached |= {
            name
            for name, parameter in stage.module.named_parameters()
            if parameter.grad is not None and parameter.grad.abs().sum() > 0
        }
        optimizer.step()
    missed = {name for name, _ in stage.module.named_parameters()} - reached
    # No sprite of this batch lacks a label.
    assert {name.rpartition(".")[2] for name in missed} <= {"absent"}
    with torch.no_grad():
        with_, without = (
            stage.held_out(Batch(batch.pixels, sign * batch.labels), BatchNoise(16, 0, 0))["bits"]
            for sign in (1, -1)
        )
    assert (with_ - without).abs().max() > 1e-4


@pytest.mark.parametrize("recipe", ["masked", "ddpm-palette"])
def test_without_labels_there_is_nothing_to_attend_to(recipe: str) -> None:
    plain = tiny_model(recipe, domain(labels=0))
    attending = tiny_model(recipe, domain(labels=0), conditioning="attention")
    assert plain.module.state_dict().keys() == attending.module.state_dict().keys()
