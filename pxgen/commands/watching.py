"""Long work is watched: a bar on a terminal; in a log, or a pipe, a plain line each half-minute."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from pxgen.errors import Progress, Remark

if TYPE_CHECKING:
    from rich.console import Console

Item = TypeVar("Item")

EVERY = 30.0
"""Seconds between two lines."""
FEW = 8
"""Items below which no bar is worth it."""


class Log:
    """What stands for a console where no terminal is: lines alone, and nothing to import."""

    def __init__(self, remark: Remark) -> None:
        self.print = remark


class Pulse:
    """Says when a line is due, which tells a log that something goes on."""

    def __init__(self) -> None:
        self._began = self._said = time.monotonic()

    def due(self) -> bool:
        """True if none was said for as long as a log may be silent."""
        now = time.monotonic()
        late = now - self._said >= EVERY
        if late:
            self.said()
        return late

    def said(self) -> None:
        """Count from now."""
        self._said = time.monotonic()

    def elapsed(self) -> timedelta:
        """Whole seconds since the beginning."""
        return timedelta(seconds=round(time.monotonic() - self._began))


def lines(remark: Remark) -> Progress:
    """What says each half-minute how many of something are done."""
    pulse = Pulse()

    def progress(count: int, what: str) -> None:
        if pulse.due():
            remark(f"{count} {what}, {pulse.elapsed()} elapsed")

    return progress


def counted(items: Iterable[Item], what: str, remark: Remark) -> Iterator[Item]:
    """Pass ``items`` through, and say each half-minute how many there were so far."""
    progress = lines(remark)
    for done, item in enumerate(items, 1):
        yield item
        progress(done, what)


def watched(items: Iterable[Item], total: int, what: str, console: Console | Log) -> Iterator[Item]:
    """Pass ``items`` through, ``total`` of them, and show how many there were."""
    if not isinstance(console, Log) and console.is_terminal and not console.quiet:
        if total < FEW:
            yield from items
            return
        from rich.progress import track

        yield from track(items, total=total, description=what, console=console, transient=True)
        return
    pulse = Pulse()
    for done, item in enumerate(items, 1):
        yield item
        if pulse.due():
            console.print(f"{what}: {done} of {total}, {pulse.elapsed()} elapsed")
