"""Augmentation: sprites change as the numbers beside them say, and nothing leaves the canvas."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pxgen.data.augment import HUES, UNCHANGED, Augmentation, Recolours
from pxgen.data.batches import Examples
from pxgen.palette import Palette
from tests.support.tiny import PALETTE, labelled, tiny_dataset

CPU = torch.device("cpu")


def test_the_numbers_say_what_was_done(tmp_path: Path) -> None:
    """Undone by them, every sprite is again what it was."""
    dataset = tiny_dataset(tmp_path, count=300)
    pixels, _ = dataset.take(np.arange(300))
    augmentation = Augmentation(dataset)
    changed, told = augmentation.apply(pixels, np.random.default_rng(0))
    recolours = Recolours(dataset.palette)
    for sprite, result, (flip, _, right, cosine, sine, light) in zip(
        pixels, changed, told, strict=True
    ):
        turn = round(np.arctan2(sine, 1 - cosine) / (2 * np.pi) * HUES) % HUES
        mirrored = sprite[..., ::-1] if flip else sprite
        expected = recolours.apply(mirrored, int(light) + 1, turn)
        assert np.array_equal(np.roll(expected, round(right), 2), result)
    still = (told == 0).all(1)
    assert UNCHANGED * 0.8 < still.mean() < UNCHANGED * 1.3
    assert np.array_equal(changed[still], pixels[still])


def test_what_a_mirrored_clip_shows_from_the_left_was_its_right_view(tmp_path: Path) -> None:
    dataset = replace(tiny_dataset(tmp_path, 600, frames=2), frame_names=("left", "right"))
    pixels = dataset.take(np.arange(600))[0]
    pixels[:, 1, 0] = 1
    changed, told = Augmentation(dataset).apply(pixels, np.random.default_rng(0))
    recoloured = told[:, 3:].any(1)
    mirrored = (told[:, 0] == 1) & ~recoloured
    assert mirrored.any()
    for clip, result, (_, down, right, *_) in zip(
        pixels[mirrored], changed[mirrored], told[mirrored], strict=True
    ):
        expected = clip[::-1, :, ::-1]
        assert np.array_equal(np.roll(expected, (round(down), round(right)), (1, 2)), result)


def test_no_pixel_leaves_the_canvas(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path, count=200)
    pixels, _ = dataset.take(np.arange(200))
    changed, told = Augmentation(dataset).apply(pixels, np.random.default_rng(1))
    assert ((changed > 0).sum((1, 2, 3)) == (pixels > 0).sum((1, 2, 3))).all()
    assert set(told[:, 2]) == {-1, 0, 1}


def test_sprites_move_down_as_far_as_the_canvas_allows(tmp_path: Path) -> None:
    """An eighth of sixteen rows is two; the number beside a sprite is the share of these."""
    pixels = np.zeros((400, 1, 16, 8), np.uint8)
    pixels[:, 0, 1:10, 2:6] = 1
    dataset = labelled(tmp_path, pixels, np.zeros((400, 0), np.uint8), np.zeros(400))
    changed, told = Augmentation(dataset).apply(pixels, np.random.default_rng(0))
    tops = (changed > 0).any((1, 3)).argmax(1)
    assert set(tops) == {0, 1, 2, 3}
    assert np.array_equal(tops - 1, np.rint(2 * told[:, 1]))
    lefts = (changed > 0).any((1, 2)).argmax(1)
    assert np.array_equal(lefts - 2, np.rint(told[:, 2]))


def test_mirrors_turns_and_lightness_come_equally_often(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path, count=48)
    pixels, _ = dataset.take(np.resize(np.arange(48), 3000))
    _, told = Augmentation(dataset).apply(pixels, np.random.default_rng(0))
    share = 1 - UNCHANGED
    assert (told[:, 0] == 1).mean() == pytest.approx(share / 2, abs=0.03)
    assert (told[:, 5] == 1).mean() == pytest.approx(share / 3, abs=0.03)
    assert (told[:, 5] == -1).mean() == pytest.approx(share / 3, abs=0.03)
    assert len(np.unique(told[:, 3:5].round(3), axis=0)) == HUES
    assert (told[:, 3] > 1e-6).mean() == pytest.approx(share * (HUES - 1) / HUES, abs=0.03)


def test_a_turned_hue_is_the_nearest_entry_and_a_whole_turn_none() -> None:
    """Of red, green and blue a third of a turn makes the next; transparent stays."""
    recolours, each = Recolours(PALETTE), np.arange(5, dtype=np.uint8)
    assert recolours.apply(each, 1, 0).tolist() == [0, 1, 2, 3, 4]
    third = recolours.apply(each, 1, HUES // 3)
    assert {int(third[1]), int(third[2])} == {2, 3}
    assert (third[0], third[4]) == (0, 4)
    clear = Recolours(Palette.of([(200, 0, 0), (0, 0, 0)], "two"))
    made = [clear.apply(each[:3], light, hue) for light in range(3) for hue in range(HUES)]
    assert all(sorted(colors) == [0, 1, 2] for colors in made)


@pytest.mark.parametrize("hue", [0, 1, HUES // 2])
def test_colours_stay_as_many_and_alone_each_is_the_nearest(hue: int) -> None:
    reds = [(250, 20, 20), (245, 25, 25), (10, 240, 30), (12, 14, 240), (9, 9, 9)]
    recolours, each = Recolours(Palette.of(reds, "reds")), np.arange(6, dtype=np.uint8)
    for light in range(3):
        assert sorted(recolours.apply(each, light, hue)) == sorted(each)
        nearest = recolours.gaps[light, hue, 1:, 1:].argmin(1) + 1
        alone = [recolours.apply(each[[0, k]], light, hue)[1] for k in range(1, 6)]
        assert alone == nearest.tolist()


@pytest.mark.parametrize("shades", [(22, 72, 128, 190), (10, 40, 90, 100, 180, 250)])
def test_a_ramp_keeps_its_order(shades: tuple[int, ...]) -> None:
    recolours = Recolours(Palette.of([(s, s, s) for s in shades], "greys"))
    ramp = np.arange(len(shades) + 1, dtype=np.uint8)
    for light in range(3):
        assert recolours.apply(ramp, light, 0).tolist() == ramp.tolist()


def test_only_stages_that_are_told_see_augmented_sprites(tmp_path: Path) -> None:
    examples = Examples(tiny_dataset(tmp_path), balance=0, flip=False, shift=0, augment=True)
    plain, told = (examples.batch(40, 0, 0, CPU, told=told) for told in (False, True))
    assert plain.augmentation is None
    assert told.augmentation is not None
    assert told.augmentation.shape == (40, 6)
    still = (told.augmentation == 0).all(1)
    assert torch.equal(plain.pixels[still], told.pixels[still])
    assert not torch.equal(plain.pixels, told.pixels)
