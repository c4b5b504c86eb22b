"""What a measurement is, and the table of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure; ``bar`` is the most it may be, or None where nothing is promised."""

    name: str
    figure: float
    unit: str
    bar: float | None = None
    note: str = ""

    @property
    def ok(self) -> bool | None:
        """Whether the bar is cleared; None without one."""
        return None if self.bar is None else self.figure <= self.bar

    @property
    def shown(self) -> str:
        """The figure with three digits or all of its whole part."""
        return f"{self.figure:.0f}" if self.figure >= 100 else f"{self.figure:.3g}"


def table(rows: Sequence[Row]) -> str:
    """Rows as aligned columns."""
    verdicts = {None: "", True: "ok", False: "missed"}
    cells = [("", "figure", "unit", "at most", "", "")]
    for row in rows:
        bar = "" if row.bar is None else f"{row.bar:g}"
        cells.append((row.name, row.shown, row.unit, bar, verdicts[row.ok], row.note))
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    numbers = {1, 3}
    lines = (
        "  ".join(
            text.rjust(width) if column in numbers else text.ljust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )
    return "\n".join(lines)
