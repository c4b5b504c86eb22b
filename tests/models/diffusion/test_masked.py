"""Masked diffusion: its any-order bound, and its guidance schedule."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import permutations

import pytest
import torch

from pxgen.models.diffusion.masked import GIVEN_TEMPERATURE, MaskedDiffusion, MaskedSpec
from pxgen.models.layers import at_places
from pxgen.models.protocol import Batch, SamplingParams
from pxgen.models.temperature import TEMPERATURES, PixelTemperature
from pxgen.noise import BatchNoise, PictureNoise
from tests.support.tiny import domain, tiny_model

K = domain().colors
P = domain().canvas.pixels


def scores_at(features: torch.Tensor, _: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """A head whose features are logits."""
    return at_places(features, places)


def test_the_bound_weighs_every_order_alike() -> None:
    """Three pixels and a made-up network: all orders and all parts of them can be listed."""
    of = domain(height=1, width=3, labels=0)
    model = MaskedDiffusion(MaskedSpec(width=8, coarse=8, depth=1, hidden=8, rank=4), of)
    scores = torch.rand(6**3, 3, 5, generator=torch.Generator().manual_seed(3)) * 4

    def network(tokens: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return scores[(tokens * torch.tensor([1, 6, 36])).sum(1)]

    model.denoiser.forward = network  # type: ignore[method-assign]
    model.denoiser.score = scores_at  # type: ignore[method-assign]
    sprite = torch.tensor([1, 4, 2])
    exact = 0.0
    for order in permutations(range(3)):
        tokens = torch.full((1, 3), 5)
        for place in order:
            logits = network(tokens, torch.zeros(1, 0))
            exact -= float(logits[0, place].log_softmax(-1)[sprite[place]]) / 6 / math.log(2)
            tokens[0, place] = sprite[place]
    batch = Batch(sprite.view(1, 1, 1, 3).repeat(4000, 1, 1, 1), torch.zeros(4000, 0))
    bits = model.held_out(batch, BatchNoise(4000, 0, 0))["bits"]
    assert bits.mean().item() == pytest.approx(exact, rel=0.01)


def trained() -> MaskedDiffusion:
    """A model whose weights are all random: new ones have zeros, which hide mistakes."""
    model = tiny_model("masked")
    assert isinstance(model, MaskedDiffusion)
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.denoiser.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def test_a_share_of_stills_is_learnt_with_a_part_known() -> None:
    """Of some nothing of a half is masked and much of the other: by chance of one in a thousand."""
    model = tiny_model("masked")
    assert isinstance(model, MaskedDiffusion)
    seen: list[torch.Tensor] = []
    model.denoiser.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    batch = Batch(torch.zeros(2000, 1, 6, 8, dtype=torch.long), torch.zeros(2000, 2))
    model.loss(batch, 0.5, BatchNoise(2000, 0, 0))
    hidden = (seen[0] == model.denoiser.mask_token).view(-1, 6, 8)
    halves = [hidden[:, :3], hidden[:, 3:], hidden[:, :, :4], hidden[:, :, 4:]]
    many = hidden.flatten(1).sum(1) >= 12
    apart = torch.stack([~half.flatten(1).any(1) for half in halves]).any(0) & many
    assert 0.005 < float(apart.float().mean()) < 0.125
    spec = MaskedSpec(template="no", width=8, coarse=8, depth=1, hidden=8, rank=4)
    assert MaskedDiffusion(spec, domain()).given(BatchNoise(8, 0, 0)) is None


def test_masked_pixels_do_not_leak_into_their_own_bound() -> None:
    """With all pixels masked another sprite gives the same logits."""
    model, seen = trained(), []
    for color in (1, 2):
        pixels = torch.full((1, *domain().canvas), color)
        level = torch.full((1,), 0.999)
        batch = Batch(pixels, torch.zeros(1, 2))
        predicted, _ = model._predict(batch, batch.labels, level, BatchNoise(1, 0, 0), None)
        seen.append(predicted.logits)
    assert torch.equal(*seen)


def test_logits_are_whole_floats_whatever_the_network_ran_in() -> None:
    model = trained()
    tokens = torch.randint(0, K, (2, P))
    with torch.autocast("cpu", torch.bfloat16):
        logits = model.denoiser.score(model.denoiser(tokens, torch.zeros(2, 2)), tokens)
    assert logits.dtype == torch.float32


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_guidance_ramps_up_from_the_conditional(
    guidance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At progress t it is (1 + (g - 1) t) times the step from the unconditional log-chances."""
    model = tiny_model("masked")
    assert isinstance(model, MaskedDiffusion)
    generator = torch.Generator().manual_seed(0)
    free, told = torch.randn(2, K, generator=generator).log_softmax(-1)

    def network(tokens: torch.Tensor, labels: torch.Tensor, *_: object) -> torch.Tensor:
        return torch.where(labels.any(1).view(-1, 1, 1), told, free).expand(-1, P, -1)

    asked: list[torch.Tensor] = []

    def watched(
        self: PixelTemperature, logits: torch.Tensor, drawn: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        asked.append(logits.softmax(-1)[0, 0])
        return logits.softmax(-1), torch.zeros(logits.shape[:2])

    model.denoiser.forward = network  # type: ignore[method-assign]
    model.denoiser.score = scores_at  # type: ignore[method-assign]
    monkeypatch.setattr(PixelTemperature, "probs", watched)
    sampling = SamplingParams(sampler="random", steps=4, guidance=guidance, temperature=1.0)
    model.sample(torch.ones(1, 2), PictureNoise(0, [0]), sampling)
    for step, probabilities in enumerate(asked):
        strength = 1 + (guidance - 1) * step / 4
        wanted = (free + strength * (told - free)).softmax(-1)
        assert torch.allclose(probabilities, wanted, atol=1e-5)
    assert len(asked) == 4


@pytest.mark.parametrize(("recipe", "way"), [("masked", "_unmask"), ("uniform", "_denoise")])
def test_a_code_is_decoded_as_it_was_drawn(
    recipe: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model(recipe)
    sampling = SamplingParams(steps=3, temperature=0.5)
    codes = [model.draw(torch.ones(1, 2), PictureNoise(0, [i]), sampling) for i in range(2)]
    asked: list[object] = []

    def watched(tokens: torch.Tensor, *arguments: object) -> object:
        asked.append(arguments[-1])
        return iter([tokens])

    monkeypatch.setattr(model, way, watched)
    for code in (codes[0], model.mix(*codes, 0.5)):
        model.decode(code, PictureNoise(0, [0]))
    assert asked == [sampling, sampling]


def test_the_rest_of_a_clip_is_drawn_calmer_unless_told_otherwise() -> None:
    model = tiny_model("masked", domain(frames=4))
    torch.nn.init.normal_(next(iter(model.module.parameters())))
    canvas = model.domain.canvas
    mask = torch.ones(canvas, dtype=torch.bool)
    mask[0] = False
    given = SamplingParams(init=torch.ones(canvas, dtype=torch.uint8), mask=mask, steps=4)
    labels = torch.ones(8, model.domain.label_count)

    def drawn(params: SamplingParams) -> torch.Tensor:
        with torch.no_grad():
            return model.sample(labels, PictureNoise(0, range(8)), params)

    calm, wild = (drawn(replace(given, temperature=t)) for t in (GIVEN_TEMPERATURE, 1.0))
    assert torch.equal(drawn(given), calm)
    assert not torch.equal(calm, wild)
    whole = SamplingParams(steps=4)
    assert torch.equal(drawn(whole), drawn(replace(whole, temperature=1.0)))


@torch.inference_mode()
def test_nats_at_a_temperature_of_one_are_those_of_the_bound() -> None:
    model = trained()
    pixels = torch.randint(0, 4, (3, 1, 6, 8), generator=torch.Generator().manual_seed(1))
    batch = Batch(pixels, torch.ones(3, 2))
    noise = [BatchNoise(3, 0, 0, torch.device("cpu")) for _ in range(2)]
    nats = model.nats_by_temperature(batch, noise[0])
    assert nats.shape == (3, len(TEMPERATURES))
    bits = model.held_out(batch, noise[1])["bits"]
    assert torch.allclose(nats[:, -1] * model.domain.canvas.pixels / math.log(2), bits)


def test_a_temperature_that_is_set_is_not_looked_for() -> None:
    (stage,) = tiny_model(temperature=0.4).stages()[-1:]
    assert stage.by_temperature is None
    assert tiny_model().stages()[-1].by_temperature is not None
