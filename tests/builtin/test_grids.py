"""Hand-made grids: where they stand and how they move on a canvas."""

from __future__ import annotations

import numpy as np
import pytest

from pxgen.builtin.colors import SEE_THROUGH
from pxgen.builtin.grids import moved, on_canvas, read_grids

GRID = np.array([[1, 2], [3, 4]], np.uint8)


def test_a_grid_stands_where_it_is_put() -> None:
    canvas = on_canvas(GRID, 1, 2, (4, 5))
    assert (canvas[1:3, 2:4] == GRID).all()
    assert (canvas != SEE_THROUGH).sum() == 4


def test_a_grid_that_leaves_its_canvas_is_refused() -> None:
    with pytest.raises(ValueError, match="2 x 2 leaves"):
        on_canvas(GRID, 3, 0, (4, 5))


@pytest.mark.parametrize(("down", "right"), [(0, 0), (1, 0), (0, 1), (2, -1), (1, 3)])
def test_what_is_moved_off_the_canvas_is_cut(down: int, right: int) -> None:
    drawing = on_canvas(GRID, 1, 1, (4, 4))
    shifted = moved(drawing, down, right)
    for row in range(4):
        for column in range(4):
            from_row, from_column = row - down, column - right
            inside = 0 <= from_row < 4 and 0 <= from_column < 4
            wanted = drawing[from_row, from_column] if inside else SEE_THROUGH
            assert shifted[row, column] == wanted


@pytest.mark.parametrize("package", ["pxgen.builtin.heads", "pxgen.builtin.figures"])
def test_grids_have_headings_and_rows_of_one_length(package: str) -> None:
    grids = list(read_grids(package))
    assert len(grids) > 40
    assert all(len(words) >= 3 and grid.ndim == 2 for words, grid in grids)
