"""Encodings of pixels that Gaussian noise is added to."""

from __future__ import annotations

import math

import pytest
import torch

from pxgen.models.diffusion.encodings import ColorEncoding, Noisy, PaletteEncoding
from pxgen.models.diffusion.given import Parts
from pxgen.models.protocol import Batch
from tests.support.tiny import domain

DOMAIN = domain()


P, K = DOMAIN.canvas.pixels, DOMAIN.colors


def noisy(planes: ColorEncoding | PaletteEncoding, kept: float) -> Noisy:
    generator = torch.Generator().manual_seed(0)
    indices = torch.randint(0, K, (8, P), generator=generator)
    clean = planes.encode(indices)
    added = torch.randn(clean.shape, generator=generator)
    share = torch.full((8, 1, 1), kept)
    parts = Parts.of(Batch(indices.view(8, 1, 1, -1), torch.zeros(8, 0)))
    return Noisy(indices, clean, added, torch.zeros(8, dtype=torch.int64), share, parts)


@pytest.mark.parametrize("learnt", [None, 5])
def test_a_vector_itself_says_which_entry_it_was(learnt: int | None) -> None:
    """Without a network, the scores are Bayes' rule for normal noise around equal priors."""
    torch.manual_seed(0)
    planes = PaletteEncoding(DOMAIN, learnt=learnt, length=2.0, rank=3, template=False)
    for kept in (0.1, 0.6, 0.99):
        sprites = noisy(planes, kept)
        with torch.no_grad():
            scores = planes.scores(torch.zeros(8, P, 3), sprites.x, sprites.alpha_bar)
            gaps = sprites.x.unsqueeze(2) - kept**0.5 * planes.vectors()
            wanted = (-gaps.square().sum(-1) / (2 * (1 - kept))).log_softmax(-1)
        assert torch.allclose(scores, wanted, atol=1e-3)
    # Where nothing is left of a sprite, its vectors say nothing.
    blank = noisy(planes, 0.0)
    scores = planes.scores(torch.zeros(8, P, 3), blank.x, blank.alpha_bar)
    assert torch.allclose(scores, torch.full_like(scores, -math.log(K)), atol=1e-6)


def test_v_and_clean_are_two_names_of_one_thing() -> None:
    by_v, direct = ColorEncoding(DOMAIN, predict="v"), ColorEncoding(DOMAIN, predict="clean")
    sprites = noisy(by_v, 0.4)
    v = 0.4**0.5 * sprites.epsilon - 0.6**0.5 * sprites.x0
    assert torch.allclose(by_v.scores(v, sprites.x, sprites.alpha_bar), sprites.x0, atol=1e-5)
    assert float(by_v.cost(v, sprites.x0, sprites).sum()) == pytest.approx(0, abs=1e-9)
    assert float(direct.cost(sprites.x0, sprites.x0, sprites).sum()) == 0
    assert torch.equal(direct.decide(sprites.x0), sprites.tokens)
