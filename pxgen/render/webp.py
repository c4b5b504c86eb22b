"""Lossless WebP animations; the format has no palette, but every colour stays what it is.

Pillow's encoder merges equal frames and forgets what shows through, so only its stills are used
here; the file around them is written directly, by the published *WebP Container Specification*.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from PIL import Image

from pxgen.arrays import IndexMaps, Rgba
from pxgen.palette.table import Palette
from pxgen.render.clip import clip_delays, round_delays

MAX_SIDE, MAX_MS = 16_383, 2**24 - 1
_ALPHA, _ANIMATED = 0x10, 0x02
"""Flags of a file: it has transparency, or several frames."""
_NO_BLENDING = 0x02
"""Flag of a frame: its pixels replace what is there."""


def encode_webp(
    frames: IndexMaps, palette: Palette, delays_ms: float | Sequence[float], plays: int = 0
) -> bytes:
    """A lossless animated WebP with a frame for each input frame; a still of a single one.

    Takes what :func:`clip_delays` takes, with sides of at most 16,383, and keeps partial
    transparency. ``plays`` is how often it is shown, 0 for ever.

    Raises:
        PxgenError: frames or delays that a WebP cannot hold.
    """
    delays = clip_delays(frames, palette, delays_ms, MAX_SIDE, MAX_MS)
    return encode_rgba_webp(map(palette.colors, frames), delays, plays)


def encode_rgba_webp(frames: Iterable[Rgba], delays_ms: Sequence[float], plays: int = 0) -> bytes:
    """The same of ``(H, W, 4) uint8`` frames, each shown for so many milliseconds."""
    delays = round_delays(delays_ms, 1, 1)
    parts: list[bytes] = []
    soft, shape = False, (0, 0)
    for (x, y, rgba), delay in zip(_changes(frames), delays, strict=True):
        if len(delays) == 1:
            return _still(rgba)
        height, width = rgba.shape[:2]
        shape = shape if parts else (width, height)
        soft |= bool((rgba[..., 3] < 255).any())
        # Places are counted in pairs of pixels.
        about = b"".join(map(_in_three, (x // 2, y // 2, width - 1, height - 1, delay)))
        # Of a file, what stands after its twelve bytes of RIFF.
        parts.append(_chunk(b"ANMF", about + bytes([_NO_BLENDING]) + _still(rgba)[12:]))
    sides = b"".join(_in_three(side - 1) for side in shape)
    head = _chunk(b"VP8X", struct.pack("<I", _ANIMATED | (_ALPHA if soft else 0)) + sides)
    loop = _chunk(b"ANIM", struct.pack("<IH", 0, plays))
    return _chunk(b"RIFF", b"".join([b"WEBP", head, loop, *parts]))


def _changes(frames: Iterable[Rgba]) -> Iterator[tuple[int, int, Rgba]]:
    """Column, row and pixels of the part of each frame that differs from the one before.

    Places are even; of a frame that does not differ it is the first pixel.
    """
    before = None
    for frame in frames:
        x = y = 0
        part = frame
        if before is not None:
            differs = (frame != before).any(-1)
            rows, columns = (np.flatnonzero(differs.any(axis)) for axis in (1, 0))
            y, x = (int(found[0]) // 2 * 2 if len(found) else 0 for found in (rows, columns))
            below, right = (int(found[-1]) + 1 if len(found) else 1 for found in (rows, columns))
            part = frame[y:below, x:right]
        yield x, y, part
        before = frame


def _still(rgba: Rgba) -> bytes:
    Image.fromarray(rgba).save(still := io.BytesIO(), "WEBP", lossless=True, exact=True, method=4)
    return still.getvalue()


def _chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of an even number of bytes."""
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def _in_three(number: int) -> bytes:
    return number.to_bytes(3, "little")
