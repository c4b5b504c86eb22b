"""Families of sprites, and the held-out split."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxgen.ingest import indexed
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.scale import enlargement
from pxgen.ingest.split import exact_key, family_key, groups_of, joined, split_of
from tests.support.drawings import SPRITES, drawing
from tests.support.preparing import hero, prepared, save


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


@given(st.permutations(range(12)))
def test_links_join_on_and_on(order: list[int]) -> None:
    """A chain whose links are of either kind in turn is one group, two chains are two."""
    first = [order[k // 2] for k in range(12)]
    second = [order[(k + 1) // 2] for k in range(12)]
    assert len(set(joined(first, second))) == 1
    apart = joined([*first, *(100 + key for key in first)], [*second, *(100 + k for k in second)])
    assert len(set(apart[:12])) == len(set(apart[12:])) == 1
    assert apart[0] != apart[12]
    # Where the second kind links nothing, keys stay.
    assert joined([5, 5, 7], [1, 2, 3]) == [5, 5, 7]


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


@pytest.mark.usefixtures("work")
def test_near_duplicates_stay_on_one_side_and_the_seed_moves_the_split() -> None:
    for seed in range(60):
        rgba = hero(seed)
        save(f"art/{seed}.png", rgba)
        save(f"art/{seed}m.png", rgba[:, ::-1])
    dataset = prepared("art", "--holdout", 0.3)
    sides: dict[int, set[int]] = {}
    for name, side, group in zip(dataset.names, dataset.split, dataset.group, strict=True):
        sides.setdefault(int(name.rstrip("mpng.")), set()).add((int(side), int(group)))
    assert all(len(side) == 1 for side in sides.values())
    assert 18 <= len(dataset.held_out) <= 54
    other = prepared("art", "--holdout", 0.3, "--seed", 1, "--force")
    assert list(other.held_out) != list(dataset.held_out)


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("together", ["file", "folder"])
def test_sheets_and_folders_stay_whole_where_asked(together: str) -> None:
    """Cells of one sheet, and files of one folder: the same actor in other poses."""
    for actor in range(30):
        for file in range(2):
            cells = [hero(100 * actor + 10 * file + cell) for cell in range(3)]
            save(f"art/{actor}/{file}/a.png", np.concatenate(cells, 1))
    dataset = prepared("art", "--cell", "8x8", "--holdout", 0.3, "--together", together)
    depth = 2 if together == "file" else 1
    sides: dict[str, set[int]] = {}
    for name, side in zip(dataset.names, dataset.split, strict=True):
        origin = "/".join(name.partition("#")[0].split("/")[:depth])
        sides.setdefault(origin, set()).add(int(side))
    assert len(sides) == 30 * depth
    assert all(len(side) == 1 for side in sides.values())
    assert {side for of in sides.values() for side in of} == {0, 1}
    assert dataset.info["together"] == together


@pytest.mark.usefixtures("work")
def test_clips_of_one_actor_stay_together() -> None:
    """Frames in folders of equal names are clips of their own, and of their actors."""
    for actor in range(12):
        for motion in ("idle", "walk"):
            for frame in range(2):
                number = 100 * actor + 10 * (motion == "walk") + frame
                save(f"art/actor{actor}/{motion}/f{frame}.png", hero(number))
    dataset = prepared("art", "--holdout", 0.3, "--together", "folder")
    assert dataset.canvas.frames == 2
    assert sorted(dataset.names)[:2] == ["actor0/idle", "actor0/walk"]
    sides: dict[str, set[int]] = {}
    for name, side in zip(dataset.names, dataset.split, strict=True):
        sides.setdefault(name.split("/")[0], set()).add(int(side))
    assert len(sides) == 12
    assert all(len(side) == 1 for side in sides.values())
