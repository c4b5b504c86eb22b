"""Label mixing: the identity at first, then a linear map of each pixel that conditions choose."""

from __future__ import annotations

import torch
from torch.testing import assert_close

from pxgen.models.diffusion.label_mixing import LabelMixing
from pxgen.noise import seed_weights


def test_it_begins_as_the_identity() -> None:
    pixels = torch.randn(2, 1, 3, 4, 5)
    assert torch.equal(LabelMixing(6, 5)(pixels, torch.randn(2, 6)), pixels)


def test_each_sprite_is_mapped_by_its_own_condition_pixel_by_pixel() -> None:
    seed_weights(0)
    mixing, pixels, conditions = LabelMixing(6, 5), torch.randn(2, 1, 3, 4, 5), torch.randn(2, 6)
    torch.nn.init.normal_(mixing.change.weight)
    with torch.no_grad():
        mixed = mixing(pixels, conditions)
        for sprite, condition, made in zip(pixels, conditions, mixed, strict=True):
            change = mixing.change(condition).view(5, 5)
            for y, x in ((0, 0), (2, 3)):
                assert_close(made[0, y, x], sprite[0, y, x] + sprite[0, y, x] @ change)


def test_one_label_colours_what_another_draws() -> None:
    """Which no sum of what labels add can: nothing drawn is nothing coloured."""
    mixing = LabelMixing(2, 3)
    with torch.no_grad():
        mixing.change.weight.view(3, 3, 2)[0, 1, 1] = 1
        drawn = torch.tensor([[[2.0, 0, 0], [0, 0, 0]]]).repeat(2, 1, 1)
        plain, red = mixing(drawn, torch.eye(2))
    assert plain.tolist() == [[2, 0, 0], [0, 0, 0]]
    assert red.tolist() == [[2, 2, 0], [0, 0, 0]]
