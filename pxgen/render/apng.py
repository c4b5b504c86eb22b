"""APNG animations: the indexed PNG of a still, with more frames behind the first."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from pxgen.arrays import IndexMaps
from pxgen.palette.png_chunks import SIGNATURE, chunk, header_chunk
from pxgen.palette.table import Palette
from pxgen.render.clip import clip_delays, round_delays
from pxgen.render.png import palette_chunks, pixel_data


def encode_apng(
    frames: IndexMaps, palette: Palette, delays_ms: float | Sequence[float], plays: int = 0
) -> bytes:
    """An 8-bit indexed APNG with one full frame for each input frame and every palette entry.

    Takes what :func:`clip_delays` takes, and keeps partial transparency. ``plays`` is how often it
    is shown, 0 for ever.

    Raises:
        PxgenError: frames or delays that an APNG cannot hold.
    """
    delays = clip_delays(frames, palette, delays_ms, longest_side=2**31 - 1)
    height, width = frames.shape[1:]
    parts = [
        SIGNATURE,
        header_chunk(height, width),
        chunk(b"acTL", struct.pack(">II", len(frames), plays)),
        palette_chunks(palette),
    ]
    sequence = 0  # counts the fcTL and fdAT chunks together
    for frame, delay in zip(frames, round_delays(delays, 1, 1), strict=True):
        # Parts of a second, as small as a number of 16 bits can count them.
        second = next((parts for parts in (1000, 100, 10) if delay * parts <= 65_535_000), 1)
        shown = delay * second // 1000
        # Disposal 0 and blending 0: each frame overwrites the whole canvas and stays.
        control = struct.pack(">IIIIIHHBB", sequence, width, height, 0, 0, shown, second, 0, 0)
        parts.append(chunk(b"fcTL", control))
        sequence += 1
        if sequence == 1:
            parts.append(chunk(b"IDAT", pixel_data(frame)))
        else:
            parts.append(chunk(b"fdAT", struct.pack(">I", sequence) + pixel_data(frame)))
            sequence += 1
    return b"".join((*parts, chunk(b"IEND", b"")))
