"""Checks of clips that every animation format needs, and the rounding of delays."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pxgen.arrays import IndexMaps
from pxgen.errors import PxgenError
from pxgen.palette.table import Palette


def clip_delays(
    frames: IndexMaps,
    palette: Palette,
    delays_ms: float | Sequence[float],
    longest_side: int,
    longest_ms: int,
) -> list[float]:
    """Check a clip before it is encoded and give one delay in milliseconds for each frame.

    Args:
        frames: ``(T, H, W) uint8``, T >= 1.
        palette: their colours.
        delays_ms: milliseconds a frame is shown, one number for all or one for each.
        longest_side: pixels along a side that the format can hold.
        longest_ms: milliseconds a frame that it can.

    Raises:
        PxgenError: frames or delays that it cannot.
    """
    if frames.ndim != 3 or not frames.size or frames.dtype != np.uint8:
        raise PxgenError(f"a clip is (T, H, W) uint8 frames, not {frames.dtype} {frames.shape}")
    if max(frames.shape[1:]) > longest_side:
        raise PxgenError(f"the sides of {frames.shape[1:]} are over {longest_side} pixels")
    if int(frames.max()) >= len(palette):
        raise PxgenError(f"index {frames.max()} is outside a palette of {len(palette)} entries")
    if isinstance(delays_ms, int | float):
        delays = [float(delays_ms)] * len(frames)
    else:
        delays = [float(delay) for delay in delays_ms]
    if len(delays) != len(frames):
        raise PxgenError(f"{len(frames)} frames need as many delays, not {len(delays)}")
    if not all(0 <= delay <= longest_ms for delay in delays):
        raise PxgenError(f"a frame is shown for 0 to {longest_ms} milliseconds")
    return delays


def round_delays(delays_ms: Sequence[float], unit_ms: int, shortest: int) -> list[int]:
    """Delays in whole units whose running sum stays within half a unit of the true one.

    In units of 10 ms, 41.7 ms becomes 4 4 5 4 4: each frame takes over the rounding error of those
    before it. None is under ``shortest`` units; a clip of shorter ones lasts longer than asked.
    """
    carried, rounded = 0.0, []
    for delay in delays_ms:
        wanted = delay / unit_ms + carried
        shown = max(shortest, math.floor(wanted + 0.5))
        # A delay too short to be shown lengthens the clip; later frames must not pay for it.
        carried = max(wanted - shown, -0.5)
        rounded.append(shown)
    return rounded
