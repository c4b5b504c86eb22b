"""Canonical forms: equal keys for the same drawing, however coloured, mirrored or moved."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pxgen.data.duplicates import canonical_hash, sprite_hash

HOOK = np.array([[[1, 2, 2], [1, 0, 0], [1, 0, 3]]], np.uint8)


def on_ground(drawing: np.ndarray, down: int, right: int, side: int = 8) -> np.ndarray:
    ground = np.zeros((len(drawing), side, side), np.uint8)
    ground[:, down : down + drawing.shape[1], right : right + drawing.shape[2]] = drawing
    return ground


@given(
    st.tuples(st.integers(0, 5), st.integers(0, 5)),
    st.permutations(range(1, 12)),
    st.booleans(),
)
def test_copies_mirrors_recolours_and_shifts_have_one_key(
    place: tuple[int, int], colors: list[int], mirrored: bool
) -> None:
    recolour = np.array([0, *colors], np.uint8)
    other = recolour[HOOK[..., ::-1] if mirrored else HOOK]
    assert sprite_hash(on_ground(other, *place)) == sprite_hash(on_ground(HOOK, 0, 0))


def test_other_forms_have_other_keys() -> None:
    upside_down = HOOK[:, ::-1]
    one_colour_less = np.where(HOOK == 3, 2, HOOK)
    filled = np.where(HOOK == 0, 4, HOOK)
    twice = np.concatenate([HOOK, HOOK])
    drawings = (HOOK, upside_down, one_colour_less, filled, twice)
    keys = {sprite_hash(on_ground(each.astype(np.uint8), 2, 2)) for each in drawings}
    assert len(keys) == len(drawings)


def test_transparency_is_no_colour_that_a_recolour_may_change() -> None:
    """Two areas whose colours trade places are one form; not where one of them is the ground."""
    split = np.array([[[1, 1, 2]]], np.uint8)
    assert sprite_hash(split) == sprite_hash(3 - split)
    assert sprite_hash(on_ground(split[..., :2], 0, 0)) != sprite_hash(split)
    ring = np.ones((1, 3, 3), np.uint8)
    ring[0, 1, 1] = 0
    assert sprite_hash(ring) != sprite_hash(np.where(ring == 0, 2, ring).astype(np.uint8))
    assert canonical_hash(ring, 2, clear=True) != canonical_hash(ring, 2, clear=False)


def test_empty_sprites_are_alike() -> None:
    sizes = ((1, 4, 4), (1, 9, 2))
    assert len({sprite_hash(np.zeros(size, np.uint8)) for size in sizes}) == 1
