"""PixelSNAIL on the palette: quantile codes and draws."""

from __future__ import annotations

import pytest
import torch

from pxgen.models.protocol import SamplingParams
from pxgen.noise import PictureNoise
from tests.support.tiny import domain, tiny_model


@pytest.mark.parametrize("of", [domain(), domain(frames=2), domain(labels=0)], ids=str)
def test_a_sprite_is_encoded_exactly(of) -> None:  # type: ignore[no-untyped-def]
    model = tiny_model("pixelsnail", of)
    for parameter in model.module.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    pixels = torch.randint(0, of.colors, (4, *of.canvas)).to(torch.uint8)
    labels = torch.zeros(4, of.label_count)
    with torch.inference_mode():
        code = model.encode(pixels, labels, PictureNoise(0, range(4)))
        assert torch.equal(model.decode(code, PictureNoise(0, range(4))), pixels)


def test_pixels_are_drawn_by_their_chances() -> None:
    model = tiny_model("pixelsnail", domain(labels=0, height=2, width=2))
    chances = torch.tensor([0.4, 0.3, 0.15, 0.1, 0.05])
    with torch.no_grad():
        model.net.bias.copy_(chances.log().expand_as(model.net.bias))  # type: ignore[attr-defined]
        labels, noise = torch.zeros(2000, 0), PictureNoise(0, range(2000))
        drawn = model.sample(labels, noise, SamplingParams())
        calm = model.sample(labels, PictureNoise(0, range(2000)), SamplingParams(temperature=0.0))
    shares = torch.bincount(drawn.flatten().long(), minlength=5) / drawn.numel()
    assert torch.allclose(shares, chances, atol=0.02)
    # Of colours the likeliest alone; of transparent pixels as many as ever.
    assert calm.unique().tolist() == [0, 1]
    assert (calm == 0).float().mean() == pytest.approx(0.4, abs=0.02)
