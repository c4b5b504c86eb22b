"""Label conditioning: tokens, the label prior and label dropout."""

from __future__ import annotations

import pytest
import torch

from pxgen.models import conditioning
from pxgen.models.conditioning import LabelPrior, LabelTokens, drop_labels, label_stage
from pxgen.models.protocol import AUGMENTATION, Batch
from pxgen.noise import BatchNoise, PictureNoise, seed_weights
from tests.support.tiny import domain, tiny_model


def test_labels_that_nobody_decided_on_are_silent_and_weights_weigh() -> None:
    tokens = LabelTokens(3, 5)
    none, half, full, forbidden = tokens(
        torch.tensor([[0.0, 0, 0], [0.5, 0, 0], [1, 0, 0], [-1, 0, 0]])
    )[:, LabelTokens.REGISTERS :]
    assert not none.any()
    assert torch.equal(full, 2 * half)
    assert torch.equal(full[1:], torch.zeros(2, 5))
    assert forbidden[0].any()
    assert not torch.allclose(forbidden[0], -full[0])
    assert not torch.allclose(forbidden[0], full[0])


@pytest.mark.parametrize("labels", ["attention", "both"])
@pytest.mark.parametrize("recipe", ["masked", "ddpm-palette"])
def test_labels_reach_the_loss_by_way_of_attention(recipe: str, labels: str) -> None:
    model = tiny_model(recipe, conditioning=labels)
    stage = model.stages()[-1]
    batch = Batch(torch.randint(0, 5, (16, 1, 6, 8)), torch.ones(16, 2))
    # Into the other half labels draw.
    batch = batch._replace(augmentation=torch.ones(16, AUGMENTATION).tril(-8))
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


def test_forbidden_labels_stay_forbidden_and_asked_ones_asked() -> None:
    prior = LabelPrior(5, 8)
    asked = torch.tensor([[1.0, -1.0, 0.0, 0.5, 0.0]]).repeat(20, 1)
    drawn = prior.complete(asked, PictureNoise(0, range(20)))
    assert torch.equal(drawn[:, [0, 1, 3]], asked[:, [0, 1, 3]])
    assert set(drawn[:, [2, 4]].flatten().tolist()) == {-1.0, 1.0}


def learnt(rows: torch.Tensor, *, width: int, steps: int = 150) -> LabelPrior:
    """A label prior trained on ``(B, L)`` labels in {-1, 1}."""
    seed_weights(0)
    prior = LabelPrior(rows.shape[1], width)
    optimizer = torch.optim.Adam(prior.parameters(), lr=1e-2)
    for step in range(steps):
        loss = prior.loss(rows, BatchNoise(len(rows), 0, step)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return prior


def test_a_label_prior_learns_what_goes_together() -> None:
    """Two kinds, each with two hats of its own: a hat names its kind and excludes the others."""
    rows = torch.tensor(
        [[1, 0, 1, 0, 0, 0], [1, 0, 0, 1, 0, 0], [0, 1, 0, 0, 1, 0], [0, 1, 0, 0, 0, 1]]
    )
    prior = learnt(rows.repeat(8, 1) * 2.0 - 1, width=32)
    asked = torch.eye(6).repeat(10, 1)
    with torch.no_grad():
        drawn = prior.complete(asked, PictureNoise(0, range(60)))
    legal = {tuple(row) for row in (rows * 2 - 1).tolist()}
    assert sum(tuple(row) in legal for row in drawn.int().tolist()) >= 57
    assert len({tuple(row) for row in drawn.int().tolist()} & legal) == 4


def test_labels_that_exclude_each_other_are_drawn_together_only_if_asked_for() -> None:
    prior = LabelPrior(3, 8)
    open_ = torch.zeros(300, 3)

    def together(asked: torch.Tensor) -> tuple[int, int]:
        drawn = prior.complete(asked, PictureNoise(0, range(len(asked)))) > 0
        return int(drawn[:, :2].all(1).sum()), int(drawn[:, 1:].all(1).sum())

    with torch.no_grad():
        assert together(open_)[0] > 0
        prior.exclusive[[0, 1], [1, 0]] = 1
        assert together(open_)[0] == 0
        assert together(open_)[1] > 0
        assert together(torch.tensor([[1.0, 0.4, 0.0]]).repeat(50, 1))[0] == 50
    clashes = prior.clashes(torch.tensor([[1.0, 0.4, -1.0], [1, -1, 1], [0, 1, 0]]))
    assert clashes.tolist() == [1, 0, 0]


def test_of_too_many_labels_no_pairs_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditioning, "MAX_PAIRED_LABELS", 2)
    prior = LabelPrior(3, 8)
    assert prior.exclusive.shape == (0, 0)
    assert prior.complete(torch.zeros(4, 3), PictureNoise(0, range(4))).shape == (4, 3)
    assert prior.clashes(torch.ones(4, 3)) == 0


def test_sets_of_different_sizes_keep_their_shares() -> None:
    """Half of the sprites bear no label and half bear three: so must the draws."""
    rows = torch.tensor([[0, 0, 0], [1, 1, 1]]).repeat(16, 1) * 2.0 - 1
    prior = learnt(rows, width=16)
    with torch.no_grad():
        drawn = prior.complete(torch.zeros(400, 3), PictureNoise(0, range(400)))
    assert 0.4 < (drawn < 0).all(1).float().mean() < 0.6


def test_label_dropout_hides_these_shares() -> None:
    """Shares that a random part leaves of n labels are integrals: none is left once in n + 1."""
    labels = torch.ones(40_000, 4)
    labels[:, 2:] = -1
    seen = drop_labels(labels, BatchNoise(40_000, 0, 0), 0.1)
    assert torch.equal(seen[seen != 0], labels[seen != 0])
    present, absent = (seen[:, :2] != 0).any(1), (seen[:, 2:] != 0).any(1)
    # Eight in ten of those with sight, and of one in ten those that happen to keep all four.
    assert share((seen == labels).all(1)) == pytest.approx(0.9 * (0.8 + 0.1 / 5), abs=0.01)
    # The blind, and of two times one in ten those that happen to keep none of two, of four.
    assert share(~present & ~absent) == pytest.approx(0.1 + 0.09 * (1 / 3 + 1 / 5), abs=0.01)
    # One in ten keeps present labels only; of another the absent ones are gone by chance.
    assert share(present & ~absent) == pytest.approx(0.09 * (2 / 3 + 1 / 3 - 1 / 5), abs=0.005)
    assert share(absent & ~present) == pytest.approx(0.09 * (1 / 3 - 1 / 5), abs=0.005)


def share(which: torch.Tensor) -> float:
    return float(which.float().mean())


def test_held_out_labels_cost_what_their_distribution_says() -> None:
    """None of six labels or all, equally likely: one bit, in whichever order they come."""
    rows = torch.tensor([[-1.0] * 6, [1.0] * 6]).repeat(32, 1)
    prior = learnt(rows, width=32, steps=200)
    with torch.no_grad():
        batch = Batch(torch.zeros(64, 1, 2, 2, dtype=torch.long), rows)
        bits = label_stage(prior).held_out(batch, BatchNoise(64, 1, 0))["bits"]
    assert 0.9 < bits.mean() < 1.6
