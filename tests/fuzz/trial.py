"""Damaged files in turn, and what commands say of them."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

from pxgen.cli.app import pxgen
from tests.fuzz.damage import damaged
from tests.fuzz.material import Kind, inside

SECONDS = 20
"""Beyond which a command counts as hanging."""
LINES = 2


class Crash(NamedTuple):
    """What should not have happened."""

    command: Sequence[str]
    said: str


def cases(kinds: dict[str, Kind], seed: int) -> Iterator[tuple[str, bytes]]:
    """Kinds in turn, each time with another damage; the same for the same seed."""
    chance = random.Random(seed)
    while True:
        for name, kind in kinds.items():
            yield name, damaged(kind.good, name, chance)


def tried(kind: Kind, content: bytes, folder: Path) -> Iterator[Crash]:
    """Run the commands of a kind on one content, in a folder of good files."""
    path = folder / kind.file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    with inside(folder):
        for command in kind.commands:
            said = complaint(command)
            if said is not None:
                yield Crash(command, said)
    path.write_bytes(kind.good)


def complaint(command: Sequence[str]) -> str | None:
    """What is wrong with how a command behaves; None if nothing is."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(SECONDS)
    try:
        result = CliRunner().invoke(pxgen, ["-q", *command])
    except _TooLong:
        return f"still running after {SECONDS} seconds"
    finally:
        signal.alarm(0)
    told = result.stderr.splitlines()
    # `lint` says with 1 that it found something.
    if result.exit_code == 0 or (result.exit_code == 1 and command[0] == "lint" and not told):
        return None
    if result.exit_code not in {2, 3} or "Traceback" in result.stderr:
        return f"status {result.exit_code}: {result.stderr.strip()[:400]} {result.exception!r}"
    # A list of bad files may come before the line that says what to do.
    clear = 1 <= len(told) <= LINES and told[-1].startswith("pxgen: ")
    if not clear or "\x1b" in result.stderr:
        return f"no clear line: {result.stderr[:400]!r}"
    return None


class _TooLong(BaseException):
    """Nothing that a reader would take for a damaged file."""


def _too_long(number: int, frame: Any) -> None:
    raise _TooLong
