"""Cached codes: the output of a stage's frozen parts for each sprite, kept as uint16."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pxgen.arrays import I64
from pxgen.data.batches import batch_of
from pxgen.data.dataset import Dataset
from pxgen.models.protocol import Batch
from pxgen.training.parallel import MicrobatchWorkers

BLOCK = 32
"""Sprites whose codes are computed together."""


class CodeCache:
    """Codes of a dataset's sprites, by row, computed on first use.

    Neighbours in the dataset are always computed together: the same sums are rounded in the same
    way whatever was asked for first, so a resumed training reads what an uninterrupted one does.
    ``precompute`` is a fixed function from a batch to ``(B, M) int64`` codes below 2**16.
    """

    def __init__(
        self,
        dataset: Dataset,
        precompute: Callable[[Batch], Tensor],
        workers: MicrobatchWorkers,
        device: torch.device,
    ) -> None:
        self._dataset, self.precompute = dataset, precompute
        self._workers, self._device = workers, device
        self._known = np.zeros(-(-len(dataset) // BLOCK), bool)
        self._codes: NDArray[np.uint16] | None = None

    def codes(self, rows: NDArray[np.intp]) -> Tensor:
        """``(n,)`` rows of the dataset to ``(n, M) int64`` codes."""
        blocks = np.unique(rows // BLOCK)
        missing = [int(block) for block in blocks[~self._known[blocks]]]
        for block, codes in zip(missing, self._workers.map(self._block, missing), strict=True):
            if self._codes is None:
                # Memory is taken where it is written: codes that nobody asks for cost none.
                self._codes = np.zeros((len(self._dataset), codes.shape[1]), np.uint16)
            self._codes[block * BLOCK : block * BLOCK + len(codes)] = codes
            self._known[block] = True
        if self._codes is None:
            raise ValueError("codes of no sprites")
        return torch.from_numpy(self._codes[rows].astype(np.int64)).to(self._device)

    def _block(self, block: int) -> I64:
        end = min((block + 1) * BLOCK, len(self._dataset))
        batch = batch_of(self._dataset, np.arange(block * BLOCK, end), self._device)
        with torch.no_grad(), self._workers.autocast():
            codes: I64 = self.precompute(batch).cpu().numpy()
        return codes
