"""Sheets of named frames: rows and columns of views, and layouts that are known by name."""

from __future__ import annotations

import numpy as np
import pytest

from pxgen.config.settings import DataSettings
from pxgen.errors import InputError, UsageError
from pxgen.ingest.grid import Grid
from pxgen.ingest.sheet_layout import LAYOUTS, SheetLayout, cut_clips, sheet_layout


def numbered(rows: int, columns: int) -> np.ndarray:
    """A sheet whose cells are 2x1 pixels of their number, from 1."""
    cells = np.arange(1, rows * columns + 1).reshape(rows, columns)
    return np.repeat(np.repeat(cells, 2, 1)[..., None], 4, 2)


def named(layout: SheetLayout | None, rows: int, columns: int) -> dict[str, dict[str, int]]:
    assert layout is not None
    return {
        place: dict(zip(names, cells[:, 0, 0, 0].tolist(), strict=True))
        for place, names, cells in cut_clips(numbered(rows, columns), Grid(2, 1), layout)
    }


def test_rows_are_views_and_columns_steps_or_the_other_way() -> None:
    by_rows = sheet_layout(DataSettings(), ("down", "up"))
    assert named(by_rows, 2, 3) == {
        "": {"down/0": 1, "down/1": 2, "down/2": 3, "up/0": 4, "up/1": 5, "up/2": 6}
    }
    by_columns = sheet_layout(DataSettings(by="columns"), ("down", "up"))
    assert named(by_columns, 2, 2) == {"": {"down/0": 1, "up/0": 2, "down/1": 3, "up/1": 4}}


def test_a_sheet_holds_one_clip_or_several() -> None:
    layout = sheet_layout(DataSettings(frames=4), ("down", "up"))
    clips = named(layout, 4, 4)
    assert list(clips) == ["0,0", "0,2", "2,0", "2,2"]
    assert clips["2,2"] == {"down/0": 11, "down/1": 12, "up/0": 15, "up/1": 16}
    # One row alone: the other view is not there.
    assert named(sheet_layout(DataSettings(), ("down", "up")), 1, 2) == {
        "": {"down/0": 1, "down/1": 2}
    }
    with pytest.raises(
        InputError, match=r"^3 rows of 2 cells are no whole number of clips of 2 rows of 2"
    ):
        named(layout, 3, 2)
    with pytest.raises(UsageError, match="no multiple of 2 views"):
        sheet_layout(DataSettings(frames=3), ("down", "up"))


def test_known_layouts_name_their_frames() -> None:
    (ninja,) = named(LAYOUTS["ninja"], 7, 4).values()
    assert len(ninja) == 28
    assert (ninja["down/0"], ninja["right/3"], ninja["left/jump"]) == (1, 16, 23)
    assert (ninja["dead"], ninja["special2"]) == (25, 28)
    rpg_maker = named(LAYOUTS["rpg-maker"], 8, 12)
    assert len(rpg_maker) == 8
    assert rpg_maker["4,9"]["up/2"] == 96
    (lpc,) = named(LAYOUTS["lpc"], 21, 13).values()
    assert lpc["walk-up/0"] == 8 * 13 + 1
    assert lpc["hurt/5"] == 20 * 13 + 6
    (expanded,) = named(LAYOUTS["lpc"], 54, 2).values()
    assert (expanded["climb/0"], expanded["halfslash-right/1"]) == (43, 108)


def test_the_size_of_cells_is_the_layouts_own() -> None:
    sheet = LAYOUTS["rpg-maker"]
    assert sheet.grid(None, "a/Actor1.png", 384, 576) == Grid(48, 48)
    assert sheet.grid(None, "a/!$Gate.png", 192, 144) == Grid(48, 48)
    assert sheet.grid(Grid(16, 32), "Actor1.png", 384, 576) == Grid(16, 32)
    assert LAYOUTS["lpc"].grid(None, "x.png", 1344, 832) == Grid(64, 64)
    with pytest.raises(InputError, match="no sheet of 12x8 cells"):
        sheet.grid(None, "Actor1.png", 385, 576)
    with pytest.raises(UsageError, match="--layout ninja says which views"):
        sheet_layout(DataSettings(layout="ninja"), ("down",))
