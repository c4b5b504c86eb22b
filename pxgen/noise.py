"""Random number streams: one a picture for sampling, one a step for training.

Noise is an argument of every method that draws. Picture ``i`` of seed ``s`` reads a Philox stream
(Salmon et al., SC 2011) keyed by ``(s, i)`` on the CPU, so it is the same noise whatever the
batch, shard, thread count or device. Training reads one generator keyed by ``(seed, step)``, so
that a resumed run draws what an uninterrupted one would have drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from pxgen.arrays import F32
from pxgen.choices import philox


class Noise(Protocol):
    """Random streams of ``n`` pictures; successive calls continue them."""

    def __len__(self) -> int:
        """Pictures that draw from this noise."""

    def uniform(self, *shape: int) -> Tensor:
        """``(n, *shape) float32`` in [0, 1)."""

    def normal(self, *shape: int) -> Tensor:
        """``(n, *shape) float32``, standard normal."""


class PictureNoise:
    """A Philox stream a picture, drawn on the CPU: a picture can always be drawn again.

    Args:
        seed: of all pictures.
        numbers: of the pictures in the seed.
        device: of the tensors that are returned.
    """

    def __init__(
        self, seed: int, numbers: Sequence[int], device: str | torch.device = "cpu"
    ) -> None:
        self._streams = [np.random.Generator(philox(seed, number)) for number in numbers]
        self._device = device

    def __len__(self) -> int:
        return len(self._streams)

    def uniform(self, *shape: int) -> Tensor:
        """``(n, *shape) float32`` in [0, 1)."""
        draws = [stream.random(shape, dtype=np.float32) for stream in self._streams]
        return self._stack(draws, shape)

    def normal(self, *shape: int) -> Tensor:
        """``(n, *shape) float32``, standard normal."""
        draws = [stream.standard_normal(shape, dtype=np.float32) for stream in self._streams]
        return self._stack(draws, shape)

    def _stack(self, draws: list[F32], shape: tuple[int, ...]) -> Tensor:
        whole = np.stack(draws) if draws else np.zeros((0, *shape), np.float32)
        return torch.from_numpy(whole).to(self._device)


class BatchNoise:
    """One stream for a whole batch: the same for the same seed, step and device."""

    def __init__(
        self, count: int, seed: int, step: int, device: str | torch.device = "cpu"
    ) -> None:
        self._count = count
        self._device = torch.device(device)
        self._generator = torch.Generator(self._device)
        # Philox as a hash: neighbouring (seed, step) pairs must not give related streams.
        self._generator.manual_seed(int(philox(seed, step).random_raw()) & (2**63 - 1))

    def __len__(self) -> int:
        return self._count

    def uniform(self, *shape: int) -> Tensor:
        """``(n, *shape) float32`` in [0, 1)."""
        return torch.rand(self._count, *shape, generator=self._generator, device=self._device)

    def normal(self, *shape: int) -> Tensor:
        """``(n, *shape) float32``, standard normal."""
        return torch.randn(self._count, *shape, generator=self._generator, device=self._device)


def seed_weights(seed: int) -> None:
    """Seed torch's generator, from which modules built next take their initial weights."""
    torch.manual_seed(seed)


_seeding = Lock()


@contextmanager
def seeded_weights(seed: int) -> Iterator[None]:
    """:func:`seed_weights` for a block, after which torch's generator is as it was.

    One block at a time: torch has one generator for all threads.
    """
    with _seeding, torch.random.fork_rng(devices=[]):
        seed_weights(seed)
        yield


def gumbel(noise: Noise, count: int) -> Tensor:
    """``(n, count)`` standard Gumbel draws."""
    return -(-noise.uniform(count).clamp(min=1e-9).log()).log()


def categorical(probabilities: Tensor, uniform: Tensor) -> Tensor:
    """Inverse-CDF sampling: ``(..., K)`` probabilities and ``(...)`` uniforms to ``(...) int64``.

    One uniform a draw, so that streams do not depend on the number of categories. A category of
    probability 0 is never drawn.
    """
    cumulative = probabilities.cumsum(-1)
    total = cumulative[..., -1:]
    drawn = torch.searchsorted(cumulative, uniform.unsqueeze(-1) * total, right=True)
    # Rounding can carry a uniform close to 1 past the last category that has any probability.
    last = torch.searchsorted(cumulative, total.contiguous())
    # Probabilities that are no numbers draw any category, and not one beyond all.
    return torch.minimum(drawn, last).clamp(max=probabilities.shape[-1] - 1).squeeze(-1)
