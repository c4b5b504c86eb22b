"""Gaussian diffusion: bound, self-conditioning, samplers and codes."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from pxgen.errors import InputError
from pxgen.models.diffusion.encodings import PaletteEncoding
from pxgen.models.diffusion.gaussian import GaussianDiffusion, Prediction
from pxgen.models.protocol import Batch, SamplingParams
from pxgen.noise import BatchNoise, PictureNoise
from tests.support.tiny import certain, domain, tiny_model

DOMAIN = domain()


P, K = DOMAIN.canvas.pixels, DOMAIN.colors


@pytest.mark.parametrize("planes", ["embedding", "onehot"])
def test_the_bound_is_that_of_the_data_where_the_network_knows_it(planes: str) -> None:
    """Pixels drawn on their own by known chances cost their entropy, whatever the noise."""
    model = tiny_model("ddpm-palette", encoding=planes, levels=200, self_condition=False)
    assert isinstance(model, GaussianDiffusion)
    chances = torch.tensor([0.4, 0.3, 0.15, 0.1, 0.05])
    generator = torch.Generator().manual_seed(0)
    shape = (128, *model.domain.canvas)
    drawn = torch.multinomial(chances, math.prod(shape), replacement=True, generator=generator)
    assert isinstance(model.encoding, PaletteEncoding)
    with torch.no_grad():
        model.encoding.palette.zero_()
        model.encoding.bias.copy_(chances.log().expand_as(model.encoding.bias))
        batch = Batch(drawn.view(shape), torch.zeros(128, 2))
        parts = [model.held_out(batch, BatchNoise(128, 0, k))["bits"] for k in range(8)]
    cost = -chances.log2()[drawn].view(128, -1).sum(1)
    # The levels are finite, and each costs a little more than it would in the limit.
    assert float(torch.stack(parts).mean()) == pytest.approx(float(cost.mean()), rel=0.05)
    assert float(torch.stack(parts).mean()) > 0.98 * float(cost.mean())


def guesses_of_training(model: GaussianDiffusion, steps: int) -> list[list[torch.Tensor]]:
    """What the network was shown beside the noisy planes, at each look of each step."""
    shown: list[list[torch.Tensor]] = []
    network, channels = model.net.forward, model.encoding.channels

    def watched(planes: torch.Tensor, *more: torch.Tensor) -> torch.Tensor:
        shown[-1].append(planes[..., channels:])
        return network(planes, *more)

    model.net.forward = watched  # type: ignore[method-assign]
    batch = Batch(torch.randint(0, K, (4, *model.domain.canvas)), torch.ones(4, 2))
    for step in range(steps):
        shown.append([])
        model.loss(batch, 0.5, BatchNoise(4, 0, step))
    return shown


def test_half_of_the_steps_train_self_conditioning() -> None:
    model = tiny_model("ddpm-palette", self_condition=True)
    assert isinstance(model, GaussianDiffusion)
    shown = guesses_of_training(model, 200)
    # Each first look is at nothing; one in two is followed by another at what was guessed.
    assert not any(looks[0].any() for looks in shown)
    again = [looks[1] for looks in shown if len(looks) == 2]
    assert 75 < len(again) < 125
    assert all(len(looks) <= 2 for looks in shown)
    assert all(guess.any(-1).all() for guess in again)


def test_without_self_conditioning_the_network_is_asked_once() -> None:
    model = tiny_model("ddpm-palette", self_condition=False)
    assert isinstance(model, GaussianDiffusion)
    assert [len(looks) for looks in guesses_of_training(model, 20)] == [1] * 20


@pytest.mark.parametrize("sampler", ["ddim", "ddpm", "dpmpp"])
def test_every_sampler_ends_in_what_the_network_is_sure_of(sampler: str) -> None:
    """A bias that leaves no doubt decides every pixel, from any noise."""
    model = tiny_model("ddpm-palette")
    assert isinstance(model, GaussianDiffusion)
    wanted = torch.arange(P) % K
    assert isinstance(model.encoding, PaletteEncoding)
    with torch.no_grad():
        certain(model.encoding, wanted)
        sampling = SamplingParams(sampler=sampler, steps=5)
        drawn = model.sample(torch.zeros(3, 2), PictureNoise(0, range(3)), sampling)
    assert torch.equal(drawn.flatten(1).long(), wanted.expand(3, -1))


def test_guidance_moves_away_from_what_no_label_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the unconditional scores, guidance times as far as to the conditional ones."""
    model = tiny_model("ddpm-palette")
    assert isinstance(model, GaussianDiffusion)
    free, told = torch.randn(2, 1, P, K, generator=torch.Generator().manual_seed(0))

    def network(x: torch.Tensor, last: object, labels: torch.Tensor, *_: object) -> Prediction:
        return x, told if labels.any() else free

    monkeypatch.setattr(model, "_predict", network)
    seen: list[torch.Tensor] = []
    x = torch.randn(1, P, model.encoding.channels)
    model._predictor(torch.ones(1, 2), SamplingParams(guidance=3.0), seen)(x, 5)
    assert torch.allclose(seen[0], free + 3.0 * (told - free), atol=1e-5)


