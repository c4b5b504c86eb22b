"""Sprite sheets cut into cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pxgen.arrays import Rgba
from pxgen.config.options import pair, parse_size
from pxgen.config.requests import SourceSettings
from pxgen.config.settings import DataSettings
from pxgen.errors import InputError


def in_cells(settings: DataSettings | SourceSettings) -> bool:
    """True if sheets are cut: cells that are asked for beat what JSON says of a sheet."""
    return settings.cell is not None or settings.layout is not None


@dataclass(frozen=True)
class _Side:
    """The cells along one side of a sheet, in its own pixels."""

    cell: int
    margin: int
    spacing: int

    def starts(self, length: int) -> range:
        """The first pixel of each whole cell.

        As in Tiled the margin is wanted before the cells alone, and what is left over after them
        is no cell. But where a margin on both sides leaves whole cells, it is one on both.

        Raises:
            InputError: there is no whole cell.
        """
        step = self.cell + self.spacing
        inside = length - 2 * self.margin + self.spacing
        if inside <= 0 or inside % step:
            inside = length - self.margin + self.spacing
        if inside < step:
            raise InputError(f"a side of {length} pixels holds no cell of {self.cell}")
        return range(self.margin, self.margin + inside // step * step, step)

    def rest(self, length: int) -> int:
        """The pixels after the last cell, other than a margin and a space like those before it."""
        rest = length - (self.starts(length)[-1] + self.cell)
        known = (0, self.margin, self.spacing, self.margin + self.spacing)
        return 0 if rest in known else rest


@dataclass(frozen=True)
class Grid:
    """The grid of a sheet; margin and spacing are Tiled's words."""

    width: int
    height: int
    margin: tuple[int, int] = (0, 0)
    """Pixels left of all cells, and above them."""
    spacing: tuple[int, int] = (0, 0)
    """Pixels between neighbouring cells, across and down."""

    @classmethod
    def of(cls, settings: DataSettings) -> Grid | None:
        """The grid that was asked for, if any."""
        if not settings.cell:
            return None
        height, width = parse_size(settings.cell)
        return cls(width, height, pair(settings.margin), pair(settings.spacing))

    @property
    def _across(self) -> _Side:
        return _Side(self.width, self.margin[0], self.spacing[0])

    @property
    def _down(self) -> _Side:
        return _Side(self.height, self.margin[1], self.spacing[1])

    def starts(self, height: int, width: int) -> tuple[range, range]:
        """The first pixel of each row, and of each column, of whole cells.

        Raises:
            InputError: there is no whole cell.
        """
        return self._down.starts(height), self._across.starts(width)

    def rest(self, height: int, width: int) -> tuple[int, int]:
        """The columns and rows of pixels that are left over beside the cells and below them."""
        return self._across.rest(width), self._down.rest(height)


def cut(
    sheet: Rgba, grid: Grid, frames: int | None, *, short: bool = False
) -> Iterator[tuple[str, Rgba]]:
    """Yield ``(name, (frames, H, W, 4))`` for each cell, or run of cells, in reading order.

    The sheet is ``(H, W, 4) uint8``. Empty cells come too: the caller counts them. Each row is cut
    into runs of ``frames`` cells, of which the last may be ``short``; None takes rows whole.

    Raises:
        InputError: the sheet holds no cell, or its rows are no whole number of runs.
    """
    rows, columns = grid.starts(*sheet.shape[:2])
    frames = frames or len(columns)
    if len(columns) % frames and not short:
        raise InputError(f"{len(columns)} cells in a row cannot be cut into clips of {frames}")
    for row, top in enumerate(rows):
        for column in range(0, len(columns), frames):
            lefts = columns[column : column + frames]
            cells = [sheet[top : top + grid.height, left : left + grid.width] for left in lefts]
            yield f"{row},{column}", np.stack(cells)
