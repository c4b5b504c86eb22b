"""Sprite sheets cut into cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pxgen.arrays import Rgba
from pxgen.canvas import parse_size
from pxgen.config.settings import DataSettings
from pxgen.errors import InputError


@dataclass(frozen=True)
class Grid:
    """The grid of a sheet in its own pixels; margin and spacing are Tiled's words."""

    width: int
    height: int
    margin: int = 0
    """Pixels around the whole sheet."""
    spacing: int = 0
    """Pixels between neighbouring cells."""

    @classmethod
    def of(cls, settings: DataSettings) -> Grid | None:
        """The grid that was asked for, if any."""
        if not settings.cell:
            return None
        height, width = parse_size(settings.cell)
        return cls(width, height, settings.margin, settings.spacing)

    def starts(self, length: int, cell: int) -> range:
        """The first pixel of each cell along one side.

        Raises:
            InputError: the side is no whole number of cells.
        """
        inside = length - 2 * self.margin + self.spacing
        if inside <= 0 or inside % (cell + self.spacing):
            raise InputError(f"a side of {length} pixels is no whole number of cells of {cell}")
        return range(self.margin, length - self.margin, cell + self.spacing)


def cut(sheet: Rgba, grid: Grid, frames: int) -> Iterator[tuple[str, Rgba]]:
    """Yield ``(name, (frames, H, W, 4))`` for each cell, or run of cells, in reading order.

    The sheet is ``(H, W, 4) uint8``. Empty cells come too: the caller counts them. With ``frames``
    above one each row is cut into runs of that many cells.

    Raises:
        InputError: the sheet is no whole number of cells, or a row of clips.
    """
    rows = grid.starts(sheet.shape[0], grid.height)
    columns = grid.starts(sheet.shape[1], grid.width)
    if len(columns) % frames:
        raise InputError(f"{len(columns)} cells in a row cannot be cut into clips of {frames}")
    for row, top in enumerate(rows):
        for column in range(0, len(columns), frames):
            lefts = columns[column : column + frames]
            cells = [sheet[top : top + grid.height, left : left + grid.width] for left in lefts]
            yield f"{row},{column}", np.stack(cells)
