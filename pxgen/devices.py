"""Where to compute: devices, cores and threads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from pxgen.errors import UsageError


def pick_device(name: str) -> torch.device:
    """``auto``, ``cpu``, ``cuda`` or ``mps`` as a device that is there.

    Raises:
        UsageError: the device asked for is not available.
    """
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": _has_mps()}
    if name == "auto":
        return torch.device("cuda" if available["cuda"] else "cpu")
    if not available.get(name, False):
        there = ", ".join(kind for kind, here in available.items() if here)
        raise UsageError(f"no {name} device here: choose one of auto, {there}")
    return torch.device(name)


def _has_mps() -> bool:
    return torch.backends.mps.is_available()


def cores() -> int:
    """Cores that this process may use, or fewer if ``OMP_NUM_THREADS`` says so."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    wished = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(available or 1, int(wished) if wished.isdecimal() else 2**16))


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread inside operations, as pictures are drawn."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
