"""GIF animations that hold exactly the frames, indices, palette and delays they were given.

Pillow's own animation writer merges equal frames, remaps palettes and rounds delays down, so only
its LZW coder is used here; the file around the frames is written directly.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

import numpy as np
from PIL import GifImagePlugin, Image

from pxgen.errors import PxgenError
from pxgen.palette.table import U8, Palette

SHORTEST = 2
"""Hundredths of a second; browsers turn the delays 0 and 1 into 10."""
CLEAR_TO_BACKGROUND = 2
"""Disposal: without it the pixels of one frame shine through the transparent ones of the next."""


def encode_gif(
    frames: U8, palette: Palette, delays_ms: float | Sequence[float], loop: int = 0
) -> bytes:
    """A GIF with one full frame for each input frame and one global table of every palette entry.

    Index 0 is transparent; GIF has no partial transparency, so every other entry is opaque.

    Args:
        frames: ``(T, H, W) uint8``, T >= 1, sides at most 65,535.
        palette: the global colour table, in its own order.
        delays_ms: milliseconds a frame is shown, one number for all or one for each.
        loop: repetitions, 0 for endless.

    Raises:
        PxgenError: frames, delays or loop that a GIF cannot hold.
    """
    delays = [float(delays_ms)] * len(frames) if isinstance(delays_ms, (int, float)) else delays_ms
    _check(frames, palette, delays, loop)
    height, width = frames.shape[1:]
    bits = max(1, (len(palette) - 1).bit_length())  # the table has 2 ** bits entries
    table = palette.rgba[:, :3].tobytes().ljust(3 << bits, b"\0")
    parts = [
        b"GIF89a",
        struct.pack("<HHBBB", width, height, 0x80 | 0x70 | (bits - 1), 0, 0),
        table,
        b"!\xff\x0bNETSCAPE2.0" + struct.pack("<BBHB", 3, 1, loop, 0),
    ]
    for frame, delay in zip(frames, round_delays(delays), strict=True):
        control = (CLEAR_TO_BACKGROUND << 2) | 1  # the 1 says that a transparent index follows
        parts.append(struct.pack("<BBBBHBB", 0x21, 0xF9, 4, control, delay, 0, 0))
        parts.extend(GifImagePlugin.getdata(Image.fromarray(frame)))
    return b"".join((*parts, b";"))


def round_delays(delays_ms: Sequence[float]) -> list[int]:
    """Delays in hundredths of a second whose running sum stays within half a unit of the true one.

    41.7 ms becomes 4 4 5 4 4: each frame takes over the rounding error of those before it.
    """
    carried, rounded = 0.0, []
    for delay in delays_ms:
        wanted = delay / 10 + carried
        shown = max(SHORTEST, math.floor(wanted + 0.5))
        # A delay too short to be shown lengthens the clip; later frames must not pay for it.
        carried = max(wanted - shown, -0.5)
        rounded.append(shown)
    return rounded


def _check(frames: U8, palette: Palette, delays: Sequence[float], loop: int) -> None:
    if frames.ndim != 3 or not frames.size or frames.dtype != np.uint8:
        raise PxgenError(f"a GIF holds (T, H, W) uint8 frames, not {frames.dtype} {frames.shape}")
    if max(frames.shape[1:]) > 65_535:
        raise PxgenError(f"a GIF's sides are at most 65535 pixels, not {frames.shape[1:]}")
    if int(frames.max()) >= len(palette):
        raise PxgenError(f"index {frames.max()} is outside a palette of {len(palette)} entries")
    if len(delays) != len(frames):
        raise PxgenError(f"{len(frames)} frames need as many delays, not {len(delays)}")
    if not all(0 <= delay <= 655_350 for delay in delays):
        raise PxgenError("a GIF shows a frame for 0 to 655,350 milliseconds")
    if not 0 <= loop <= 65_535:
        raise PxgenError(f"a GIF repeats 0 (endless) to 65535 times, not {loop}")
