"""The network of every diffusion: canvases of any size, and labels by each of their ways."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from pxgen.errors import UsageError
from pxgen.models.diffusion.backbone import (
    EMBEDDING,
    Backbone,
    BackboneSpec,
    share_a_template,
)
from pxgen.noise import seed_weights
from tests.support.tiny import domain

SIZES = {"width": 8, "coarse": 8, "depth": 1, "hidden": 8}


def backbone(height: int, width: int, conditioning: str = "sum", **other: Any) -> Backbone:
    seed_weights(0)
    spec = BackboneSpec(**SIZES, conditioning=conditioning, **other)
    made = Backbone(spec, domain(2, height, width), torch.nn.Identity(), 3)
    # As if it had learnt something: labels and the coarse level begin with no say.
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made.eval()


def features(made: Backbone, label: float = 1.0) -> torch.Tensor:
    embedded = torch.randn(1, *made.padded, EMBEDDING, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return made.features(embedded, torch.tensor([[label, -1.0]]), torch.tensor([0.5]))


@pytest.mark.parametrize(
    ("height", "width", "patch"), [(32, 32, 2), (48, 48, 2), (49, 48, 4), (6, 8, 2), (128, 128, 8)]
)
def test_a_canvas_is_cut_into_576_cells_at_most(height: int, width: int, patch: int) -> None:
    pixels = torch.zeros(2, 1, height, width, dtype=torch.long)
    assert BackboneSpec().suited(pixels).patch == patch
    assert BackboneSpec(patch=3).suited(pixels).patch == 3
    made = Backbone(BackboneSpec(**SIZES), domain(1, height, width), torch.nn.Identity(), 3)
    assert made.patch == patch


def test_cells_are_of_the_size_asked_for() -> None:
    made = backbone(6, 8, patch=4)
    assert (made.patch, made.padded) == (4, (2, 8, 8))
    assert features(made).shape == (1, 2 * 6 * 8, 3)


@pytest.mark.parametrize("images", [1, 2])
@pytest.mark.parametrize(("height", "width"), [(4, 8), (5, 7), (6, 8)])
def test_every_pixel_of_every_frame_has_features(height: int, width: int, images: int) -> None:
    made = backbone(height, width, images=images)
    assert made.padded == (2, -(-height // 4) * 4, 8)
    assert features(made).shape == (1, 2 * height * width, 3)
    padded = made.pad(torch.zeros(1, 2, height, width), 7.0)
    assert padded.shape == (1, *made.padded)
    assert padded.sum() == 7 * (padded.numel() - 2 * height * width)


@pytest.mark.parametrize("images", [1, 2])
@pytest.mark.parametrize("meeting", ["meet", "coarse", "detail"])
def test_each_way_in_which_frames_meet_carries_a_change(images: int, meeting: str) -> None:
    """What one frame shows changes the features of the other, if that way alone is open."""
    made = backbone(4, 8, images=images, template="no", attention="yes")
    if images > 1:
        closed = {
            "meet": [block.expand for block in made.meet],
            "coarse": [block.out for block in made.coarse if hasattr(block, "out")],
            "detail": [made.detail.leave] if made.detail else [],
        }
        del closed[meeting]
        for layers in closed.values():
            for layer in layers:
                torch.nn.init.zeros_(layer.weight)
                torch.nn.init.zeros_(layer.bias)
    embedded = torch.randn(1, *made.padded, EMBEDDING, generator=torch.Generator().manual_seed(0))
    changed = embedded.clone()
    changed[:, 0, 0, 0] += 1
    with torch.no_grad():
        one, other = (
            made.features(each, torch.ones(1, 2), torch.ones(1)).view(2, 32, 3)
            for each in (embedded, changed)
        )
    assert not torch.allclose(one[1], other[1], atol=1e-4)


def test_frames_of_a_clip_are_told_apart_unless_they_are_alike() -> None:
    """A square that stays where it is, or one that jumps."""
    still = torch.zeros(6, 4, 8, 8, dtype=torch.uint8)
    still[:, :, 2:6, 2:6] = 3
    still[:, 1::2, 2, 2:5] = 1
    jumping = still.clone()
    jumping[:, 1:] = still[:, 1:].roll(4, 3)
    assert BackboneSpec().suited(still).images == 1
    assert BackboneSpec().suited(jumping).images == 4
    # Seven times as many frames are as many images as come below nine.
    assert BackboneSpec().suited(jumping.repeat(1, 7, 1, 1)).images == 7
    assert BackboneSpec(images=2).suited(still).images == 2
    assert BackboneSpec().suited(still[:, :1]).images == 1
    assert BackboneSpec().suited(torch.zeros(2, 2, 4, 4)).images == 1


def test_steps_of_a_view_are_one_image() -> None:
    """Two views of two steps each: the square jumps between them."""
    views = torch.zeros(6, 4, 8, 8, dtype=torch.uint8)
    views[:, :2, 2:6, :3] = 3
    views[:, 2:, 2:6, 5:] = 3
    views[:, 1::2, 2] = 0
    assert BackboneSpec().suited(views).images == 2
    assert BackboneSpec().suited(views[:, [0, 2, 1, 3]]).images == 4


def test_cells_are_refined_but_for_views_of_a_template() -> None:
    alike = torch.zeros(8, 1, 8, 8, dtype=torch.uint8)
    alike[:, :, 2:6, 2:6] = 1 + torch.arange(16, dtype=torch.uint8).view(4, 4)
    unlike = torch.randint(0, 9, (8, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    views = torch.cat([alike, 2 * alike], 1)
    for pixels, template, attention, detail in (
        (alike, "yes", "no", "yes"),
        (unlike, "no", "yes", "yes"),
        (views, "yes", "no", "no"),
    ):
        spec = BackboneSpec().suited(pixels)
        assert (spec.template, spec.attention, spec.detail) == (template, attention, detail)
        made = Backbone(spec, domain(pixels.shape[1], 8, 8), torch.nn.Identity(), 3)
        assert (made.detail is not None) == (detail == "yes")
        assert any(hasattr(block, "qkv") for block in made.coarse) == (attention == "yes")
        assert BackboneSpec(detail="no").suited(pixels).detail == "no"


def test_images_divide_the_frames() -> None:
    with pytest.raises(UsageError, match=r"images = 3: 2 frames are not as many images"):
        backbone(4, 8, images=3)


@pytest.mark.parametrize("conditioning", ["sum", "attention", "both"])
def test_labels_change_what_comes_out(conditioning: str) -> None:
    """Even without planes of their own."""
    made = backbone(4, 8, conditioning, label_planes=0)
    assert not torch.equal(features(made, 1.0), features(made, -1.0))


@pytest.mark.parametrize("conditioning", ["sum", "attention", "both"])
def test_labels_draw_at_pixels_where_a_template_is(conditioning: str) -> None:
    """By their planes alone: all other ways are shut."""
    made = backbone(4, 8, conditioning, template="yes")
    assert made.label_planes is not None
    tokens = made.tokens
    shut = [] if tokens is None else [tokens.present, tokens.absent]
    for weight in (made.condition.project.weight, *shut):
        torch.nn.init.zeros_(weight)
    assert not torch.equal(features(made, 1.0), features(made, -1.0))
    torch.nn.init.zeros_(made.label_planes.table.weight)
    assert torch.equal(features(made, 1.0), features(made, -1.0))
    assert backbone(4, 8, conditioning, template="no").label_planes is None


def test_labels_mix_pixels_where_a_template_is() -> None:
    """What planes draw on the way in, and what tells colours apart on the way out."""
    made = backbone(4, 8, template="yes")
    for mixing in (made.mix_planes, made.mix_features):
        assert mixing is not None
        before = features(made)
        for parameter in mixing.parameters():
            torch.nn.init.zeros_(parameter)
        assert not torch.equal(features(made), before)
    for other in ({"template": "no"}, {"label_mixing": "no"}, {"conditioning": "attention"}):
        without = backbone(4, 8, **other)
        assert (without.mix_planes, without.mix_features) == (None, None)
    asked = backbone(4, 8, template="no", label_mixing="yes")
    assert (asked.mix_planes is None, asked.mix_features is None) == (True, False)


def test_labels_mix_no_more_numbers_than_planes_have() -> None:
    made = Backbone(BackboneSpec(**SIZES), domain(1, 4, 4), torch.nn.Identity(), 725)
    assert made.mix_planes is not None
    assert made.mix_features is None


def test_networks_with_and_without_label_mixing_begin_alike() -> None:
    seed_weights(0)
    with_it = Backbone(BackboneSpec(**SIZES), domain(1, 4, 4), torch.nn.Identity(), 3)
    seed_weights(0)
    without = Backbone(
        BackboneSpec(**SIZES, label_mixing="no"), domain(1, 4, 4), torch.nn.Identity(), 3
    )
    there = with_it.state_dict()
    assert all(torch.equal(weight, there[name]) for name, weight in without.state_dict().items())


def test_a_padded_canvas_has_no_seamless_borders() -> None:
    made = backbone(5, 8)
    embedded = torch.zeros(1, *made.padded, EMBEDDING)
    with pytest.raises(UsageError, match="sides that 4 divides; this model draws 8x5"):
        made.features(embedded, torch.zeros(1, 2), torch.zeros(1), (True, False))


def sprites(*, template: bool) -> torch.Tensor:
    """Forty squares of random colours: all at one place, or each anywhere."""
    generator = torch.Generator().manual_seed(0)
    maps = torch.zeros(40, 1, 12, 12, dtype=torch.uint8)
    for each in maps:
        color, row, column = torch.randint(1, 7, (3,), generator=generator).tolist()
        row, column = (3, 3) if template else (row, column)
        each[0, row : row + 5, column : column + 5] = color
    return maps


def test_a_template_is_found_where_places_tell_colours() -> None:
    assert share_a_template(sprites(template=True))
    assert not share_a_template(sprites(template=False))
    assert not share_a_template(sprites(template=True)[:1])


def test_a_template_is_found_by_a_dozen_sprites() -> None:
    assert share_a_template(sprites(template=True)[:12])
    assert not share_a_template(sprites(template=False)[:12])


@pytest.mark.parametrize("template", [True, False])
def test_sizes_that_are_left_open_suit_the_sprites(template: bool) -> None:
    suited = BackboneSpec().suited(sprites(template=template))
    sizes = (suited.template, suited.width, suited.coarse, suited.depth)
    assert sizes == (("yes", 32, 64, 1) if template else ("no", 48, 96, 2))
    kept = BackboneSpec(template="yes", width=8, depth=3).suited(sprites(template=template))
    assert (kept.template, kept.width, kept.coarse, kept.depth) == ("yes", 8, 16, 3)


def test_labels_draw_nothing_into_a_sprite_that_was_changed() -> None:
    made = backbone(6, 8, template="yes")
    torch.nn.init.zeros_(made.condition.project.weight)
    embedded = torch.randn(1, *made.padded, EMBEDDING)
    for told, same in ((0.0, False), (0.5, True)):
        one, other = (
            made.features(
                embedded, torch.tensor([[label, -1.0, *5 * [0.0], told]]), torch.tensor([0.5])
            )
            for label in (1.0, -1.0)
        )
        assert torch.equal(one, other) == same


def test_without_augmentation_nothing_is_told_and_zeros_say_the_same() -> None:
    made = backbone(6, 8)
    embedded = torch.randn(1, *made.padded, EMBEDDING)
    level, labels = torch.tensor([0.5]), torch.tensor([[1.0, -1.0]])
    with torch.no_grad():
        plain = made.features(embedded, labels, level)
        zeros = made.features(embedded, torch.cat([labels, torch.zeros(1, 6)], 1), level)
        told = made.features(embedded, torch.cat([labels, torch.ones(1, 6)], 1), level)
    assert torch.allclose(plain, zeros, atol=1e-6)
    assert not torch.allclose(plain, told, atol=1e-3)
