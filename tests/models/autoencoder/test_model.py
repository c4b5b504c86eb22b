"""Every composition of an autoencoder that is not refused learns, draws and reconstructs."""

from __future__ import annotations

import contextlib
import math
from itertools import product

import pytest
import torch

from pxgen.errors import InputError
from pxgen.models.protocol import Batch, Model, SamplingParams
from pxgen.noise import BatchNoise, PictureNoise
from tests.support.tiny import domain, tiny_model

PIXELS = ("index", "support", "onehot", "sigmoid", "rgba")
LABELS = ((0, 0, 0), (1, 1, 0), (1, 0, 1), (0, 1, 1))
"""Where labels enter (encoder, decoder, target): any two of them with and without one another."""
PRIORS = ("fitted", "standard", "aggregate")
CANVASES = (domain(), domain(frames=2), domain(labels=0), domain(1, 1, 1))


@pytest.mark.parametrize("pixels", PIXELS)
@pytest.mark.parametrize("latent", ["point", "gaussian", "gumbel"])
@pytest.mark.parametrize("body", ["dense", "conv", "plain"])
def test_compositions_work(body: str, latent: str, pixels: str) -> None:
    made = 0
    for keep_map, prior, flags in product((0, 1), PRIORS, LABELS):
        encoder, decoder, target = flags
        parts = {
            "encoding": pixels,
            "body": body,
            "latent": latent,
            "prior": prior,
            "keep_map": bool(keep_map),
            "encoder_labels": bool(encoder),
            "decoder_labels": bool(decoder),
            "target_labels": bool(target),
        }
        with contextlib.suppress(InputError):
            try_out(
                tiny_model(
                    "ae", CANVASES[made % len(CANVASES)], **parts, loss_pixels=7 * (made % 2)
                )
            )
            made += 1
    assert made or (pixels == "support" and body != "dense")


def random_batch(model: Model, count: int) -> Batch:
    of = model.domain
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, of.colors, (count, *of.canvas), generator=generator)
    return Batch(
        pixels, torch.randint(0, 2, (count, of.label_count), generator=generator) * 2.0 - 1
    )


def try_out(model: Model) -> None:
    of, batch = model.domain, random_batch(model, 8)
    pixels, labels = batch.pixels, batch.labels
    for stage in model.stages():
        stage.initialize(batch)
        terms = stage.loss(batch, 0.5, BatchNoise(8, 0, 0))
        assert all(term.isfinite() for term in terms.values())
        figures = stage.held_out(batch, BatchNoise(8, 0, 0))
        assert all(figure.shape == (8,) for figure in figures.values())
        stage.fit_prior([batch])
    with torch.no_grad():
        drawn = model.sample(labels[:3], PictureNoise(0, range(3)), SamplingParams())
        code = model.encode(pixels[:1].to(torch.uint8), labels[:1], PictureNoise(0, [0]))
        other = model.draw(labels[:1], PictureNoise(1, [0]), SamplingParams())
        mixed = model.decode(model.mix(code, other, 0.5), PictureNoise(0, [0]))
    assert drawn.shape == (3, *of.canvas)
    assert int(drawn.max()) < of.colors
    assert mixed.shape == (1, *of.canvas)


@pytest.mark.parametrize("recipe", ["vae", "gsvae"])
def test_the_code_pays_for_what_it_says(recipe: str) -> None:
    model = tiny_model(recipe)
    batch = random_batch(model, 32)
    (stage,) = (stage for stage in model.stages() if stage.counts_in_bits)
    stage.initialize(batch)
    figures = stage.held_out(batch, BatchNoise(32, 0, 0))
    assert (figures["code_bits"] >= 0).all()
    assert (figures["bits"] > figures["code_bits"]).all()
    use = model.code_use([batch, batch])
    assert 0 <= use["active_units"] <= use["units"] == 4


@pytest.mark.parametrize("recipe", ["vae", "gsvae"])
def test_the_loss_is_the_bound_a_pixel(recipe: str) -> None:
    """Learnt is what held-out figures count: nats of the pixels and of the code, over P pixels."""
    model = tiny_model(recipe, domain(labels=0), encoding="onehot", kl=1.0)
    batch = random_batch(model, 256)
    (stage,) = model.stages()
    with torch.no_grad():
        terms = stage.loss(batch, 1.0, BatchNoise(256, 0, 0))
        bits = stage.held_out(batch, BatchNoise(256, 1, 0))
    bits_a_nat_a_pixel = model.domain.canvas.pixels / math.log(2)
    code = float(bits["code_bits"].mean())
    assert float(terms["code"]) * bits_a_nat_a_pixel == pytest.approx(code, rel=1e-4)
    pixels = float(bits["bits"].mean()) - code
    assert float(terms["pixels"]) * bits_a_nat_a_pixel == pytest.approx(pixels, rel=0.01)
