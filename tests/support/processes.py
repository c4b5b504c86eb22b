"""Runs of the real program in a process of its own, to be stopped at a chosen moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

PATIENCE = 120.0
"""Seconds after which a run that neither ends nor reaches its moment fails the test."""


class Ended(NamedTuple):
    """How a run ended; ``code`` is negative where a signal ended it."""

    code: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[str]:
        """Standard error without empty lines: click ends an interrupted line with one."""
        return [line for line in self.stderr.splitlines() if line]


def pxgen(folder: Path, *arguments: object) -> Ended:
    """Run ``pxgen`` in ``folder`` to its end."""
    with start(folder, *arguments) as process:
        return end(process)


def start(folder: Path, *arguments: object) -> subprocess.Popen[str]:
    """Start ``pxgen`` in ``folder``."""
    return subprocess.Popen(
        [sys.executable, "-m", "pxgen", *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> Ended:
    """Wait for a run to end."""
    try:
        stdout, stderr = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    return Ended(process.returncode, stdout, stderr)


def stop_when(
    process: subprocess.Popen[str],
    reached: Callable[[], bool],
    delay: float,
    number: signal.Signals,
) -> Ended:
    """Send a signal ``delay`` seconds after ``reached`` first holds; a run that is faster ends."""
    limit = time.monotonic() + PATIENCE
    while not reached() and process.poll() is None:
        assert time.monotonic() < limit, "the moment never came"
        time.sleep(0.001)
    time.sleep(delay)
    process.send_signal(number)
    return end(process)
