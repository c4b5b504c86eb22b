"""Where to compute."""

from __future__ import annotations

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
