"""Runs of the real program in a process of its own, which may stop itself at a chosen moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

STOPS = """
import fnmatch, os, sys
pattern, turn, placed, number = sys.argv.pop(1).split(":")
replace, left = os.replace, int(turn)

def stopping(source, target):
    global left
    counts = fnmatch.fnmatch(os.path.basename(target), pattern)
    left -= counts
    now = counts and left == 0
    if not placed and now:
        os.kill(os.getpid(), int(number))
    replace(source, target)
    if placed and now:
        os.kill(os.getpid(), int(number))

os.replace = stopping
from pxgen.cli import main
main()
"""


class Moment(NamedTuple):
    """When a run stops itself, whatever the machine does beside it."""

    file: str
    """The name, or a pattern of it, of a file that is being replaced."""
    turn: int = 1
    """The how manieth of them."""
    placed: bool = False
    """Whether the file has its name already; else it is written whole, but under another."""
    number: signal.Signals = signal.SIGKILL


class Ended(NamedTuple):
    """How a run ended; ``code`` is negative where a signal ended it."""

    code: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[str]:
        """Standard error without empty lines: click ends an interrupted line with one."""
        return [line for line in self.stderr.splitlines() if line]


def run(folder: Path, *arguments: object, stop: Moment) -> Ended:
    """Run ``pxgen`` in ``folder`` until it stops itself, or to its end if it never does."""
    file, turn, placed, number = stop
    moment = f"{file}:{turn}:{'placed' * placed}:{int(number)}"
    done = subprocess.run(
        [sys.executable, "-c", STOPS, moment, *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
