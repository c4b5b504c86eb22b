"""Aseprite's own files: indexed frames with their palette, durations and a tag a clip.

Written by the specification that Aseprite publishes (``docs/ase-file-specs.md``).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence

from pxgen.arrays import IndexMaps
from pxgen.engines.atlas import Clip
from pxgen.errors import UsageError
from pxgen.palette.table import Palette

FILE, FRAME = 0xA5E0, 0xF1FA
LAYER, CEL, PROFILE, TAGS, PALETTE = 0x2004, 0x2005, 0x2007, 0x2018, 0x2019
COMPRESSED = 2
"""The type of a cel that is packed by zlib."""
MAX_U16 = 65_535
"""The largest 16-bit number: of frames, pixels along a side, and milliseconds a frame."""


def encode_aseprite(clips: Sequence[Clip], palette: Palette) -> bytes:
    """One layer with the frames of all clips, which are of one size.

    Raises:
        UsageError: more frames or pixels than the format counts.
    """
    frames = [frame for clip in clips for frame in clip.frames]
    durations = [ms for clip in clips for ms in clip.durations]
    height, width = frames[0].shape
    if max(len(frames), height, width) > MAX_U16:
        raise UsageError(f"an Aseprite file holds at most {MAX_U16} frames and pixels along a side")
    body = b"".join(
        _frame([*(_first(clips, palette) if number == 0 else ()), _cel(frame)], ms)
        for number, (frame, ms) in enumerate(zip(frames, durations, strict=True))
    )
    head = struct.pack("<HHHHHIH", FILE, len(frames), width, height, 8, 1, 100)
    # Colour 0 is transparent; of 256 colours their number is written as 0.
    head += struct.pack("<IIB3xHBB", 0, 0, 0, len(palette) % 256, 1, 1)
    return struct.pack("<I", 128 + len(body)) + head.ljust(124, b"\0") + body


def _first(clips: Sequence[Clip], palette: Palette) -> Iterator[bytes]:
    """The chunks of the first frame alone: colour profile, palette, layer and tags."""
    srgb = struct.pack("<HHI8x", 1, 0, 0)
    yield _chunk(PROFILE, srgb)
    rows = b"".join(struct.pack("<H4B", 0, *row) for row in palette.rows)
    yield _chunk(PALETTE, struct.pack("<III8x", len(palette), 0, len(palette) - 1) + rows)
    visible_and_editable, opaque = 3, 255
    layer = struct.pack("<HHHHHHB3x", visible_and_editable, 0, 0, 0, 0, 0, opaque)
    yield _chunk(LAYER, layer + _string("sprite"))
    if len(clips) > 1 or len(clips[0].frames) > 1:
        yield _chunk(TAGS, struct.pack("<H8x", len(clips)) + b"".join(_tags(clips)))


def _tags(clips: Sequence[Clip]) -> Iterator[bytes]:
    first = 0
    for clip in clips:
        last = first + len(clip.frames) - 1
        yield struct.pack("<HHBH6x3Bx", first, last, 0, 0, 0, 0, 0) + _string(clip.name)
        first = last + 1


def _cel(frame: IndexMaps) -> bytes:
    height, width = frame.shape
    opaque = 255
    head = struct.pack("<HhhBHh5xHH", 0, 0, 0, opaque, COMPRESSED, 0, width, height)
    return _chunk(CEL, head + zlib.compress(frame.tobytes(), 9))


def _frame(chunks: Sequence[bytes], duration: float) -> bytes:
    ms = min(MAX_U16, max(1, round(duration)))
    body = b"".join(chunks)
    return struct.pack("<IHHHxxI", 16 + len(body), FRAME, len(chunks), ms, len(chunks)) + body


def _chunk(kind: int, content: bytes) -> bytes:
    return struct.pack("<IH", 6 + len(content), kind) + content


def _string(text: str) -> bytes:
    encoded = text.encode("utf-8")[:MAX_U16]
    return struct.pack("<H", len(encoded)) + encoded
