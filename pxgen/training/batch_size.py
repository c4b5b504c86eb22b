"""Sprites a step, and sprites computed at once, as their size suits."""

from __future__ import annotations

from dataclasses import replace

from pxgen.canvas import Canvas
from pxgen.config.settings import TrainSettings

BATCH_PIXELS, MIN_BATCH, MAX_BATCH = 1 << 15, 16, 64
"""Pixels of a step, about, and sprites of one: many small steps teach more than few large ones."""
MICROBATCH_PIXELS, MIN_MICROBATCH, MAX_MICROBATCH = 1 << 14, 8, 32
"""Pixels computed at once on a CPU, about: enough to keep a core busy, few enough for its cache;
with fewer sprites, adding up the gradients takes a third of the time."""


def with_batch(settings: TrainSettings, canvas: Canvas) -> TrainSettings:
    """The settings with the batch that suits sprites of a canvas, where it is left open."""
    suited = _fitting(BATCH_PIXELS, canvas.pixels, MIN_BATCH, MAX_BATCH)
    return settings if settings.batch else replace(settings, batch=suited)


def microbatch_size(pixels: int) -> int:
    """How many sprites of so many pixels a CPU's core computes at once."""
    return _fitting(MICROBATCH_PIXELS, pixels, MIN_MICROBATCH, MAX_MICROBATCH)


def _fitting(budget: int, pixels: int, low: int, high: int) -> int:
    """The power of two of sprites next below a budget of pixels, from ``low`` to ``high``."""
    return min(high, max(low, 1 << (max(1, budget // pixels).bit_length() - 1)))
