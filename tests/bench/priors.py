"""Drawing codes by PixelSNAIL: with what was computed before, beside a whole grid for each code.

Run as a program, ``python -m tests.bench.priors`` prints the seconds of both for each grid and
batch. A naive drawing reads the whole grid once for every code; a few of those readings are timed
and counted for all.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.child import program
from tests.bench.rows import Row, digits

GRIDS = {
    "6x6": ((1, 6, 6), 512),
    "12x12": ((1, 12, 12), 512),
    "4 of 8x8": ((4, 8, 8), 512),
    "8 of 12x12": ((8, 12, 12), 512),
    "24x24 palette": ((1, 24, 24), 16),
}
WIDTH, BLOCKS = 64, 6
BATCHES = {1: 10.0, 16: 40.0}
"""Grids at once, and how many times faster than naive drawing they are meant to be."""
LARGE = 256
"""Codes from which on that is meant."""
READINGS = 3


def rows(folder: Path) -> Iterator[Row]:
    """Seconds for each grid and batch, beside naive ones."""
    for name, (grid, _) in GRIDS.items():
        figures = program("priors", name, folder=folder)
        positions = grid[0] * grid[1] * grid[2]
        for batch, times in BATCHES.items():
            kept, naive = figures[str(batch)]
            least = times if positions >= LARGE else None
            faster, note = naive / kept, f"naive {digits(naive)} s"
            called = f"codes of {name}, {batch} at once"
            yield Row(called, kept, "s", times=faster, least=least, note=note)


def _measure(name: str) -> dict[int, tuple[float, float]]:
    import torch

    from pxgen.canvas import Canvas
    from pxgen.models.autoregressive.pixelsnail import PixelSnail

    torch.set_num_threads(1)
    grid, codes = GRIDS[name]
    net = PixelSnail(
        Canvas(*grid), codes, width=WIDTH, blocks=BLOCKS, condition=WIDTH, dropout=0.0
    ).eval()
    N = net.grid.pixels
    figures = {}
    with torch.inference_mode():
        for batch in BATCHES:
            condition = torch.zeros(batch, WIDTH)
            began = time.perf_counter()
            cached = net.cached(condition)
            for position in range(N):
                cached.append(position, cached.logits(position).argmax(-1))
            kept = time.perf_counter() - began
            drawn = torch.zeros(batch, N, dtype=torch.long)
            net(drawn, condition)
            began = time.perf_counter()
            for _ in range(READINGS):
                net(drawn, condition)
            figures[batch] = (kept, (time.perf_counter() - began) / READINGS * N)
    return figures


if __name__ == "__main__":
    import sys

    print(json.dumps(_measure(sys.argv[1])))
