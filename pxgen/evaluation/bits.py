"""Held-out likelihood: a bound on the bits that code an unseen sprite, given all its labels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pxgen.arrays import F64
from pxgen.data.batches import batch_of
from pxgen.data.dataset import Dataset, subsample
from pxgen.devices import parallel_map
from pxgen.evaluation.figures import mean_with_interval
from pxgen.models.protocol import Model
from pxgen.noise import PictureNoise
from pxgen.render.gif import encode_gif
from pxgen.render.png import encode_png
from pxgen.render.sheet import strips

MAX_SPRITES, MIN_SPRITES, MAX_PIXELS = 2048, 256, 2**21
"""Held-out sprites read: as many as have so many pixels together, within bounds."""
MAX_FILES = 256
"""Sprites that are written as files, at most, to measure how long these are."""
GROUP = 32
"""Sprites computed at once; fixed, because another number would round differently."""
STAGE_SHIFT = 40
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
    most = min(MAX_SPRITES, max(MIN_SPRITES, MAX_PIXELS // dataset.canvas.pixels))
    chosen = subsample(dataset.held_out, most)
    parts = [chosen[start : start + GROUP] for start in range(0, len(chosen), GROUP)]

    stages = {s.name: (k, s) for k, s in enumerate(model.stages()) if s.counts_in_bits}

    def costs(part: NDArray[np.intp]) -> F64:
        """``(stages + 1, n)`` bits of sprites by stage, and of those the bits of their codes."""
        batch = batch_of(dataset, part, device)
        total = torch.zeros(len(stages) + 1, len(part), dtype=torch.float64)
        for row, (number, stage) in enumerate(stages.values()):
            keys = [int(index) + (number << STAGE_SHIFT) for index in part]
            with torch.inference_mode():
                figures = stage.held_out(batch, PictureNoise(seed, keys, device))
            total[row] = figures["bits"].cpu().double()
            if "code_bits" in figures:
                total[-1] += figures["code_bits"].cpu().double()
        return total.numpy()

    threads = workers if device.type == "cpu" else 1
    *by_stage, codes = np.concatenate(parallel_map(costs, parts, threads), axis=1)
    values = np.sum(by_stage, axis=0)
    mean, low, high = mean_with_interval(values, dataset.group[chosen])
    with torch.inference_mode():
        use = model.code_use(batch_of(dataset, part, device) for part in parts)
    return {
        "bits": mean,
        "low": low,
        "high": high,
        "nats": mean * math.log(2),
        "by_stage": {name: float(b.mean()) for name, b in zip(stages, by_stage, strict=True)},
        "files": file_bits(dataset, chosen),
        "code_bits": float(codes.mean()) if use else None,
        "sprites": len(chosen),
        **use,
    }


def file_bits(dataset: Dataset, rows: NDArray[np.intp]) -> dict[str, float]:
    """Mean bits of sprites as bare indices, and as whole PNG and GIF files with their palettes."""
    pixels = dataset.take(rows[:MAX_FILES])[0]
    palette = dataset.palette
    return {
        "raw": dataset.canvas.pixels * math.log2(len(palette)),
        "png": 8 * float(np.mean([len(encode_png(strip, palette)) for strip in strips(pixels)])),
        "gif": 8 * float(np.mean([len(encode_gif(clip, palette, 100)) for clip in pixels])),
    }
