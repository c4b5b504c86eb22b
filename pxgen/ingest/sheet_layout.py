"""Layouts of sheets: which cells are the frames of a clip, and what each is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from pxgen.arrays import Rgba
from pxgen.config.settings import DataSettings
from pxgen.errors import InputError, UsageError
from pxgen.frames import frame_name
from pxgen.ingest.grid import Grid

Naming = Callable[[int, int], str | None]
"""Row and column in a clip to the name of the frame there, or None where there is none."""


class Cell(NamedTuple):
    """A frame on a sheet."""

    name: str
    row: int
    column: int


@dataclass(frozen=True)
class SheetLayout:
    """Clips of some rows and columns of cells each, side by side and below one another."""

    naming: Naming
    rows: int
    """Rows of a clip; a lone clip may have fewer."""
    columns: int
    """Columns of a clip; 0 for all of the sheet's."""
    cell: tuple[int, int] | None = None
    """Width and height of a cell, where the layout says it."""
    sheet: tuple[int, int] | None = None
    """Columns and rows of a whole sheet, where these give the cells' size."""

    def grid(self, given: Grid | None, name: str, height: int, width: int) -> Grid:
        """The grid of a sheet: the one asked for, or the layout's own.

        Raises:
            InputError: the sheet's sides are no multiples of its number of cells.
            UsageError: nothing says how large a cell is.
        """
        if given is not None:
            return given
        if self.cell is not None:
            return Grid(*self.cell)
        if self.sheet is None:
            raise UsageError("--views of a sheet need the size of its cells: add --cell WxH")
        lone = "$" in name.rpartition("/")[2][:2]
        columns, rows = (self.columns, self.rows) if lone else self.sheet
        if width % columns or height % rows:
            raise InputError(f"{width}x{height} is no sheet of {columns}x{rows} cells")
        return Grid(width // columns, height // rows)

    def clips(self, rows: int, columns: int) -> Iterator[tuple[Cell, ...]]:
        """The frames of each clip on a sheet of so many cells, those inside it.

        Raises:
            InputError: it is no whole number of clips.
        """
        high, wide = self.rows or rows, self.columns or columns
        if (rows > high and rows % high) or (columns > wide and columns % wide):
            raise InputError(
                f"{rows} rows of {columns} cells are no whole number of clips of {high} rows of "
                f"{wide}: the views or --frames are others"
            )
        for top in range(0, rows, high):
            for left in range(0, columns, wide):
                yield tuple(
                    Cell(name, top + row, left + column)
                    for row in range(min(high, rows))
                    for column in range(min(wide, columns))
                    if (name := self.naming(row, column)) is not None
                )


def cut_clips(
    sheet: Rgba, grid: Grid, layout: SheetLayout
) -> Iterator[tuple[str, tuple[str, ...], Rgba]]:
    """Yield ``(place, names, (T, H, W, 4))`` for each clip on a sheet of named frames.

    The sheet is ``(H, W, 4) uint8``; the place is that of the clip's first cell, empty of a lone
    clip. Empty cells come too: the caller takes them for missing frames.

    Raises:
        InputError: the sheet holds no cell, or no whole number of clips.
    """
    tops, lefts = grid.starts(*sheet.shape[:2])
    clips = list(layout.clips(len(tops), len(lefts)))
    for cells in clips:
        place = f"{cells[0].row},{cells[0].column}" if len(clips) > 1 else ""
        corners = [(tops[cell.row], lefts[cell.column]) for cell in cells]
        cut = [sheet[y : y + grid.height, x : x + grid.width] for y, x in corners]
        yield place, tuple(cell.name for cell in cells), np.stack(cut)


def sheet_layout(settings: DataSettings, views: tuple[str, ...]) -> SheetLayout | None:
    """The layout asked for by name, or that of ``views`` in rows or columns; None without either.

    Raises:
        UsageError: both, or a number of frames that is none of views.
    """
    if settings.layout is not None:
        if views or settings.by != "rows":
            raise UsageError(f"--layout {settings.layout} says which views there are: no --views")
        return LAYOUTS[settings.layout]
    if not views:
        return None
    frames = settings.frames or 0
    if frames % len(views):
        raise UsageError(f"--frames {frames} is no multiple of {len(views)} views")
    return _by_views(views, settings.by, frames // len(views))


def _by_views(views: tuple[str, ...], by: Literal["rows", "columns"], steps: int) -> SheetLayout:
    """Views in rows and steps in columns, or the other way; without ``steps`` as many as found."""

    def naming(row: int, column: int) -> str:
        view, step = (row, column) if by == "rows" else (column, row)
        return frame_name(views[view], str(step))

    shape = (len(views), steps) if by == "rows" else (steps, len(views))
    return SheetLayout(naming, *shape)


def _ninja(row: int, column: int) -> str | None:
    """Columns are directions; rows are four steps, an attack and a jump; the last is poses."""
    if row > len(_NINJA_STEPS):
        return None
    if row == len(_NINJA_STEPS):
        return _NINJA_POSES[column]
    return frame_name(_NINJA_VIEWS[column], _NINJA_STEPS[row])


_NINJA_VIEWS = ("down", "up", "left", "right")
_NINJA_STEPS = ("0", "1", "2", "3", "attack", "jump")
_NINJA_POSES = ("dead", "item", "special1", "special2")

_LPC_VIEWS = ("up", "left", "down", "right")
_LPC_MOTIONS = (
    *(("spellcast", 4), ("thrust", 4), ("walk", 4), ("slash", 4), ("shoot", 4)),
    *(("hurt", 1), ("climb", 1), ("idle", 4), ("jump", 4), ("sit", 4), ("emote", 4)),
    *(("run", 4), ("combat-idle", 4), ("backslash", 4), ("halfslash", 4)),
)
"""Motions of a Universal LPC sheet from above, and the rows of each."""
_LPC_ROWS = tuple(
    f"{motion}-{view}" if rows == len(_LPC_VIEWS) else motion
    for motion, rows in _LPC_MOTIONS
    for view in _LPC_VIEWS[:rows]
)


def _lpc(row: int, column: int) -> str | None:
    return frame_name(_LPC_ROWS[row], str(column)) if row < len(_LPC_ROWS) else None


def _rpg_maker(row: int, column: int) -> str:
    return frame_name(("down", "left", "right", "up")[row], str(column))


LAYOUTS = {
    "rpg-maker": SheetLayout(_rpg_maker, rows=4, columns=3, sheet=(12, 8)),
    "lpc": SheetLayout(_lpc, rows=0, columns=0, cell=(64, 64)),
    "ninja": SheetLayout(_ninja, rows=7, columns=4, cell=(16, 16)),
}
"""Layouts by name."""
