"""Drawing any number of pictures in bounded memory, the same bytes however the work is divided.

Convolutions and matrix products of another batch size or thread count round differently, and one
last bit can turn a draw. So pictures are computed in groups of one size by one thread each, and
picture ``i`` always has seat ``i % size`` in its group, beside whichever others are asked for: all
that decides its bytes is its own. Seats that nobody asked for are filled up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pxgen.devices import one_thread
from pxgen.models.protocol import Model, Sampling
from pxgen.noise import PictureNoise

U8 = NDArray[np.uint8]

SEATS, SEATED_PIXELS = 4, 2304
"""Pictures of a group on a CPU, and their pixels, at most: small networks spend most of their time
between operations, which a group shares; a lone picture pays for the empty seats beside it."""
SEATS_ACCELERATED = 64
"""Pictures of a group on an accelerator."""
WINDOW = 256
"""Pictures among which companions are looked for; those between may be drawn another way."""
AHEAD = 4
"""Groups computed ahead for each worker, so that none waits for a slow one."""


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

    def pictures(group: _Group) -> dict[int, U8]:
        with torch.inference_mode():
            maps = model.sample(*group.seated(seed, device), group.how).cpu().numpy()
        return {place: maps[seat] for seat, (place, _) in group.taken.items()}

    accelerated = device.type != "cpu"
    done: dict[int, U8] = {}
    following = 0
    with nullcontext() if accelerated else one_thread():
        groups = _groups(wishes, lambda how: _seats(model, how, device))
        for made in _in_order(pictures, groups, 1 if accelerated else workers):
            done |= made
            while following in done:
                yield done.pop(following)
                following += 1


def trace(model: Model, wish: Wish, seed: int, *, device: torch.device) -> U8:
    """One picture as it forms.

    Returns:
        ``(S·T, H, W) uint8``, a frame or clip a step; the last is what :func:`draw` draws.
    """
    (group,) = _groups([wish], lambda how: _seats(model, how, device))
    (seat,) = group.taken
    labels, noise = group.seated(seed, device)
    with one_thread(), torch.inference_mode():
        steps = [maps[seat].cpu().numpy() for maps in model.trace(labels, noise, wish.how)]
    return np.concatenate(steps)


@dataclass(frozen=True)
class _Group:
    """Pictures that are computed at once, drawn the same way."""

    how: Sampling
    size: int
    taken: dict[int, tuple[int, Wish]]
    """By seat: a wish, and its place among all."""

    def seated(self, seed: int, device: torch.device) -> tuple[Tensor, PictureNoise]:
        """``(size, L)`` labels and the noise of all seats; a wish repeated fills empty ones."""
        _, filler = next(iter(self.taken.values()))
        wishes = [self.taken.get(seat, (0, filler))[1] for seat in range(self.size)]
        labels = torch.from_numpy(np.stack([wish.labels for wish in wishes])).to(device)
        return labels, PictureNoise(seed, [wish.number for wish in wishes], device)


@dataclass(frozen=True)
class Alone:
    """One picture computed by itself, in the rows and the seat that :func:`draw` gives it."""

    rows: int
    number: int
    device: torch.device

    @classmethod
    def of(cls, model: Model, how: Sampling, number: int, device: torch.device) -> Alone:
        """The seat of a picture that is drawn that way."""
        return cls(_seats(model, how, device), number, device)

    def repeated(self, one: Tensor) -> Tensor:
        """``(...)`` as ``(rows, ...)``."""
        return one.to(self.device).expand(self.rows, *one.shape)

    def noise(self, seed: int, ahead: int = 0) -> PictureNoise:
        """The picture's noise in every row, or that of the picture ``ahead`` of it."""
        return PictureNoise(seed, [self.number + ahead] * self.rows, self.device)

    def own(self, rows: Tensor) -> NDArray[np.uint8]:
        """``(rows, ...)`` to the picture's own."""
        return rows[self.number % self.rows].cpu().numpy()


def _seats(model: Model, how: Sampling, device: torch.device) -> int:
    """How many pictures are computed at once, whoever asks for how many."""
    if device.type != "cpu":
        return SEATS_ACCELERATED
    if not how.fresh:
        # The sets of labels that may explain what is known of a picture are a group already.
        return 1
    canvas = how.canvas or model.domain.canvas
    return max(1, min(SEATS, SEATED_PIXELS // canvas.pixels))


def _groups(wishes: Iterable[Wish], size_of: Callable[[Sampling], int]) -> Iterator[_Group]:
    """Groups in the order of their first wishes; each wish sits where its number says."""
    following = enumerate(wishes)
    while window := list(islice(following, WINDOW)):
        groups: list[_Group] = []
        open_groups: dict[tuple[int, int], deque[_Group]] = {}
        for place, wish in window:
            size = size_of(wish.how)
            seat = wish.number % size
            # The first group of this kind in which the seat is free.
            waiting = open_groups.setdefault((id(wish.how), seat), deque())
            if not waiting:
                groups.append(_Group(wish.how, size, {}))
                for other in range(size):
                    open_groups.setdefault((id(wish.how), other), deque()).append(groups[-1])
            waiting.popleft().taken[seat] = place, wish
        yield from groups


def _in_order(
    pictures: Callable[[_Group], dict[int, U8]], groups: Iterable[_Group], workers: int
) -> Iterator[dict[int, U8]]:
    """Map over ``groups`` on threads, yielding results in order with few of them waiting."""
    if workers == 1:
        yield from map(pictures, groups)
        return
    waiting: deque[Future[dict[int, U8]]] = deque()
    # The number of threads inside an operation is a setting of each thread.
    pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
    try:
        for group in groups:
            waiting.append(pool.submit(pictures, group))
            if len(waiting) >= workers * AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
