"""Aseprite's own files: indexed frames with their palette, durations and tags.

Written by the specification that Aseprite publishes (``docs/ase-file-specs.md``).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence

from pxgen.arrays import IndexMaps
from pxgen.engines.clips import Clip, all_tags
from pxgen.engines.tags import DIRECTIONS, Tag
from pxgen.errors import UsageError
from pxgen.palette.table import Palette

FILE, FRAME = 0xA5E0, 0xF1FA
LAYER, CEL, PROFILE, TAGS, PALETTE = 0x2004, 0x2005, 0x2007, 0x2018, 0x2019
USER_DATA = 0x2020
COMPRESSED = 2
"""The type of a cel that is packed by zlib."""
MAX_U16 = 65_535
"""The largest 16-bit number: of frames and pixels along a side."""


def encode_aseprite(clips: Sequence[Clip], palette: Palette) -> bytes:
    """One layer with the frames of all clips, which are of one size, and their tags.

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
    # A lone clip is all of the file, and needs no name in it.
    tags = all_tags(clips) if len(clips) > 1 or clips[0].tags else ()
    if tags:
        yield _chunk(TAGS, struct.pack("<H8x", len(tags)) + b"".join(map(_tag, tags)))
        if any(tag.note for tag in tags):
            # One for each, in their order.
            yield from (_chunk(USER_DATA, tag.note or bytes(4)) for tag in tags)


def _tag(tag: Tag) -> bytes:
    way = DIRECTIONS.index(tag.direction)
    return struct.pack("<HHBH6x3Bx", tag.first, tag.last, way, tag.repeat, *tag.color) + _string(
        tag.name
    )


def _cel(frame: IndexMaps) -> bytes:
    height, width = frame.shape
    opaque = 255
    head = struct.pack("<HhhBHh5xHH", 0, 0, 0, opaque, COMPRESSED, 0, width, height)
    return _chunk(CEL, head + zlib.compress(frame.tobytes(), 9))


def _frame(chunks: Sequence[bytes], duration: float) -> bytes:
    ms = max(1, round(duration))
    body = b"".join(chunks)
    return struct.pack("<IHHHxxI", 16 + len(body), FRAME, len(chunks), ms, len(chunks)) + body


def _chunk(kind: int, content: bytes) -> bytes:
    return struct.pack("<IH", 6 + len(content), kind) + content


def _string(text: str) -> bytes:
    encoded = text.encode("utf-8")[:MAX_U16]
    return struct.pack("<H", len(encoded)) + encoded
