from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxgen.ingest import indexed
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.scale import enlargement
from pxgen.ingest.split import exact_key, family_key, groups_of, split_of
from tests.drawings import SPRITES, drawing


def key(rgba: np.ndarray) -> int:
    sprite = IndexedSprite.of(rgba)
    return family_key(sprite, enlargement(sprite.indices))


def test_copies_mirrors_recolours_shifts_and_enlargements_are_one_family() -> None:
    rgba = drawing()
    recolour = rgba.copy()
    recolour[rgba[..., 3] > 0, :3] = 255 - rgba[rgba[..., 3] > 0, :3]
    hidden = rgba.copy()
    hidden[rgba[..., 3] == 0, :3] = 77
    likes = [
        rgba[:, :, ::-1],
        recolour,
        recolour[:, :, ::-1],
        hidden,
        np.pad(rgba, ((0, 0), (3, 1), (0, 5), (0, 0))),
        rgba.repeat(3, 1).repeat(3, 2),
    ]
    assert {key(like) for like in likes} == {key(rgba)}
    assert exact_key(IndexedSprite.of(hidden)) == exact_key(IndexedSprite.of(rgba))
    assert exact_key(IndexedSprite.of(recolour)) != exact_key(IndexedSprite.of(rgba))


def test_a_large_picture_is_counted_in_parts_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (2, 9, 7, 4), np.uint8)
    for sprite in (rgba, rgba // 64 * 64):
        whole = IndexedSprite.of(sprite)
        with monkeypatch.context() as patch:
            patch.setattr(indexed, "_CHUNK", 10)
            parts = IndexedSprite.of(sprite)
        np.testing.assert_array_equal(parts.indices, whole.indices)
        np.testing.assert_array_equal(parts.colors, whole.colors)
        assert parts.indices.dtype == whole.indices.dtype


def test_different_drawings_are_different_families() -> None:
    keys = {key(drawing(seed)) for seed in range(50)}
    assert len(keys) == 50
    rgba = drawing()
    upside_down = rgba[:, ::-1]
    assert key(upside_down) != key(rgba)
    two_frames = np.concatenate([rgba, rgba])
    assert key(two_frames) != key(rgba)


@given(SPRITES)
def test_a_mirror_is_always_family(rgba: np.ndarray) -> None:
    assert key(rgba) == key(rgba[:, :, ::-1])


KEYS = st.lists(st.integers(0, 30), min_size=1, max_size=60)


@given(KEYS, st.integers(0, 5))
def test_families_stay_on_one_side_and_neither_side_is_empty(keys: list[int], seed: int) -> None:
    split, group = split_of(keys, 0.1, seed), groups_of(keys)
    for same in (split, group):
        assert len({(k, int(v)) for k, v in zip(keys, same, strict=True)}) == len(set(keys))
    assert group[0] == 0
    assert (split == 0).any()
    assert (split == 1).any() == (len(set(keys)) > 1)


def test_added_sprites_move_no_others_and_the_share_is_kept() -> None:
    keys = [hash((i, "k")) % 2**64 for i in range(5000)]
    few, many = split_of(keys[:1000], 0.1, 3), split_of(keys, 0.1, 3)
    np.testing.assert_array_equal(few, many[:1000])
    assert 0.08 < many.mean() < 0.12
    assert (split_of(keys, 0.1, 4) != many).any()
    assert not split_of(keys, 0.0, 3).any()
