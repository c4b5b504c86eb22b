"""How long one waits before anything happens, in fresh processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.bench.child import median, python, times
from tests.bench.material import Model
from tests.bench.rows import Row

HELP = ("-m", "pxgen", "--help")
HEAVY = ("torch", "numpy", "PIL", "rich", "safetensors", "imageio")
REPEATS = 5
PAIRS = 11
MAX_BEYOND_TORCH = 0.3
"""Seconds of processor time, which other programs do not stretch."""


def help_rows(folder: Path) -> Iterator[Row]:
    """``pxgen --help``: its wall time, and the heavy packages that it imports."""
    seconds = times(*HELP, repeats=REPEATS, folder=folder)
    yield Row("pxgen --help, median of 5", median(seconds), "s", 0.3, note=f"best {seconds[0]:.3f}")
    log = python("-X", "importtime", *HELP, folder=folder).stderr
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in log.splitlines()}
    found = [name for name in HEAVY if name in imported]
    note = ", ".join(found) or "neither torch nor " + ", ".join(HEAVY[1:])
    yield Row("heavy packages that --help imports", len(found), "packages", 0, note=note)


def cold_sample_rows(folder: Path, model: Model) -> Iterator[Row]:
    """``pxgen sample --label alien`` in an empty folder, beside ``import torch`` alone."""
    empty = folder / "empty"
    empty.mkdir()
    command = ("-m", "pxgen", "sample", "--label", "alien", "--force", *model.arguments)
    alone, whole = [], []
    # In turns, as a machine's pace changes from one minute to the next.
    for _ in range(PAIRS):
        alone += times("-c", "import torch", repeats=1, folder=empty, of="cpu")
        whole += times(*command, repeats=1, folder=empty, of="cpu")
    torch, sample = median(sorted(alone)), median(sorted(whole))
    yield Row(f"import torch, CPU, median of {PAIRS}", torch, "s")
    yield Row(f"pxgen sample --label alien, CPU, median of {PAIRS}", sample, "s", note=model.note)
    yield Row("... beyond import torch", sample - torch, "s", MAX_BEYOND_TORCH)
