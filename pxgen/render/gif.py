"""GIF animations that hold exactly the frames, indices, palette and delays they were given.

Pillow's own animation writer merges equal frames, remaps palettes and rounds delays down, so only
its LZW coder is used here; the file around the frames is written directly.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

import numpy as np
from PIL import Image

from pxgen.arrays import IndexMaps
from pxgen.palette.table import Palette
from pxgen.render.clip import clip_delays, round_delays

UNIT_MS = 10
MIN_DELAY, MAX_DELAY = 2, 65_535
"""In units; browsers turn the delays 0 and 1 into 10."""
SOLID = 128
"""Alpha from which on a colour is opaque."""
REPEATS = b"!\xff\x0bNETSCAPE2.0"
CLEAR_TO_BACKGROUND = 2
"""Disposal: without it the pixels of one frame shine through the transparent ones of the next."""


def encode_gif(
    frames: IndexMaps, palette: Palette, delays_ms: float | Sequence[float], plays: int = 0
) -> bytes:
    """A GIF with one full frame for each input frame and one global table of every palette entry.

    Takes what :func:`clip_delays` takes, with sides of at most 65,535. Index 0 is transparent; GIF
    has no partial transparency, so that entries of less than half alpha are clear and the others
    opaque. ``plays`` is how often it is shown, 0 for ever.

    Raises:
        PxgenError: frames or delays that a GIF cannot hold.
    """
    delays = clip_delays(
        frames, palette, delays_ms, longest_side=65_535, longest_ms=UNIT_MS * MAX_DELAY
    )
    solid = np.where(palette.rgba[:, 3] < SOLID, 0, np.arange(len(palette), dtype=np.uint8))
    frames = solid[frames]
    height, width = frames.shape[1:]
    bits = max(1, (len(palette) - 1).bit_length())  # the table has 2 ** bits entries
    table = palette.rgba[:, :3].tobytes()
    # Repeats of the last entry fill the table up: whoever reads it can tell them from colours.
    table += table[-3:] * ((1 << bits) - len(palette))
    parts = [
        b"GIF89a",
        struct.pack("<HHBBB", width, height, 0x80 | 0x70 | (bits - 1), 0, 0),
        table,
        # Repetitions come after the first time, and 0 of them are endless ones.
        b"" if plays == 1 else REPEATS + struct.pack("<BBHB", 3, 1, max(0, plays - 1), 0),
    ]
    for frame, delay in zip(frames, round_delays(delays, UNIT_MS, MIN_DELAY), strict=True):
        control = (CLEAR_TO_BACKGROUND << 2) | 1  # the 1 says that a transparent index follows
        parts.append(struct.pack("<BBBBHBB", 0x21, 0xF9, 4, control, delay, 0, 0))
        parts.append(_image_block(frame))
    return b"".join((*parts, b";"))


def _image_block(frame: IndexMaps) -> bytes:
    """A frame's descriptor and compressed indices, out of a still that Pillow writes."""
    Image.fromarray(frame).save(still := io.BytesIO(), "GIF", optimize=False)
    content = still.getvalue()
    # Before it stand 13 bytes and the table, whose size the eleventh of them says; a byte follows.
    return content[13 + (3 << (content[10] & 7) + 1) : -1]
