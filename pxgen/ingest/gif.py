"""GIF images and animations (GIF89a) on a transparent screen, as browsers show them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import Bytes, Rgba
from pxgen.errors import InputError
from pxgen.ingest.composition import Dispose, Part, compose
from pxgen.ingest.decoded import (
    DEFAULT_MS,
    MAX_FILE_PIXELS,
    DecodedImage,
    check_size,
)

_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_CONTROL, _PLAIN_TEXT = 0xF9, 0x01
_DISPOSE = {2: Dispose.CLEAR, 3: Dispose.RESTORE, 4: Dispose.RESTORE}
"""By the number of a disposal method; 4 is what some programs wrote for 3."""
_MAX_CODES = 4096
_PASSES = ((0, 8), (4, 8), (2, 4), (1, 2))
"""Of an interlaced image: first row and step."""


class _Control(NamedTuple):
    """What a graphic control extension says of the image after it."""

    dispose: Dispose = Dispose.KEEP
    delay: int = 0
    """In 1/100 s."""
    transparent: int | None = None


class _Frame(NamedTuple):
    x: int
    y: int
    width: int
    height: int
    interlaced: bool
    table: bytes
    """RGB rows."""
    control: _Control
    code_bits: int
    data: bytes
    """Sub-blocks: a length and as many bytes each, the last one empty."""


@dataclass
class _Reader:
    content: bytes
    at: int = 6
    frames: list[_Frame] = field(default_factory=list)

    def take(self, count: int) -> bytes:
        part = self.content[self.at : self.at + count]
        if len(part) < count:
            raise InputError("this GIF is cut off")
        self.at += count
        return part

    def blocks(self) -> bytes:
        """Sub-blocks up to the empty one that ends them, with their lengths."""
        start = self.at
        while length := self.take(1)[0]:
            self.take(length)
        return self.content[start : self.at]

    def table(self, flags: int) -> bytes:
        """The RGB rows of a colour table, if flags say that there is one."""
        return self.take(3 << (flags & 7) + 1) if flags & 0x80 else b""


def is_gif(head: bytes) -> bool:
    """True of the first bytes of a GIF."""
    return head[:6] in {b"GIF87a", b"GIF89a"}


def read_gif(content: bytes) -> DecodedImage:
    """Frames, durations where it moves, and the colour table of the first frame.

    What no frame covers is transparent, and what reaches beyond the screen is cut off.

    Raises:
        InputError: damaged or too large.
    """
    reader = _Reader(content)
    width, height, flags, _, _ = struct.unpack("<HHBBB", reader.take(7))
    _read(reader, reader.table(flags))
    if not (width and height and reader.frames):
        raise InputError("a GIF without pixels")
    check_size(len(reader.frames), height, width)
    for frame in reader.frames:
        check_size(1, frame.height, frame.width)
    if sum(frame.width * frame.height for frame in reader.frames) > MAX_FILE_PIXELS:
        raise InputError(f"a GIF of more than {MAX_FILE_PIXELS} pixels")
    rgba = np.empty((len(reader.frames), height, width, 4), np.uint8)
    compose((_part(frame) for frame in reader.frames), rgba)
    table = _without_repeats(_colors(reader.frames[0])).tobytes()
    if len(reader.frames) == 1:
        return DecodedImage(rgba, table)
    durations = tuple(10.0 * frame.control.delay or DEFAULT_MS for frame in reader.frames)
    return DecodedImage(rgba, table, durations=durations)


def _read(reader: _Reader, shared: bytes) -> None:
    control = _Control()
    while reader.at < len(reader.content):
        block = reader.take(1)[0]
        if block == _TRAILER:
            return
        if block == _IMAGE:
            check_size(len(reader.frames) + 1, 1, 1)
            reader.frames.append(_frame(reader, shared, control))
            control = _Control()
        elif block == _EXTENSION:
            kind, said = reader.take(1)[0], reader.blocks()
            if kind == _CONTROL and len(said) > 4:
                control = _control(said[1:])
            elif kind == _PLAIN_TEXT:
                control = _Control()


def _control(said: bytes) -> _Control:
    flags, delay, transparent = struct.unpack_from("<BHB", said)
    dispose = _DISPOSE.get(flags >> 2 & 7, Dispose.KEEP)
    return _Control(dispose, delay, transparent if flags & 1 else None)


def _frame(reader: _Reader, shared: bytes, control: _Control) -> _Frame:
    x, y, width, height, flags = struct.unpack("<HHHHB", reader.take(9))
    table = reader.table(flags) or shared
    bits = reader.take(1)[0]
    return _Frame(x, y, width, height, bool(flags & 0x40), table, control, bits, reader.blocks())


def _part(frame: _Frame) -> Part:
    """A frame's pixels in their colours; those that its data lack are transparent."""
    table = np.zeros((257, 4), np.uint8)
    table[:256, 3] = 255
    rows = _colors(frame)
    table[: len(rows)] = rows
    rgba = table[_indices(frame)]
    return Part(rgba, frame.x, frame.y, frame.control.dispose, over=True)


