"""Lossless WebP animations; the format has no palette, but every colour stays what it is."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from pxgen.arrays import IndexMaps
from pxgen.palette.table import Palette
from pxgen.render.clip import clip_delays, round_delays

_ALPHA = 0x10
"""The flag of a file's VP8X chunk that says that there is transparency."""


def encode_webp(
    frames: IndexMaps, palette: Palette, delays_ms: float | Sequence[float], plays: int = 0
) -> bytes:
    """A lossless animated WebP; equal neighbouring frames become one that is shown longer.

    Takes what :func:`clip_delays` takes, with sides of at most 16,383, and keeps partial
    transparency. ``plays`` is how often it is shown, 0 for ever.

    Raises:
        PxgenError: frames or delays that a WebP cannot hold.
    """
    delays = clip_delays(frames, palette, delays_ms, longest_side=16_383)
    first, *others = (Image.fromarray(palette.colors(frame)) for frame in frames)
    stream = io.BytesIO()
    first.save(
        stream,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=round_delays(delays, 1, 1),
        loop=plays,
        lossless=True,
        exact=True,
        method=4,
    )
    content = bytearray(stream.getvalue())
    if content[12:16] == b"VP8X" and (palette.rgba[np.unique(frames), 3] < 255).any():
        # The encoder forgets what shows through where no frame of the file reaches.
        content[20] |= _ALPHA
    return bytes(content)
