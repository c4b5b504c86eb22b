"""APNG animations: the PNG of a still, with more frames behind the first."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from pxgen.arrays import IndexMaps, Rgba
from pxgen.palette.png_chunks import INDEXED, SIGNATURE, chunk, header_chunk
from pxgen.palette.png_pixels import RGBA
from pxgen.palette.table import Palette
from pxgen.render.clip import clip_delays, round_delays
from pxgen.render.png import palette_chunks, pixel_data

MAX_MS = 65_535_000


def encode_apng(
    frames: IndexMaps, palette: Palette, delays_ms: float | Sequence[float], plays: int = 0
) -> bytes:
    """An 8-bit indexed APNG with one full frame for each input frame and every palette entry.

    Takes what :func:`clip_delays` takes, and keeps partial transparency. ``plays`` is how often it
    is shown, 0 for ever.

    Raises:
        PxgenError: frames or delays that an APNG cannot hold.
    """
    delays = clip_delays(frames, palette, delays_ms, longest_side=2**31 - 1, longest_ms=MAX_MS)
    height, width = frames.shape[1:]
    head = header_chunk(height, width, INDEXED), palette_chunks(palette)
    return _animation(head, map(pixel_data, frames), (height, width), delays, plays)


def encode_rgba_apng(frames: Rgba, delays_ms: Sequence[float], plays: int = 0) -> bytes:
    """An APNG of ``(T, H, W, 4) uint8``, of any number of colours, shown for so long each."""
    count, height, width, _ = frames.shape
    data = map(pixel_data, frames.reshape(count, height, 4 * width))
    return _animation((header_chunk(height, width, RGBA),), data, (height, width), delays_ms, plays)


def _animation(
    head: Sequence[bytes],
    frames: Iterable[bytes],
    shape: tuple[int, int],
    delays_ms: Sequence[float],
    plays: int,
) -> bytes:
    """A file of the chunks before all frames, and of the content of each one's IDAT."""
    height, width = shape
    control = chunk(b"acTL", struct.pack(">II", len(delays_ms), plays))
    parts = [SIGNATURE, head[0], control, *head[1:]]
    sequence = 0  # counts the fcTL and fdAT chunks together
    for data, delay in zip(frames, round_delays(delays_ms, 1, 1), strict=True):
        # Parts of a second, as small as a number of 16 bits can count them.
        second = next((parts for parts in (1000, 100, 10) if delay * parts <= 65_535_000), 1)
        shown = delay * second // 1000
        # Disposal 0 and blending 0: each frame overwrites the whole canvas and stays.
        control = struct.pack(">IIIIIHHBB", sequence, width, height, 0, 0, shown, second, 0, 0)
        parts.append(chunk(b"fcTL", control))
        sequence += 1
        if sequence == 1:
            parts.append(chunk(b"IDAT", data))
        else:
            parts.append(chunk(b"fdAT", struct.pack(">I", sequence) + data))
            sequence += 1
    return b"".join((*parts, chunk(b"IEND", b"")))
