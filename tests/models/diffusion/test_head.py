"""The head of a denoiser: it starts at the frequencies of colours, at each place or anywhere."""

from __future__ import annotations

import pytest
import torch

from pxgen.models.diffusion.head import SpriteHead
from tests.support.tiny import domain


def head(*, template: bool) -> SpriteHead:
    torch.manual_seed(0)
    made = SpriteHead()
    made.add_head(domain(), 4, template=template)
    return made


@pytest.mark.parametrize("template", [True, False])
def test_it_starts_at_the_frequencies_of_colours(template: bool) -> None:
    """With few colours at each place's own, exactly; without a template at the whole canvas'."""
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(0, 5, (200, 48), generator=generator) * torch.arange(48).remainder(2)
    made = head(template=template)
    made.start_from(tokens)
    with torch.no_grad():
        shares = made.logits(torch.zeros(1, 48, 4))[0].softmax(-1)
    counts = torch.nn.functional.one_hot(tokens, 5).float()
    wanted = counts.mean(0) if template else counts.mean((0, 1)).expand(48, -1)
    assert torch.allclose(shares, wanted, atol=0.01)


def test_features_of_pixels_and_places_add_up() -> None:
    made = head(template=True)
    with torch.no_grad():
        made.places.normal_()
        made.palette.normal_()
        features = torch.randn(2, 48, 4)
        scores = made.logits(features)
        own = made.places @ made.palette[:, 4:].t()
        wanted = features @ made.palette[:, :4].t() + own + made.bias
    assert torch.allclose(scores, wanted, atol=1e-5)
