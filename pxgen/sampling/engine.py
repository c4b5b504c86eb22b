"""Drawing any number of pictures in bounded memory, the same bytes however the work is divided.

Convolutions and matrix products of another batch size or thread count round differently, and one
last bit can turn a draw. So pictures are computed in groups of one size by one thread each, and
picture ``i`` always has seat ``i % size`` in its group, beside whichever others are asked for: all
that decides its bytes is its own. Seats that nobody asked for are filled up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pxgen.arrays import IndexMaps
from pxgen.devices import in_one_thread, thread_pool
from pxgen.models.protocol import Model, SamplingParams
from pxgen.noise import PictureNoise

MAX_GROUP, MAX_GROUP_PIXELS = 8, 4608
"""Pictures of a group on a CPU, and their pixels, at most: small networks spend most of their time
between operations, which a group shares; a lone picture pays for the empty seats beside it."""
MAX_GROUP_ACCELERATED = 64
"""Pictures of a group on an accelerator."""
WINDOW = 256
"""Pictures among which companions are looked for; those between may be drawn another way."""
AHEAD = 4
"""Groups computed ahead for each worker, so that none waits for a slow one."""


class PictureRequest(NamedTuple):
    """One picture asked for."""

    number: int
    """Its number in the seed's stream."""
    labels: NDArray[np.float32]
    """``(L,)`` in [-1, 1]."""
    sampling: SamplingParams
    """Steps, order, guidance, what to start from."""


def draw_pictures(
    model: Model,
    requests: Iterable[PictureRequest],
    seed: int,
    *,
    device: torch.device,
    workers: int = 1,
    window: int = WINDOW,
) -> Iterator[IndexMaps]:
    """Yield ``(T, H, W) uint8`` pictures in the order of the requests.

    Args:
        model: moved to ``device`` and in evaluation mode.
        requests: any number; they are read as needed.
        seed: picture ``i`` of a seed is the same in every run.
        device: where the model computes.
        workers: threads on a CPU.
        window: pictures among which companions are looked for.
    """
    accelerated = device.type != "cpu"

    def pictures(group: _Group) -> dict[int, IndexMaps]:
        with torch.inference_mode():
            maps = model.sample(*group.rows(seed, device), group.sampling).cpu().numpy()
        return {turn: maps[seat] for seat, (turn, _) in group.taken.items()}

    done: dict[int, IndexMaps] = {}
    following = 0
    groups = _groups(requests, lambda sampling: group_size(model, sampling, device), window)
    for made in map(pictures, groups) if accelerated else _in_order(pictures, groups, workers):
        done |= made
        while following in done:
            yield done.pop(following)
            following += 1


def trace(model: Model, request: PictureRequest, seed: int, *, device: torch.device) -> IndexMaps:
    """One picture as it forms.

    Returns:
        ``(S·T, H, W) uint8``, a frame or clip for each step that drew; the last is what
        :func:`draw_pictures` draws.
    """
    (group,) = _groups([request], lambda sampling: group_size(model, sampling, device))
    (seat,) = group.taken
    labels, noise = group.rows(seed, device)
    steps = model.trace(labels, noise, request.sampling)
    return np.concatenate(in_one_thread(lambda: [maps[seat].cpu().numpy() for maps in steps]))


@dataclass(frozen=True)
class _Group:
    """Pictures that are computed at once, drawn the same way."""

    sampling: SamplingParams
    size: int
    taken: dict[int, tuple[int, PictureRequest]]
    """By seat: a request, and its turn among all."""

    def rows(self, seed: int, device: torch.device) -> tuple[Tensor, PictureNoise]:
        """``(size, L)`` labels and the noise of all seats; a request repeated fills empty ones."""
        _, filler = next(iter(self.taken.values()))
        requests = [self.taken.get(seat, (0, filler))[1] for seat in range(self.size)]
        labels = torch.from_numpy(np.stack([request.labels for request in requests])).to(device)
        return labels, PictureNoise(seed, [request.number for request in requests], device)


@dataclass(frozen=True)
class Seat:
    """One picture computed by itself, in rows and seat as :func:`draw_pictures` has it."""

    rows: int
    number: int
    device: torch.device

    @classmethod
    def of(cls, model: Model, sampling: SamplingParams, number: int, device: torch.device) -> Seat:
        """The seat of a picture that is drawn that way."""
        return cls(group_size(model, sampling, device), number, device)

    def repeated(self, one: NDArray[Any]) -> Tensor:
        """``(...)`` as ``(rows, ...)``."""
        return torch.from_numpy(one).to(self.device).expand(self.rows, *one.shape)

    def noise(self, seed: int, ahead: int = 0) -> PictureNoise:
        """The picture's noise in every row, or that of the picture ``ahead`` of it."""
        return PictureNoise(seed, [self.number + ahead] * self.rows, self.device)

    def own(self, rows: Tensor) -> NDArray[np.uint8]:
        """``(rows, ...)`` to the picture's own."""
        return rows[self.number % self.rows].cpu().numpy()


def group_size(model: Model, sampling: SamplingParams, device: torch.device) -> int:
    """Pictures that are computed at once, whoever asks for how many."""
    if device.type != "cpu":
        return MAX_GROUP_ACCELERATED
    if not sampling.from_scratch:
        # The sets of labels that may explain what is known of a picture are a group already.
        return 1
    canvas = sampling.canvas or model.domain.canvas
    return max(1, min(MAX_GROUP, MAX_GROUP_PIXELS // canvas.pixels))


def _groups(
    requests: Iterable[PictureRequest],
    size_of: Callable[[SamplingParams], int],
    window_size: int = WINDOW,
) -> Iterator[_Group]:
    """Groups in the order of their first requests; each picture sits where its number says."""
    following = enumerate(requests)
    while window := list(islice(following, window_size)):
        groups: list[_Group] = []
        open_groups: dict[tuple[Hashable, int], deque[_Group]] = {}
        for turn, request in window:
            size = size_of(request.sampling)
            seat, way = request.number % size, _key(request.sampling)
            # The first group of this kind in which the seat is free.
            waiting = open_groups.setdefault((way, seat), deque())
            if not waiting:
                groups.append(_Group(request.sampling, size, {}))
                for other in range(size):
                    open_groups.setdefault((way, other), deque()).append(groups[-1])
            waiting.popleft().taken[seat] = turn, request
        yield from groups


def _key(sampling: SamplingParams) -> Hashable:
    """Equal for pictures that may be computed at once; tensors are compared by identity."""
    values = (getattr(sampling, field.name) for field in fields(sampling))
    return tuple(id(value) if isinstance(value, Tensor) else value for value in values)


def _in_order(
    pictures: Callable[[_Group], dict[int, IndexMaps]], groups: Iterable[_Group], workers: int
) -> Iterator[dict[int, IndexMaps]]:
    """Map over ``groups`` on threads, yielding results in order with few of them waiting."""
    ahead = workers * AHEAD if workers > 1 else 1
    waiting: deque[Future[dict[int, IndexMaps]]] = deque()
    with thread_pool(workers) as pool:
        for group in groups:
            waiting.append(pool.submit(pictures, group))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
