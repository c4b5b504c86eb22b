"""Sheets are cut into cells."""

from __future__ import annotations

import numpy as np
import pytest

from pxgen.errors import InputError
from pxgen.ingest.grid import Grid, cut


def test_a_sheet_is_cut_in_reading_order() -> None:
    sheet = np.arange(4 * 6 * 4, dtype=np.uint8).reshape(4, 6, 4)
    cells = list(cut(sheet, Grid(3, 2), 1))
    assert [name for name, _ in cells] == ["0,0", "0,1", "1,0", "1,1"]
    np.testing.assert_array_equal(cells[2][1][0], sheet[2:4, 0:3])
    clips = list(cut(sheet, Grid(2, 2), 3))
    assert [clip.shape for _, clip in clips] == [(3, 2, 2, 4)] * 2
    np.testing.assert_array_equal(clips[1][1][2], sheet[2:4, 4:6])


def test_margin_and_spacing_lie_between_cells() -> None:
    sheet = np.zeros((1 + 2 + 1, 1 + 2 + 1 + 2 + 1, 4), np.uint8)
    sheet[1:3, 1:3], sheet[1:3, 4:6] = 7, 9
    cells = [cell for _, cell in cut(sheet, Grid(2, 2, margin=1, spacing=1), 1)]
    assert [np.unique(cell).tolist() for cell in cells] == [[7], [9]]


@pytest.mark.parametrize("grid", [Grid(4, 2), Grid(3, 3), Grid(7, 7), Grid(3, 2, margin=2)])
def test_a_sheet_that_is_no_whole_number_of_cells_is_refused(grid: Grid) -> None:
    with pytest.raises(InputError, match="no whole number"):
        list(cut(np.zeros((4, 6, 4), np.uint8), grid, 1))
