"""Drawing any number of pictures in bounded memory, the same bytes however the work is divided.

Convolutions and matrix products of another batch size or thread count round differently, and one
last bit can turn a draw. So on a CPU every picture is computed alone by one thread, and several
threads work on several pictures; for the small networks of this package that is also the faster
way. On an accelerator, pictures go in batches of one fixed size.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from pxgen.models.protocol import Model, Sampling
from pxgen.noise import PictureNoise

U8 = NDArray[np.uint8]

TOGETHER = 64
"""Pictures at once on an accelerator; another number would round differently."""
AHEAD = 4
"""Pictures computed ahead for each worker, so that none waits for a slow one."""


class Wish(NamedTuple):
    """One picture asked for."""

    number: int
    """Its number in the seed's stream."""
    labels: NDArray[np.float32]
    """``(L,)`` in [-1, 1]."""
    how: Sampling
    """Steps, order, guidance, what to start from."""


def draw(
    model: Model,
    wishes: Iterable[Wish],
    seed: int,
    *,
    device: torch.device,
    workers: int = 1,
) -> Iterator[U8]:
    """Yield ``(T, H, W) uint8`` pictures in the order of the wishes.

    Args:
        model: moved to ``device`` and in evaluation mode.
        wishes: any number; they are read as needed.
        seed: picture ``i`` of a seed is the same in every run.
        device: where the model computes.
        workers: threads on a CPU.
    """

    def several(part: Sequence[Wish]) -> U8:
        # A batch is filled up, because another size would round differently.
        full = [*part, *[part[-1]] * (size - len(part))]
        labels = torch.from_numpy(np.stack([wish.labels for wish in full])).to(device)
        noise = PictureNoise(seed, [wish.number for wish in full], device)
        with torch.inference_mode():
            return model.sample(labels, noise, part[0].how)[: len(part)].cpu().numpy()

    size = 1 if device.type == "cpu" else TOGETHER
    parts = _alike(wishes, size)
    if device.type != "cpu":
        for part in parts:
            yield from several(part)
        return
    with one_thread():
        for pictures in _in_order(several, parts, workers):
            yield from pictures


def trace(model: Model, wish: Wish, seed: int, *, device: torch.device) -> U8:
    """One picture as it forms.

    Returns:
        ``(S·T, H, W) uint8``, a frame or clip a step; the last is what :func:`draw` draws.
    """
    size = 1 if device.type == "cpu" else TOGETHER
    labels = torch.from_numpy(np.stack([wish.labels] * size)).to(device)
    noise = PictureNoise(seed, [wish.number] * size, device)
    with one_thread(), torch.inference_mode():
        steps = [maps[0].cpu().numpy() for maps in model.trace(labels, noise, wish.how)]
    return np.concatenate(steps)


def _in_order(
    several: Callable[[Sequence[Wish]], U8], parts: Iterable[Sequence[Wish]], workers: int
) -> Iterator[U8]:
    """Map over ``parts`` on threads, yielding results in order with few of them waiting."""
    if workers == 1:
        yield from map(several, parts)
        return
    waiting: deque[Future[U8]] = deque()
    # The number of threads inside an operation is a setting of each thread.
    pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
    try:
        for part in parts:
            waiting.append(pool.submit(several, part))
            if len(waiting) >= workers * AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread inside operations, as pictures are drawn."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _alike(wishes: Iterable[Wish], size: int) -> Iterator[list[Wish]]:
    """At most ``size`` wishes in a row that are drawn the same way."""
    part: list[Wish] = []
    for wish in wishes:
        if part and (len(part) == size or wish.how is not part[0].how):
            yield part
            part = []
        part.append(wish)
    if part:
        yield part
