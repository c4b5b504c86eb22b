"""The contract that every model keeps, for every recipe."""

from __future__ import annotations

import math

import pytest
import torch

from pxgen.models.protocol import AUGMENTATION, Batch, SamplingParams
from pxgen.models.vqvae.model import VqVae
from pxgen.noise import BatchNoise, PictureNoise
from tests.support.tiny import FAMILIES, PALETTE, RECIPES, domain, tiny_model

OTHERS = [domain(frames=2), domain(labels=0), domain(height=1, width=1), domain(1, 9, 17)]
MODELS = [(recipe, domain()) for recipe in RECIPES]
MODELS += [(recipe, of) for recipe in FAMILIES for of in OTHERS]


def example(of=None, count: int = 6) -> Batch:  # type: ignore[no-untyped-def]
    of = of or domain()
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, of.colors, (count, *of.canvas), generator=generator)
    labels = torch.randint(0, 2, (count, of.label_count), generator=generator) * 2.0 - 1
    return Batch(pixels, labels)


@pytest.mark.parametrize(("recipe", "of"), MODELS, ids=str)
def test_samples_have_the_canvas_and_stay_in_the_palette(recipe: str, of) -> None:  # type: ignore[no-untyped-def]
    model = tiny_model(recipe, of)
    drawn = model.sample(
        torch.zeros(3, of.label_count), PictureNoise(0, range(3)), SamplingParams(steps=3)
    )
    assert drawn.shape == (3, *of.canvas)
    assert drawn.dtype == torch.uint8
    assert int(drawn.max()) < of.colors
    assert not (model.steerable and of.label_count == 0)


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_sampler_draws_and_repeats(recipe: str) -> None:
    model = tiny_model(recipe)
    labels = torch.eye(2)
    for name in model.samplers:
        sampling = SamplingParams(sampler=name, steps=4, guidance=2.0, temperature=0.9)
        first = model.sample(labels, PictureNoise(1, [0, 1]), sampling)
        assert torch.equal(first, model.sample(labels, PictureNoise(1, [0, 1]), sampling))


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_trace_ends_in_the_sample(recipe: str) -> None:
    model = tiny_model(recipe)
    labels = torch.eye(2)
    steps = list(model.trace(labels, PictureNoise(2, [0, 1]), SamplingParams(steps=4)))
    assert len(steps) > 1
    assert torch.equal(
        steps[-1], model.sample(labels, PictureNoise(2, [0, 1]), SamplingParams(steps=4))
    )
    assert all(int(step.max()) < len(PALETTE) for step in steps)


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_code_of_a_sample_decodes_to_it(recipe: str) -> None:
    model = tiny_model(recipe)
    labels, sampling = torch.eye(2), SamplingParams()
    code = model.draw(labels, PictureNoise(3, [0, 1]), sampling)
    sample = model.sample(labels, PictureNoise(3, [0, 1]), sampling)
    assert torch.equal(model.decode(code, PictureNoise(9, [0, 1])), sample)


@pytest.mark.parametrize("recipe", RECIPES)
def test_mixtures_begin_and_end_exactly(recipe: str) -> None:
    model = tiny_model(recipe)
    batch = example(count=2)
    codes = [
        model.encode(batch.pixels[i : i + 1], batch.labels[i : i + 1], PictureNoise(0, [i]))
        for i in range(2)
    ]
    for weight, end in ((0.0, codes[0]), (1.0, codes[1])):
        mixed = model.decode(model.mix(*codes, weight), PictureNoise(5, [0]))
        direct = model.decode(end, PictureNoise(5, [0]))
        assert torch.equal(mixed, direct)


@pytest.mark.parametrize("recipe", RECIPES)
def test_losses_are_finite_scalars_and_reach_every_weight(recipe: str) -> None:
    model = tiny_model(recipe)
    batch = example(count=64)
    for stage in model.stages():
        if stage.told_of_augmentation:
            # Into the other half labels draw.
            told = torch.randn(64, AUGMENTATION) * (torch.arange(64) % 2).unsqueeze(1)
            batch = batch._replace(augmentation=told)
        stage.initialize(batch)
        # Several steps, because layers that start at zero hide those behind them.
        optimizer = torch.optim.SGD(stage.module.parameters(), lr=0.1)
        reached: set[str] = set()
        for step in range(4):
            terms = stage.loss(batch, 0.5, BatchNoise(len(batch.pixels), 0, step))
            assert all(term.shape == () and term.isfinite() for term in terms.values())
            optimizer.zero_grad()
            torch.stack(list(terms.values())).sum().backward()
            reached |= {
                name
                for name, parameter in stage.module.named_parameters()
                if parameter.grad is not None and parameter.grad.abs().sum() > 0
            }
            optimizer.step()
        assert reached == {name for name, _ in stage.module.named_parameters()}


@pytest.mark.parametrize("recipe", RECIPES)
def test_an_untrained_bound_is_near_the_entropy_of_noise(recipe: str) -> None:
    """Uniform noise costs log2 K bits a pixel; a bound far below it would be a wrong weighting."""
    model = tiny_model(recipe)
    batch = example(count=64)
    if not any(stage.counts_in_bits for stage in model.stages()):
        pytest.skip("no likelihood")
    bits = torch.zeros(64)
    for stage in model.stages():
        stage.initialize(batch)
        if stage.counts_in_bits:
            with torch.no_grad():
                bits += stage.held_out(batch, BatchNoise(64, 0, 0))["bits"]
    fair = domain().canvas.pixels * math.log2(len(PALETTE))
    if isinstance(model, VqVae):
        # Codes that say nothing yet are paid for all the same.
        codec = model.codec
        fair += codec.grids.top.pixels * math.log2(codec.top.codes)
        fair += codec.grids.bottom.pixels * math.log2(codec.bottom.codes)
    assert bits.shape == (64,)
    # Logits of random weights, which say what is not so, cost 5 to 25 % more.
    assert bits.mean().item() == pytest.approx(fair, rel=0.3)


@pytest.mark.parametrize("recipe", RECIPES)
def test_pictures_do_not_depend_on_their_company(recipe: str) -> None:
    model = tiny_model(recipe)
    for sampler in model.samplers:
        sampling = SamplingParams(sampler=sampler, steps=70)
        together = model.sample(torch.zeros(8, 2), PictureNoise(0, range(8)), sampling)
        for i in (0, 3, 7):
            alone = model.sample(torch.zeros(1, 2), PictureNoise(0, [i]), sampling)
            assert torch.equal(together[i], alone[0])


def test_labels_steer_only_where_there_are_any() -> None:
    assert tiny_model(of=domain(labels=3)).steerable
    assert not tiny_model(of=domain(labels=0)).steerable
