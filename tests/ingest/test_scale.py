"""Enlargement is found and undone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.scale import choose_reductions, enlargement
from tests.support.drawings import SPRITES


@given(SPRITES, st.integers(1, 4))
def test_an_enlarged_sprite_is_found_out(rgba: np.ndarray, k: int) -> None:
    large = rgba.repeat(k, 1).repeat(k, 2)
    factor = enlargement(IndexedSprite.of(large).indices)
    assert factor % k == 0
    assert factor == k * enlargement(IndexedSprite.of(rgba).indices)


def test_both_sides_must_take_a_factor() -> None:
    """Stripes two wide on three rows are no enlargement of anything."""
    stripes = np.tile(np.array([0, 0, 1, 1], np.uint8), (1, 3, 1))
    assert enlargement(stripes) == enlargement(stripes.swapaxes(1, 2)) == 1
    assert enlargement(np.concatenate([stripes[:, :2]] * 2, 1)) == 2


def test_a_collection_shrinks_as_one() -> None:
    size = (32, 32)
    assert choose_reductions({size: 3}, {size: 4}) == {size: 4}
    assert choose_reductions({size: 3}, {size: 1}) == {size: 1}
    # Flat tiles fit any factor and decide nothing; alone they stay as they are.
    assert choose_reductions({size: 3, (16, 16): 1}, {size: 4, (16, 16): 0})[16, 16] == 4
    assert choose_reductions({size: 3}, {size: 0}) == {size: 1}
    # A factor that some sprite's sides cannot take is no common factor.
    assert choose_reductions({size: 3, (30, 30): 1}, {size: 4, (30, 30): 0})[size] == 2
    # Previews beside sprites shrink to the sprites' size, other sizes do not.
    mixed = choose_reductions(
        {(16, 16): 9, (64, 64): 2, (64, 32): 2}, {(16, 16): 1, (64, 64): 4, (64, 32): 2}
    )
    assert mixed == {(16, 16): 1, (64, 64): 4, (64, 32): 1}
