"""The palette table: exact look-up, transparent first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pxgen.errors import InputError
from pxgen.palette.table import Palette, pack, unpack

RGBA = hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(4)))


@given(RGBA)
def test_packing_is_undone(rgba: np.ndarray) -> None:
    assert np.array_equal(unpack(pack(rgba)), rgba)
    assert pack(np.array([1, 2, 3, 4], np.uint8)) == 0x01020304


def test_every_entry_is_found_and_of_equal_ones_the_first() -> None:
    palette = Palette.of([(9, 9, 9), (1, 2, 3), (9, 9, 9), (1, 2, 3, 40)])
    indices, known = palette.lookup(palette.rgba)
    assert indices.tolist() == [0, 1, 2, 1, 4]
    assert known.all()
    assert palette.colors(indices).tolist() == palette.rgba.tolist()
    indices, known = palette.lookup(np.array([[1, 2, 4, 255], [255, 255, 255, 255]], np.uint8))
    assert (indices.tolist(), known.tolist()) == ([0, 0], [False, False])


def test_what_hides_under_transparency_does_not_count() -> None:
    palette = Palette.of([(200, 0, 0)])
    indices, known = palette.lookup(np.array([[200, 0, 0, 0], [7, 7, 7, 0]], np.uint8))
    assert (indices.tolist(), known.tolist()) == ([0, 0], [True, True])
    assert len(Palette.of([(1, 1, 1, 0), (2, 2, 2, 1)])) == 2


def test_names_are_for_people_alone() -> None:
    first, second = (Palette.of([(1, 2, 3)], name) for name in ("a", "b"))
    assert first == second
    assert len({first, second}) == 1
    assert first != Palette.of([(1, 2, 4)], "a")
    assert Palette.from_hex(first.hex) == first


def test_a_palette_holds_255_colours_beside_transparent() -> None:
    assert len(Palette.of([(k, k, k) for k in range(255)])) == 256
    with pytest.raises(InputError, match="has 256 colours; at most 255 fit"):
        Palette.of([(k, k, k) for k in range(256)])
    with pytest.raises(InputError, match="entry 0 is transparent"):
        Palette(np.full((2, 4), 255, np.uint8))
    with pytest.raises(InputError, match="rrggbbaa"):
        Palette.from_hex(["00000000", "xyz"])
