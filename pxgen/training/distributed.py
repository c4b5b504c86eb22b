"""Data-parallel training by the processes of ``torchrun``, or by a single one.

Each computes some of the microbatches of every batch; gradients are all-reduced, and what decides
how a training goes on is broadcast from the main process, of rank 0, which alone writes. So all
take the same steps.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, distributed

from pxgen.errors import UsageError

Value = TypeVar("Value")


class ProcessGroup:
    """Processes of one ``torch.distributed`` group; a single one has nothing to send."""

    def __init__(self, rank: int = 0, world_size: int = 1) -> None:
        self.rank, self.world_size = rank, world_size

    @property
    def is_main(self) -> bool:
        """True of the process of rank 0, which writes and speaks."""
        return self.rank == 0

    def all_reduce(self, tensors: Sequence[Tensor]) -> None:
        """Sum the tensors over processes in place, in one message."""
        if self.world_size == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        distributed.all_reduce(flat)
        start = 0
        for tensor in tensors:
            tensor.copy_(flat[start : start + tensor.numel()].view(tensor.shape))
            start += tensor.numel()

    def broadcast(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by that of the main process."""
        # One after another: they may be of several dtypes.
        for tensor in tensors if self.world_size > 1 else ():
            # What is no contiguous memory cannot be received in place.
            received = tensor.detach().contiguous()
            distributed.broadcast(received, 0)
            tensor.detach().copy_(received)

    def broadcast_object(self, value: Value) -> Value:
        """The main process's value, which must pickle."""
        box = [value]
        if self.world_size > 1:
            distributed.broadcast_object_list(box, 0)
        return box[0]

    def any(self, *, here: bool) -> bool:
        """Logical or of ``here`` over all processes."""
        if self.world_size == 1:
            return here
        said = torch.tensor(float(here))
        if distributed.get_backend() == "nccl":
            said = said.cuda()
        distributed.all_reduce(said)
        return bool(said > 0)


SINGLE_PROCESS = ProcessGroup()


@contextmanager
def joined_group(device: torch.device) -> Iterator[tuple[ProcessGroup, torch.device]]:
    """The process group of ``torchrun``, joined for a block, and this process's device.

    Raises:
        UsageError: an accelerator is asked for that a process cannot have for itself.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) <= 1 or "RANK" not in os.environ:
        yield SINGLE_PROCESS, device
        return
    if device.type == "mps":
        raise UsageError("several processes compute on cpu or cuda: choose one with --device")
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield ProcessGroup(distributed.get_rank(), distributed.get_world_size()), device
    finally:
        distributed.destroy_process_group()
