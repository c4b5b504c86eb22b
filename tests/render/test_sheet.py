"""Contact sheets and enlargement keep every sprite's indices."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pxgen.render.sheet import contact_sheet, pleasant_columns


@given(
    st.integers(1, 40), st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.integers(0, 3)
)
def test_each_sprite_stands_in_its_cell_and_the_rest_is_transparent(
    count, height, width, columns, gap
):
    pixels = np.random.default_rng(count).integers(1, 256, (count, height, width), dtype=np.uint8)
    sheet = contact_sheet(pixels, columns, gap)
    covered = np.zeros(sheet.shape, bool)
    for number, sprite in enumerate(pixels):
        top = gap + number // columns * (height + gap)
        left = gap + number % columns * (width + gap)
        place = np.s_[top : top + height, left : left + width]
        assert np.array_equal(sheet[place], sprite)
        covered[place] = True
    assert not sheet[~covered].any()


@given(st.integers(1, 5000))
def test_sheets_of_square_sprites_are_neither_towers_nor_ribbons(count):
    columns = pleasant_columns(count, 24, 24)
    rows = -(-count // columns)
    assert 1 <= columns <= count
    assert rows <= columns
    assert columns <= 2.5 * rows or count < 4  # ten make two full rows


def test_familiar_counts_fill_their_last_row():
    assert {n: pleasant_columns(n, 24, 24) for n in (1, 2, 4, 10, 16, 24, 64, 100, 1000)} == {
        1: 1, 2: 2, 4: 2, 10: 5, 16: 4, 24: 6, 64: 8, 100: 10, 1000: 40,
    }  # fmt: skip