def _indices(frame: _Frame) -> NDArray[np.integer[Any]]:
    """``(H, W)``: an entry of the colour table each, or 256 for pixels without data."""
    from PIL import Image

    size = (frame.width, frame.height)
    if not frame.width * frame.height:
        return np.zeros((frame.height, frame.width), np.uint8)
    try:
        code = (frame.code_bits, int(frame.interlaced), -1)
        return np.asarray(Image.frombytes("P", size, frame.data, "gif", *code))
    except ValueError:
        # Pillow takes whole images only.
        return _incomplete(frame)


def _incomplete(frame: _Frame) -> NDArray[np.integer[Any]]:
    count = frame.width * frame.height
    found = np.frombuffer(lzw_decode(frame.data, frame.code_bits, count), np.uint8)
    stored = np.full((frame.height, frame.width), 256, np.uint16)
    stored.reshape(-1)[: len(found)] = found
    if not frame.interlaced:
        return stored
    order = [row for first, step in _PASSES for row in range(first, frame.height, step)]
    indices = np.empty_like(stored)
    indices[order] = stored
    return indices


def _colors(frame: _Frame) -> Rgba:
    """``(K, 4)``: the frame's colour table; without one, indices are levels of grey."""
    rgb: Bytes = np.frombuffer(frame.table, np.uint8).reshape(-1, 3)
    if not len(rgb):
        rgb = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, 1)
    table = np.full((len(rgb), 4), 255, np.uint8)
    table[:, :3] = rgb
    if frame.control.transparent is not None and frame.control.transparent < len(table):
        table[frame.control.transparent, 3] = 0
    return table


def _without_repeats(table: Rgba) -> Rgba:
    """Without the repeats of the last row that fill the table up to a power of two."""
    differing = np.flatnonzero((table != table[-1]).any(1))
    return table[: differing[-1] + 2] if len(differing) else table[:1]


def lzw_decode(blocks: bytes, code_bits: int, count: int) -> bytes:
    """The first ``count`` indices, if there are so many, in sub-blocks of LZW codes.

    By GIF89a, appendix F.

    Raises:
        InputError: codes that cannot be.
    """
    if not 1 <= code_bits <= 8:
        raise InputError("this GIF is damaged: its pixels are coded in no known way")
    strings, made = [], 0
    for string in _strings(_codes_of(blocks), code_bits):
        strings.append(string)
        made += len(string)
        if made >= count:
            break
    return b"".join(strings)[:count]


def _codes_of(blocks: bytes) -> bytes:
    at, parts = 0, []
    while at < len(blocks):
        parts.append(blocks[at + 1 : at + 1 + blocks[at]])
        at += 1 + blocks[at]
    return b"".join(parts)


def _strings(data: bytes, code_bits: int) -> Iterator[bytes]:
    clear, end = 1 << code_bits, (1 << code_bits) + 1
    roots = [bytes([value]) for value in range(clear)] + [b"", b""]
    strings, width, last = list(roots), code_bits + 1, b""
    held, bits = 0, 0
    for byte in data:
        held |= byte << bits
        bits += 8
        while bits >= width:
            code = held & (1 << width) - 1
            held >>= width
            bits -= width
            if code == end:
                return
            if code == clear:
                strings, width, last = list(roots), code_bits + 1, b""
                continue
            if code > len(strings) or (code == len(strings) and not last):
                raise InputError("this GIF is damaged: its pixels cannot be decoded")
            string = strings[code] if code < len(strings) else last + last[:1]
            if last and len(strings) < _MAX_CODES:
                strings.append(last + string[:1])
                if len(strings) == 1 << width and width < 12:
                    width += 1
            last = string
            yield string
