"""What a model knows: bits to code a sprite it has never seen, given all its labels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pxgen.dataset import Dataset, spread
from pxgen.evaluate.figures import mean_with_interval
from pxgen.evaluate.parallel import each
from pxgen.examples import batch_of
from pxgen.models.protocol import Model
from pxgen.noise import PictureNoise

MOST = 2048
"""Held-out sprites read; spread over the split where it holds more."""
PART = 32
"""Sprites computed at once; fixed, because another number would round differently."""
STAGE_STREAMS = 40
"""A stage's streams have keys of their own: its number stands above this bit."""


def held_out_bits(
    model: Model, dataset: Dataset, *, seed: int, device: torch.device, workers: int
) -> dict[str, Any]:
    """The mean held-out bound in bits a sprite, conditional on all labels, with a 95 % interval.

    The bounds of the model's stages add up: a code's cost, which is told apart, too, and what the
    code leaves open. The model computes in the precision in which it samples, and each sprite reads
    noise streams of its own, so the figures are the same on any number of threads.

    Args:
        model: on ``device``, in evaluation mode.
        dataset: must hold out at least one sprite.
        seed: of the noise that a bound is averaged over.
        device: where the model computes.
        workers: threads on a CPU.
    """
    chosen = spread(dataset.held_out, MOST)
    parts = [chosen[start : start + PART] for start in range(0, len(chosen), PART)]

    def costs(part: NDArray[np.intp]) -> NDArray[np.float64]:
        """``(2, n)`` bits of sprites, and of those the bits of their codes."""
        batch = batch_of(dataset, part, device)
        total = torch.zeros(2, len(part), dtype=torch.float64)
        for number, stage in enumerate(model.stages()):
            if not stage.codes_pixels:
                continue
            keys = [int(index) + (number << STAGE_STREAMS) for index in part]
            with torch.inference_mode():
                figures = stage.held_out(batch, PictureNoise(seed, keys, device))
            total[0] += figures["bits"].cpu().double()
            if "code_bits" in figures:
                total[1] += figures["code_bits"].cpu().double()
        return total.numpy()

    threads = workers if device.type == "cpu" else 1
    values, codes = np.concatenate(list(each(costs, parts, threads)), axis=1)
    mean, low, high = mean_with_interval(values, dataset.group[chosen])
    with torch.inference_mode():
        use = model.code_use(batch_of(dataset, part, device) for part in parts)
    return {
        "bits": mean,
        "low": low,
        "high": high,
        "nats": mean * math.log(2),
        "code_bits": float(codes.mean()) if use else None,
        "sprites": len(chosen),
        **use,
    }
