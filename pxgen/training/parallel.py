"""Gradients of a batch, computed in fixed parts by single-threaded workers.

Threads inside each operation wait for one another hundreds of times a step; on a machine that does
anything else beside, that costs more than it gains (measured: several times slower with one of two
cores busy). Parts of fixed size need to meet once a step, and since their sum does not depend on
who computes them, training gives the same bits on any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TypeVar

import torch
from torch import Tensor

from pxgen.devices import cores
from pxgen.errors import UsageError
from pxgen.models.protocol import Batch, Stage
from pxgen.noise import BatchNoise
from pxgen.training.distributed import ALONE, Team

Result = TypeVar("Result")

LANE = 32
"""Sprites a part on a CPU: enough to keep a core's arithmetic busy, little enough for its cache."""


class Lanes:
    """Workers for the parts of a batch; an accelerator takes the batch whole."""

    def __init__(
        self, device: torch.device, *, bf16: bool, workers: int | None = None, team: Team = ALONE
    ) -> None:
        self._device, self._bf16, self._team = device, bf16, team
        self._workers = cores() if workers is None else workers
        self._pool: ThreadPoolExecutor | None = None
        self._threads = torch.get_num_threads()

    def __enter__(self) -> Lanes:
        if self._device.type == "cpu":
            self._threads = torch.get_num_threads()
            _settle_thread()
            self._pool = ThreadPoolExecutor(self._workers, initializer=_settle_thread)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            torch.set_num_threads(self._threads)
            torch.set_flush_denormal(False)

    def autocast(self) -> AbstractContextManager[None]:
        """The precision to compute in; a setting of each thread."""
        return torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16)

    def backward(
        self, stage: Stage, batch: Batch, progress: float, seed: int, key: int
    ) -> dict[str, float]:
        """Set the gradients of the stage's parameters; return the mean of each loss term."""
        parameters = list(stage.module.parameters())
        total = len(batch.pixels)

        def part(rows: slice) -> tuple[dict[str, float], tuple[Tensor, ...]]:
            piece = _rows(batch, rows)
            # 2^48 lies beyond any step, so no two parts of any two steps share a stream.
            noise = BatchNoise(len(piece.pixels), seed, key + (rows.start << 48), self._device)
            with torch.enable_grad(), self.autocast():
                terms = stage.loss(piece, progress, noise)
            share = len(piece.pixels) / total
            objective = torch.stack(list(terms.values())).sum() * share
            gradients = torch.autograd.grad(objective, parameters, materialize_grads=True)
            return {name: float(term.detach()) * share for name, term in terms.items()}, gradients

        losses: dict[str, float] = {}
        for parameter in parameters:
            parameter.grad = None
        mine = self._rows(total)[self._team.rank :: self._team.size]
        side = LANE if self._device.type == "cpu" else 1
        if not mine:
            raise UsageError(
                f"[train] batch = {total} leaves one of {self._team.size} processes without work: "
                f"take at least {side * self._team.size}"
            )
        # In the order of the parts, whoever finishes first: sums of floats depend on their order.
        for terms, gradients in self._map(part, mine):
            for name, value in terms.items():
                losses[name] = losses.get(name, 0.0) + value
            for parameter, gradient in zip(parameters, gradients, strict=True):
                if parameter.grad is None:
                    # The fused optimizer walks memory: a gradient must lie as its parameter does,
                    # which `autograd.grad`, unlike `backward`, does not see to.
                    parameter.grad = torch.empty_like(parameter).copy_(gradient)
                else:
                    parameter.grad.add_(gradient)
        return self._together(losses, parameters)

    def _together(self, losses: dict[str, float], parameters: Sequence[Tensor]) -> dict[str, float]:
        """The losses of all processes; gradients become those of all."""
        if self._team.size == 1:
            return losses
        told = torch.tensor([*losses.values()], device=self._device)
        self._team.add([told, *(p.grad for p in parameters if p.grad is not None)])
        return dict(zip(losses, told.tolist(), strict=True))

    def held_out(self, stage: Stage, batch: Batch, seed: int, key: int) -> dict[str, float]:
        """The sums of the stage's held-out figures over a batch."""

        def part(rows: slice) -> dict[str, float]:
            piece = _rows(batch, rows)
            noise = BatchNoise(len(piece.pixels), seed, key + (rows.start << 48), self._device)
            with torch.no_grad(), self.autocast():
                figures = stage.held_out(piece, noise)
            return {name: float(values.sum()) for name, values in figures.items()}

        totals: dict[str, float] = {}
        for figures in self._map(part, self._rows(len(batch.pixels))):
            for name, value in figures.items():
                totals[name] = totals.get(name, 0.0) + value
        return totals

    def each(self, function: Callable[[int], Result], items: Sequence[int]) -> Iterator[Result]:
        """What a function makes of each item, in order."""

        def one(item: int) -> Result:
            with self.autocast():
                return function(item)

        return map(one, items) if self._pool is None else self._pool.map(one, items)

    def _rows(self, total: int) -> list[slice]:
        """The parts of a batch: fixed ones on a CPU, on accelerators one a process."""
        side = LANE if self._device.type == "cpu" else -(-total // self._team.size)
        return [slice(start, min(start + side, total)) for start in range(0, total, side)]

    def _map(self, part: Callable[[slice], Result], rows: Sequence[slice]) -> Iterator[Result]:
        return map(part, rows) if self._pool is None else self._pool.map(part, rows)


def _settle_thread() -> None:
    """One thread an operation, and nothing between zero and the smallest normal number.

    Where little is left to learn moments decay into that gap, and each of its numbers costs a
    core more than a hundred others: steps came to take six times as long.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def _rows(batch: Batch, rows: slice) -> Batch:
    digest = None if batch.codes is None else batch.codes[rows]
    return Batch(batch.pixels[rows], batch.labels[rows], digest)
