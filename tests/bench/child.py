"""A program in a fresh process: how long it took and how much memory it held at most.

The measuring process must stay small. A child's peak starts at the size of its parent at the time
of the fork, so torch or NumPy loaded here would be counted as the child's; what needs them runs in
a child of its own, too, and prints JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent.parent


class Ended(NamedTuple):
    """What a child cost and printed."""

    seconds: float
    cpu: float
    """Seconds of processor time."""
    megabytes: float
    """Largest resident set, in 10^6 bytes."""
    stdout: str
    stderr: str


def python(*arguments: object, folder: Path) -> Ended:
    """Run ``python arguments...`` in ``folder`` to its end.

    Raises:
        RuntimeError: it failed.
    """
    command = [sys.executable, *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    # As installed: pip compiles a package, and the run that is not counted does it here.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        stdout, stderr = (_text(file) for file in (out, err))
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{stderr}")
    # Linux counts in kibibytes, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    cpu = usage.ru_utime + usage.ru_stime
    return Ended(seconds, cpu, usage.ru_maxrss * unit / 1e6, stdout, stderr)


def pxgen(*arguments: object, folder: Path) -> Ended:
    """Run ``pxgen arguments...`` in ``folder``."""
    return python("-m", "pxgen", *arguments, folder=folder)


def program(name: str, *arguments: object, folder: Path) -> Any:
    """What the program ``tests.bench.<name>`` prints, as JSON."""
    return json.loads(python("-m", f"tests.bench.{name}", *arguments, folder=folder).stdout)


def times(*command: object, repeats: int, folder: Path, of: str = "seconds") -> list[float]:
    """Sorted seconds of several runs, after one that warms the disk's cache and is not counted.

    ``of`` is the field of :class:`Ended` that they are.
    """
    runs = [getattr(python(*command, folder=folder), of) for _ in range(repeats + 1)]
    return sorted(runs[1:])


def median(ordered: Sequence[float]) -> float:
    """The middle of an odd number of sorted values."""
    return ordered[len(ordered) // 2]


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode("utf-8", "replace"))
