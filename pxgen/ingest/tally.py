"""Counts made while sources are read."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pxgen.arrays import Rgba
from pxgen.ingest.cleaning import Jpegs


@dataclass
class Tally:
    """Counts made while reading."""

    empty_cells: int = 0
    untagged: dict[str, int] = field(default_factory=dict)
    """Frames outside all tags that are left out, by file."""
    with_blanks: list[str] = field(default_factory=list)
    """Clips cut from sheets of which some cells are blank."""
    rests: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Columns and rows of pixels that are no whole cell any more, by sheet."""
    renamed: dict[str, str] = field(default_factory=dict)
    """The image that JSON names and that is not there, by the JSON that has one of its own name."""
    tables: set[bytes] = field(default_factory=set)
    """Up to two distinct colour tables of indexed images."""
    without_table: bool = False
    """True if some image has no colour table of its own."""
    jpegs: Jpegs = field(default_factory=Jpegs)

    def saw_rest(self, sheet: str, rest: tuple[int, int]) -> None:
        """Record what is left over of a sheet, if anything is."""
        if any(rest):
            self.rests[sheet] = rest

    def saw_table(self, table: bytes | None) -> None:
        """Record an image's colour table."""
        if table is None:
            self.without_table = True
        elif len(self.tables) < 2:
            self.tables.add(table)

    @property
    def shared_table(self) -> Rgba | None:
        """``(K, 4) uint8``: the one colour table that every image has, or None."""
        if self.without_table or len(self.tables) != 1:
            return None
        return np.frombuffer(next(iter(self.tables)), np.uint8).reshape(-1, 4)
