"""What a stage's frozen parts make of each sprite, computed once and kept in two bytes a number."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pxgen.data.batches import batch_of
from pxgen.data.dataset import Dataset
from pxgen.models.protocol import Batch
from pxgen.training.parallel import LANE, Lanes

LARGEST = 2**16
"""Numbers lie below it."""


class Digests:
    """Digests of the sprites of a dataset, by index, made when they are first asked for.

    Neighbours in the dataset are always computed together: the same sums are rounded in the same
    way whatever was asked for first, so a resumed training reads what an uninterrupted one does.

    Args:
        dataset: the sprites.
        digest: ``(B, T, H, W)`` sprites to ``(B, M) int64`` below ``LARGEST``; must not change.
        lanes: who computes.
        device: where.
    """

    def __init__(
        self,
        dataset: Dataset,
        digest: Callable[[Batch], Tensor],
        lanes: Lanes,
        device: torch.device,
    ) -> None:
        self._dataset, self.digest = dataset, digest
        self._lanes, self._device = lanes, device
        self._known = np.zeros(-(-len(dataset) // LANE), bool)
        self._kept: NDArray[np.uint16] | None = None

    def of(self, indices: NDArray[np.intp]) -> Tensor:
        """``(n,)`` indices to ``(n, M) int64``."""
        blocks = np.unique(indices // LANE)
        missing = [int(block) for block in blocks[~self._known[blocks]]]
        for block, made in zip(missing, self._lanes.each(self._block, missing), strict=True):
            if self._kept is None:
                # Memory is taken where it is written: a digest that nobody asks for costs none.
                self._kept = np.zeros((len(self._dataset), made.shape[1]), np.uint16)
            self._kept[block * LANE : block * LANE + len(made)] = made
            self._known[block] = True
        if self._kept is None:
            raise ValueError("digests of no sprites")
        return torch.from_numpy(self._kept[indices].astype(np.int64)).to(self._device)

    def _block(self, block: int) -> NDArray[np.int64]:
        end = min((block + 1) * LANE, len(self._dataset))
        batch = batch_of(self._dataset, np.arange(block * LANE, end), self._device)
        with torch.no_grad():
            made: NDArray[np.int64] = self.digest(batch).cpu().numpy()
        return made
