"""``prepare`` and ``sample`` on a lot of sprites: how fast, and how much memory at most.

Run as a program, ``python -m tests.bench.making ARGUMENTS...`` prints the seconds that ``pxgen
sample`` takes in a process that has drawn before.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path

from tests.bench.child import program, pxgen
from tests.bench.material import Model
from tests.bench.rows import Row

DATASET = "dataset"
WARM, MANY, FEW_STEPS = 100, 1000, 4


def prepare_rows(folder: Path, sprites: Path) -> Generator[Row, None, float]:
    """One cold ``prepare`` of all sprites; returns sprites a second."""
    ended = pxgen("prepare", sprites, "-o", DATASET, folder=folder)
    facts = json.loads(pxgen("inspect", DATASET, "--json", folder=folder).stdout)
    count = facts["sprites"]
    what = f"{count} PNGs of {facts['width']}x{facts['height']}, {facts['colors'] - 1} colours"
    yield Row("prepare", ended.seconds, "s", 15.0, note=what)
    yield Row("prepare, peak memory", ended.megabytes, "MB", 300)
    return float(count / ended.seconds)


def sample_rows(folder: Path, model: Model) -> Iterator[Row]:
    """Warm drawing at default settings, and the memory of a long run."""
    seconds = program("making", *model.arguments, folder=folder)
    yield Row("sample, warm", WARM / seconds, "sprites/s", note=f"{WARM} at the model's own steps")
    long = ("-n", MANY, "--steps", FEW_STEPS, "-o", "many/")
    ended = pxgen("sample", *model.arguments, *long, folder=folder)
    note = f"with {FEW_STEPS} steps each: steps cost time, not memory"
    yield Row(f"sample -n {MANY}, peak memory", ended.megabytes, "MB", 700, note=note)


def _seconds_when_warm(arguments: list[str]) -> float:
    from click.testing import CliRunner

    from pxgen.cli.app import pxgen as command

    def sample(count: int, out: str) -> float:
        began = time.perf_counter()
        result = CliRunner().invoke(command, ["sample", *arguments, "-n", str(count), "-o", out])
        seconds = time.perf_counter() - began
        if result.exit_code:
            raise RuntimeError(result.stderr)
        return seconds

    sample(4, "first/")
    return sample(WARM, "warm/")


if __name__ == "__main__":
    print(json.dumps(_seconds_when_warm(sys.argv[1:])))