def test_each_step_sees_what_the_last_one_predicted(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model("ddpm-palette", self_condition=True)
    assert isinstance(model, GaussianDiffusion)
    predict, shown, predicted = model._predict, [], []

    def watched(x: torch.Tensor, last: torch.Tensor, *arguments: Any) -> Prediction:
        shown.append(last)
        features, scores = predict(x, last, *arguments)
        predicted.append(model.encoding.expected_x0(scores))
        return features, scores

    monkeypatch.setattr(model, "_predict", watched)
    with torch.no_grad():
        model.sample(torch.ones(1, 2), PictureNoise(0, [0]), SamplingParams(steps=3))
    assert not shown[0].any()
    for last, before in zip(shown[1:], predicted, strict=False):
        assert torch.equal(last, before)
    assert len(shown) == 3


def test_a_drawing_without_added_noise_is_described_by_its_start_alone() -> None:
    model = tiny_model("ddpm-palette")
    labels = torch.zeros(2, 2)
    for sampler, steps in (("ddim", 1), ("dpmpp", 1), ("ddpm", 4)):
        sampling = SamplingParams(sampler=sampler, steps=4)
        code = model.draw(labels, PictureNoise(0, range(2)), sampling)
        assert code.noises.shape[1] == steps


def test_codes_made_of_different_noise_mix() -> None:
    """An image's code is a start alone; a drawing by DDPM brings noise for every step."""
    model = tiny_model("ddpm-palette", sampler="ddpm")
    labels = torch.zeros(1, 2)
    sprite = torch.randint(0, K, (1, *model.domain.canvas)).to(torch.uint8)
    image = model.encode(sprite, labels, PictureNoise(0, [0]))
    drawing = model.draw(labels, PictureNoise(1, [0]), SamplingParams())
    for a, b in ((image, drawing), (drawing, image)):
        for weight, end in ((0.0, a), (1.0, b)):
            mixed = model.decode(model.mix(a, b, weight), PictureNoise(5, [0]))
            assert torch.equal(mixed, model.decode(end, PictureNoise(5, [0])))
        between = model.decode(model.mix(a, b, 0.4), PictureNoise(5, [0]))
        assert between.shape == sprite.shape


def test_an_image_is_encoded_whatever_noise_drawings_add() -> None:
    model = tiny_model("ddpm-palette", sampler="ddim", eta=0.7)
    sprite = torch.randint(0, K, (1, *model.domain.canvas)).to(torch.uint8)
    code = model.encode(sprite, torch.zeros(1, 2), PictureNoise(0, [0]))
    assert model.decode(code, PictureNoise(0, [0])).shape == sprite.shape


def test_a_drawing_of_more_noise_than_fits_memory_is_refused() -> None:
    model = tiny_model("ddpm-palette", domain(height=1024, width=1024), levels=500, sampler="ddpm")
    with pytest.raises(InputError, match="fewer --steps"):
        model.draw(torch.zeros(1, 2), PictureNoise(0, [0]), SamplingParams(steps=500))


def test_more_noise_than_memory_holds_is_one_line() -> None:
    model = tiny_model("ddpm-palette", domain(1, 256, 256, 0))
    with pytest.raises(InputError, match=r"500 steps .* do not fit memory"):
        model.sample(
            torch.zeros(1, 0), PictureNoise(0, [0]), SamplingParams(sampler="ddpm", steps=500)
        )
