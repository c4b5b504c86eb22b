"""Every composition of an autoencoder that is not refused learns, draws and reconstructs."""

from __future__ import annotations

import contextlib
from itertools import product

import pytest
import torch

from pxgen.errors import InputError
from pxgen.models.protocol import Batch, Model, SamplingParams
from pxgen.noise import BatchNoise, PictureNoise
from tests.tiny import domain, tiny_model

PIXELS = ("index", "support", "onehot", "sigmoid", "rgba")
PRIORS = ("fitted", "standard", "aggregate")
CANVASES = (domain(), domain(frames=2), domain(labels=0), domain(1, 1, 1))


@pytest.mark.parametrize("pixels", PIXELS)
@pytest.mark.parametrize("latent", ["point", "gaussian", "gumbel"])
@pytest.mark.parametrize("body", ["dense", "conv", "plain"])
def test_compositions_work(body: str, latent: str, pixels: str) -> None:
    made = 0
    for keep_map, prior, encoder, decoder, target in product((0, 1), PRIORS, *[(0, 1)] * 3):
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


def try_out(model: Model) -> None:
    of = model.domain
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, of.colors, (8, *of.canvas), generator=generator)
    labels = torch.randint(0, 2, (8, of.labels), generator=generator) * 2.0 - 1
    batch = Batch(pixels, labels)
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
