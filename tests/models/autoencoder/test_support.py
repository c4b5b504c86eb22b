"""A softmax over the colours seen at a place is a softmax over all colours."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from pxgen.canvas import Canvas, Domain
from pxgen.errors import InputError
from pxgen.models.autoencoder.support import SupportEncoding
from pxgen.models.protocol import SamplingParams
from pxgen.noise import PictureNoise
from tests.support.tiny import PALETTE, tiny_model

K = len(PALETTE)
CANVAS = Canvas(1, 2, 3)


def learnt(slots: int, sprites: Tensor | None = None) -> SupportEncoding:
    """Place 0 shows one colour, place 5 all of them, those between a few."""
    if sprites is None:
        generator = torch.Generator().manual_seed(0)
        most = torch.tensor([1, 2, 3, 3, 4, K])
        sprites = (torch.rand(200, 6, generator=generator) * most).long()
    pixels = SupportEncoding(Domain(CANVAS, PALETTE.rows, 0), slots=slots)
    pixels.start_from(sprites)
    return pixels


def chances(pixels: SupportEncoding, features: Tensor) -> Tensor:
    """``(B, P, K)`` probability of every colour at every place, told from costs of sprites."""
    base = torch.zeros(len(features), 6, dtype=torch.int64)
    table = torch.zeros(len(features), 6, K)
    for place in range(6):
        for color in range(K):
            asked = base.clone()
            asked[:, place] = color
            table[:, place, color] = -pixels.cost(features, asked)
    # The other places cost the same each time; what is left is this place's own logit.
    return table.softmax(-1)


@pytest.mark.parametrize("slots", [2, 3, 8])
def test_costs_are_those_of_a_distribution_over_all_colours(slots: int) -> None:
    pixels = learnt(slots)
    features = torch.randn(4, 6, slots, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        table = chances(pixels, features)
        whole = torch.cartesian_prod(*[torch.arange(K)] * 6)
        nats = torch.cat(
            [pixels.cost(features[:1].expand(len(part), -1, -1), part) for part in whole.split(500)]
        )
    assert nats.isfinite().all()
    assert torch.exp(-nats.double()).sum().item() == pytest.approx(1, rel=1e-4)
    expected = -table[0].log()[torch.arange(6), whole].sum(1)
    assert torch.allclose(nats, expected, atol=1e-4)


@pytest.mark.parametrize("slots", [2, 3, 8])
def test_the_decision_is_the_likeliest_colour(slots: int) -> None:
    pixels = learnt(slots)
    features = 3 * torch.randn(64, 6, slots, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        assert torch.equal(pixels.decide(features), chances(pixels, features).argmax(-1))


def test_before_any_training_a_place_costs_what_its_colours_do() -> None:
    sprites = torch.tensor([[0, 1, 2, 3, 4, 0]] * 3 + [[0, 1, 2, 3, 4, 1]]).repeat(100, 1)
    chance = (-learnt(8, sprites).cost(torch.zeros(2, 6, 8), sprites[2:4])).exp()
    assert chance.tolist() == pytest.approx([0.75, 0.25], rel=0.05)


def test_gradients_are_finite_where_places_lack_slots_or_colours() -> None:
    for slots in (2, 8):
        pixels = learnt(slots)
        features = torch.randn(4, 6, slots, requires_grad=True)
        pixels.cost(features, torch.randint(0, K, (4, 6))).sum().backward()
        assert features.grad is not None
        assert features.grad.isfinite().all()


def test_convolutions_cannot_have_it() -> None:
    with pytest.raises(InputError, match="needs body"):
        tiny_model("conv-ae", encoding="support")


@pytest.mark.parametrize("table", ["place", "color", "common"])
@pytest.mark.parametrize("value", [-1, 2**45])
def test_tables_that_index_beside_the_canvas_are_refused(table: str, value: int) -> None:
    state = {name: tensor.clone() for name, tensor in learnt(3).state_dict().items()}
    fresh = SupportEncoding(Domain(CANVAS, PALETTE.rows, 0), slots=3)
    fresh.load_state_dict(state)
    state[table][-1] = value
    with pytest.raises(ValueError, match="damaged"):
        fresh.load_state_dict(state)


def test_a_sprite_enters_as_what_its_pixels_show() -> None:
    pixels = learnt(8)
    sprites = torch.tensor([[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1], [0, 1, 0, 0, 0, 0]])
    nothing, first, second = pixels(sprites).flatten(1)
    assert [each.sum() for each in (nothing, first, second)] == [6, 6, 6]
    assert not torch.equal(first, second)
    (both,) = pixels(torch.tensor([[0, 1, 0, 0, 0, 1]])).flatten(1)
    assert torch.equal(both - nothing, (first - nothing) + (second - nothing))


def test_logits_that_overflow_decide_on_entries_all_the_same() -> None:
    model = tiny_model("ae")
    with torch.no_grad():
        for parameter in model.module.parameters():
            parameter.fill_(3e38)
        drawn = model.sample(torch.zeros(2, 2), PictureNoise(0, [0, 1]), SamplingParams())
    assert int(drawn.max()) < model.domain.colors
