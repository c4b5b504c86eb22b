"""What a measurement is, and the table of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure, the bars it has to clear and what it was measured beside."""

    name: str
    figure: float
    unit: str
    most: float | None = None
    """What the figure may be at most, where something is promised."""
    times: float | None = None
    """How many times as fast (or as small) as the alternative that the note tells of."""
    least: float | None = None
    """What ``times`` must be at least."""
    note: str = ""

    @property
    def ok(self) -> bool | None:
        """Whether the bars are cleared; None without one."""
        cleared = []
        if self.most is not None:
            cleared.append(self.figure <= self.most)
        if self.least is not None:
            cleared.append((self.times or 0) >= self.least)
        return all(cleared) if cleared else None

    @property
    def bar(self) -> str:
        """What is promised."""
        if self.most is not None:
            return f"at most {self.most:g}"
        return "" if self.least is None else f"{self.least:g} times"

    def cells(self) -> tuple[str, ...]:
        """The row as texts, in the order of ``HEADS``."""
        verdict = {None: "", True: "ok", False: "missed"}[self.ok]
        times = "" if self.times is None else digits(self.times)
        return self.name, digits(self.figure), self.unit, times, self.bar, verdict, self.note


HEADS = ("", "figure", "unit", "times", "bar", "", "")
NUMBERS = {1, 3}


def digits(figure: float) -> str:
    """Three digits, or all of the whole part."""
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


def table(rows: Sequence[Row]) -> str:
    """Rows as aligned columns."""
    cells = [HEADS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADS))]
    lines = (
        "  ".join(
            text.rjust(width) if column in NUMBERS else text.ljust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )
    return "\n".join(lines)


def page(machine: str, command: str, rows: Sequence[Row]) -> str:
    """Rows as a document in Markdown."""
    rule = ["---:" if column in NUMBERS else "---" for column in range(len(HEADS))]
    lines = [HEADS, rule, *(row.cells() for row in rows)]
    return "\n".join(
        [
            "# Benchmark",
            "",
            f"One run of `{command}`.",
            f"{machine}.",
            "",
            "*Times*: how many times as fast, or as small, as the alternative in the last column,",
            "measured in the same run.",
            "",
            *(f"| {' | '.join(line)} |" for line in lines),
            "",
        ]
    )
