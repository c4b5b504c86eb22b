"""Gradients of a batch, accumulated over microbatches that single-threaded workers compute.

Threads inside each operation wait for one another hundreds of times a step; on a machine that does
anything else beside, that costs more than it gains (measured: several times slower with one of two
cores busy). Microbatches of fixed size need to meet once a step, and since their sum does not
depend on who computes them, training gives the same bits on any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TypeVar

import torch
from torch import Tensor

from pxgen.devices import (
    cores,
    limit_thread,
    one_thread,
    set_thread,
    thread_pool,
    thread_settings,
)
from pxgen.errors import UsageError
from pxgen.models.protocol import Batch, Stage
from pxgen.noise import BatchNoise
from pxgen.training.distributed import SINGLE_PROCESS, ProcessGroup

Item = TypeVar("Item")
Result = TypeVar("Result")


class MicrobatchWorkers:
    """Threads that share the microbatches of a batch; an accelerator takes the batch whole.

    Use as a context manager. The entering thread computes with one thread inside operations and
    without denormal numbers until it leaves: with moments that have decayed to denormals, steps
    were measured to take six times as long.
    """

    def __init__(
        self,
        device: torch.device,
        *,
        bf16: bool,
        workers: int | None = None,
        group: ProcessGroup = SINGLE_PROCESS,
    ) -> None:
        self._device, self._bf16, self._group = device, bf16, group
        self._workers = cores() if workers is None else workers
        self._pool: ThreadPoolExecutor | None = None
        self._exit = ExitStack()
        self._before = thread_settings()

    def __enter__(self) -> MicrobatchWorkers:
        if self._device.type == "cpu":
            self._before = thread_settings()
            self._exit.enter_context(one_thread(flush_denormal=True))
            pool = thread_pool(self._workers, flush_denormal=True)
            self._pool = self._exit.enter_context(pool)
        return self

    def __exit__(self, *error: object) -> None:
        self._exit.close()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Give the entering thread its own thread settings back for a block."""
        if self._pool is None:
            yield
            return
        set_thread(*self._before)
        try:
            yield
        finally:
            limit_thread(flush_denormal=True)

    def autocast(self) -> AbstractContextManager[None]:
        """The precision to compute in; torch keeps it per thread."""
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
        mine = self._parts(stage, len(batch.pixels))[self._group.rank :: self._group.world_size]
        if not mine:
            side = stage.microbatch if self._device.type == "cpu" else 1
            raise UsageError(
                f"[train] batch = {total} leaves one of {self._group.world_size} processes "
                f"without work: take at least {side * self._group.world_size}"
            )
        # In the order of the parts, whoever finishes first: sums of floats depend on their order.
        for terms, gradients in self.map(part, mine):
            for name, value in terms.items():
                losses[name] = losses.get(name, 0.0) + value
            for parameter, gradient in zip(parameters, gradients, strict=True):
                if parameter.grad is None:
                    # The fused optimizer walks memory: a gradient must lie as its parameter does,
                    # which `autograd.grad`, unlike `backward`, does not see to.
                    parameter.grad = torch.empty_like(parameter).copy_(gradient)
                else:
                    parameter.grad.add_(gradient)
        return self._reduced(losses, parameters)

    def _reduced(self, losses: dict[str, float], parameters: Sequence[Tensor]) -> dict[str, float]:
        """The losses summed over processes, and the gradients, too, in place."""
        if self._group.world_size == 1:
            return losses
        sums = torch.tensor([*losses.values()], device=self._device)
        self._group.all_reduce([sums, *(p.grad for p in parameters if p.grad is not None)])
        return dict(zip(losses, sums.tolist(), strict=True))

    def held_out(self, stage: Stage, batch: Batch, seed: int, key: int) -> dict[str, float]:
        """The sums of the stage's held-out figures over a batch."""

        def part(rows: slice) -> dict[str, float]:
            piece = _rows(batch, rows)
            noise = BatchNoise(len(piece.pixels), seed, key + (rows.start << 48), self._device)
            with torch.no_grad(), self.autocast():
                figures = stage.held_out(piece, noise)
            return {name: float(values.sum()) for name, values in figures.items()}

        totals: dict[str, float] = {}
        for figures in self.map(part, self._parts(stage, len(batch.pixels))):
            for name, value in figures.items():
                totals[name] = totals.get(name, 0.0) + value
        return totals

    def _parts(self, stage: Stage, total: int) -> list[slice]:
        """The rows of each microbatch: of fixed size on a CPU, one a process on accelerators."""
        each = -(-total // self._group.world_size)
        side = stage.microbatch if self._device.type == "cpu" else each
        return [slice(start, min(start + side, total)) for start in range(0, total, side)]

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """``function`` of each item, in order."""
        return map(function, items) if self._pool is None else self._pool.map(function, items)


def _rows(batch: Batch, rows: slice) -> Batch:
    pixels, labels, *others = batch
    return Batch(
        pixels[rows], labels[rows], *(each if each is None else each[rows] for each in others)
    )
