"""Sheets are cut into whole cells, and what is left over is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxgen.errors import InputError
from pxgen.ingest.grid import Grid, cut
from tests.support.preparing import hero, prepared, run, save, shown, visible


def test_a_sheet_is_cut_in_reading_order() -> None:
    sheet = np.arange(4 * 6 * 4, dtype=np.uint8).reshape(4, 6, 4)
    cells = list(cut(sheet, Grid(3, 2), 1))
    assert [name for name, _ in cells] == ["0,0", "0,1", "1,0", "1,1"]
    np.testing.assert_array_equal(cells[2][1][0], sheet[2:4, 0:3])
    clips = list(cut(sheet, Grid(2, 2), 3))
    assert [clip.shape for _, clip in clips] == [(3, 2, 2, 4)] * 2
    np.testing.assert_array_equal(clips[1][1][2], sheet[2:4, 4:6])
    with pytest.raises(InputError, match="3 cells in a row cannot be cut into clips of 2"):
        list(cut(sheet, Grid(2, 2), 2))
    assert [len(clip) for _, clip in cut(sheet, Grid(2, 2), 2, short=True)] == [2, 1, 2, 1]


def test_margin_and_spacing_lie_between_cells() -> None:
    sheet = np.zeros((1 + 2 + 1, 1 + 2 + 1 + 2 + 1, 4), np.uint8)
    sheet[1:3, 1:3], sheet[1:3, 4:6] = 7, 9
    grid = Grid(2, 2, margin=(1, 1), spacing=(1, 1))
    assert [np.unique(cell).tolist() for _, cell in cut(sheet, grid, 1)] == [[7], [9]]


@pytest.mark.parametrize("grid", [Grid(7, 4), Grid(6, 5), Grid(3, 2, margin=(0, 3))])
def test_a_sheet_without_a_whole_cell_is_refused(grid: Grid) -> None:
    with pytest.raises(InputError, match="holds no cell"):
        list(cut(np.zeros((4, 6, 4), np.uint8), grid, 1))


side = st.tuples(*(st.integers(*span) for span in ((1, 9), (0, 5), (0, 5), (1, 5), (0, 20))))


@given(side)
def test_as_many_cells_are_found_as_there_are(of: tuple[int, int, int, int, int]) -> None:
    """With a margin before them alone or on both sides, and any rest smaller than a cell."""
    cell, margin, spacing, count, extra = of
    inside = margin + count * cell + (count - 1) * spacing
    grid = Grid(cell, 1, (margin, 0), (spacing, 0))
    first, step = margin, cell + spacing
    whole = range(first, first + count * step, step)
    # A margin on both sides.
    assert grid.starts(1, inside + margin)[1] == whole
    assert grid.rest(1, inside + margin) == (0, 0)
    # Before the cells alone, and something left over after them, as Tiled counts.
    rest = extra % step
    both = inside + rest - 2 * margin + spacing
    if both <= 0 or both % step:
        assert grid.starts(1, inside + rest)[1] == whole
        told = 0 if rest in {0, margin, spacing, margin + spacing} else rest
        assert grid.rest(1, inside + rest) == (told, 0)


def cells(count: int) -> list[np.ndarray]:
    return [hero(k) for k in range(count)]


def sheet(tiles: list[np.ndarray], columns: int, before: int, across: int, down: int) -> np.ndarray:
    """Tiles of 8x8 in rows, with a margin at the left and above alone, and a gap after each."""
    rows = len(tiles) // columns
    page = np.zeros((before + rows * (8 + down), before + columns * (8 + across), 4), np.uint8)
    for k, tile in enumerate(tiles):
        top, left = before + k // columns * (8 + down), before + k % columns * (8 + across)
        page[top : top + 8, left : left + 8] = tile
    return page


@pytest.mark.parametrize(
    ("before", "across", "down", "options"),
    [
        (0, 0, 0, ()),
        (0, 1, 1, ("--spacing", "1")),
        (2, 1, 1, ("--margin", "2", "--spacing", "1")),
        (0, 3, 1, ("--spacing", "3x1")),
        (1, 0, 2, ("--margin", "1", "--spacing", "0x2")),
    ],
)
def test_gaps_and_margins_that_differ_can_be_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int, across: int, down: int, options
) -> None:
    monkeypatch.chdir(tmp_path)
    tiles = cells(6)
    save("s.png", sheet(tiles, 3, before, across, down))
    dataset = prepared("s.png", "--cell", "8x8", *options)
    assert dataset.names == tuple(f"s.png#{r},{c}" for r in range(2) for c in range(3))
    for name, tile in zip(dataset.names, tiles, strict=True):
        np.testing.assert_array_equal(shown(dataset, name)[0], visible(tile))


def test_whole_cells_are_cut_and_the_rest_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = np.full((8 * 2 + 3, 8 * 3 + 4, 4), 255, np.uint8)
    page[:16, :24] = sheet(cells(6), 3, 0, 0, 0)
    save("left.png", page)
    result = run("left.png", "--cell", "8x8")
    assert result.exit_code == 0
    told = " ".join(result.stderr.split())
    assert "1 sheets are no whole number of cells" in told
    assert "4 columns and 3 rows of pixels of left.png" in told
    assert "6 stills of 8x8" in told
    small = run("left.png", "--cell", "64x8", "--force")
    assert small.exit_code == 3
    assert "left.png: a side of 28 pixels holds no cell of 64" in small.stderr


def test_a_gap_is_one_number_or_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save("s.png", hero(0))
    for wrong in ("x", "1x", "-1", "1x2x3", "99999"):
        result = run("s.png", "--cell", "8x8", "--margin", wrong)
        assert (result.exit_code, "is no number of pixels" in result.stderr) == (2, True), wrong
