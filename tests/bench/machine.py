"""What the figures were measured on."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path

from tests.bench.child import python

FACTS = """
import json, torch
from pxgen.devices import cores
print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads(),
                  "workers": cores(), "amx": bool(torch.cpu._is_amx_tile_supported())}))
"""


@dataclass(frozen=True)
class Machine:
    """Facts that figures depend on."""

    processor: str
    cores: int
    workers: int
    """Threads that pxgen trains and draws with."""
    torch_threads: int
    """Threads of one operation of torch, unless told otherwise."""
    torch: str
    python: str
    amx: bool
    """Whether `precision = "auto"` means bf16 here for models that convolve."""
    load: float
    """Average number of busy processes in the minute before: 0 on a quiet machine."""

    def __str__(self) -> str:
        amx = "with AMX" if self.amx else "without AMX"
        return (
            f"{self.processor}, {self.cores} cores {amx}, {self.workers} workers, "
            f"torch {self.torch} ({self.torch_threads} threads), Python {self.python}, "
            f"load before {self.load:.1f}"
        )


def look() -> Machine:
    """Collect the facts of this machine."""
    facts = json.loads(python("-c", FACTS, folder=Path.cwd()).stdout)
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        workers=facts["workers"],
        torch_threads=facts["threads"],
        torch=facts["torch"],
        python=platform.python_version(),
        amx=facts["amx"],
        load=os.getloadavg()[0],
    )


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
