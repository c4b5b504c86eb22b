"""Devices, cores and threads to compute with."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from threading import Lock, Thread
from typing import TypeVar

import torch
from torch import Tensor

from pxgen.errors import UsageError

Item = TypeVar("Item")
Result = TypeVar("Result")

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
"""Names of ``malloc.h``."""


def pick_device(name: str) -> torch.device:
    """The device called ``auto``, ``cpu``, ``cuda`` or ``mps``; ``auto`` takes CUDA, else the CPU.

    Raises:
        UsageError: the device asked for is not available.
    """
    mps = torch.backends.mps.is_available()
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": mps}
    if name == "auto":
        return torch.device("cuda" if available["cuda"] else "cpu")
    if not available.get(name, False):
        there = ", ".join(kind for kind, here in available.items() if here)
        raise UsageError(f"no {name} device here: choose one of auto, {there}")
    return torch.device(name)


def available_cores() -> int:
    """Cores that this process may use."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return available or 1


def cores() -> int:
    """Cores that this process may use, or fewer if ``OMP_NUM_THREADS`` says so."""
    wished = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(available_cores(), int(wished) if wished.isdecimal() else 2**16))


@cache
def keep_memory() -> None:
    """Make glibc keep what is freed for the process's next tensors, where it is the C library.

    Each step frees what the next one takes again. Given back to the system in between, pages
    cost a fifth of a training step to come back.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 2**30)
        mallopt(_M_TRIM_THRESHOLD, 2**30)
        mallopt(_M_TOP_PAD, 2**26)


def limit_thread(*, flush_denormal: bool = False) -> None:
    """Make the calling thread use one thread inside operations.

    Threads inside an operation round differently with their number, and wait for one another.
    Denormal numbers cost a core more than a hundred others: flushing makes them zero.
    """
    # The first question makes torch settle this thread by the process's number: before, not after.
    torch.get_num_threads()
    torch.set_num_threads(1)
    if flush_denormal:
        torch.set_flush_denormal(True)


def thread_settings() -> tuple[int, bool]:
    """The calling thread's number of threads, and whether it flushes denormals."""
    # torch sets flushing, and does not tell.
    return torch.get_num_threads(), not torch.tensor(1e-40).mul(1).any()


def set_thread(threads: int, flush_denormal: bool) -> None:
    """Give the calling thread such settings back."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(flush_denormal)


@contextmanager
def one_thread(*, flush_denormal: bool = False) -> Iterator[None]:
    """:func:`limit_thread` for a block; the calling thread's own settings return after it."""
    before = thread_settings()
    limit_thread(flush_denormal=flush_denormal)
    try:
        yield
    finally:
        set_thread(*before)


_open: dict[ThreadPoolExecutor, int] = {}
"""Pools, and the caller's number of threads when the first of them was opened."""
_opening = Lock()


@contextmanager
def thread_pool(workers: int, *, flush_denormal: bool = False) -> Iterator[ThreadPoolExecutor]:
    """A pool of limited threads (see :func:`limit_thread`); the caller's own number stays.

    What is still waiting when the block ends is cancelled.
    """
    keep_memory()
    limit = partial(limit_thread, flush_denormal=flush_denormal)
    pool = ThreadPoolExecutor(workers, initializer=limit)
    with _opening:
        _open[pool] = next(iter(_open.values()), torch.get_num_threads())
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        with _opening:
            threads = _open.pop(pool)
            if not _open:
                # MKL and threads to come share one number, which any thread can give back.
                giver = Thread(target=torch.set_num_threads, args=(threads,))
                giver.start()
                giver.join()


def in_one_thread(function: Callable[[], Result]) -> Result:
    """Call a function in a limited thread of its own without gradients; returns its result."""
    with thread_pool(1) as pool:
        return pool.submit(torch.inference_mode()(function)).result()


def parallel_map(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> list[Result]:
    """``function`` of each item, in order; the results do not depend on ``workers``."""
    with thread_pool(workers) as pool:
        return list(pool.map(function, items))


def holds_doubles(device: torch.device) -> bool:
    """True of devices with 64-bit numbers."""
    return device.type != "mps"


def in_doubles(values: Tensor) -> Tensor:
    """The same as float64, on the CPU where the device has none."""
    return (values if holds_doubles(values.device) else values.cpu()).double()
