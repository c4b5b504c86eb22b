"""PNG, APNG and GIF files made chunk by chunk, as no writer of ours makes them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pxgen.palette.png_chunks import SIGNATURE, chunk

Chunks = Sequence[tuple[bytes, bytes]]


def rows(data: Sequence[bytes]) -> bytes:
    """The content of IDAT: unfiltered rows of packed samples."""
    return zlib.compress(b"".join(b"\0" + row for row in data))


def header(width: int, height: int, depth: int, kind: int, interlaced: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced))


def png(
    width: int, height: int, depth: int, kind: int, data: Sequence[bytes], extra: Chunks = ()
) -> bytes:
    parts = [header(width, height, depth, kind), *(chunk(*each) for each in extra)]
    return b"".join(
        [SIGNATURE, *parts, chunk(b"IDAT", rows(data)), chunk(b"IEND", b"")],
    )


class Cell(NamedTuple):
    """A frame of an APNG: its place and size, rows of samples, operations and delay."""

    x: int
    y: int
    width: int
    height: int
    data: Sequence[bytes]
    dispose: int = 0
    blend: int = 0
    delay: tuple[int, int] = (1, 10)


def apng(
    width: int,
    height: int,
    kind: int,
    cells: Sequence[Cell],
    extra: Chunks = (),
    *,
    depth: int = 8,
    default: Sequence[bytes] | None = None,
) -> bytes:
    """An animation; ``default`` are rows of an image that is no frame."""
    out = [SIGNATURE, header(width, height, depth, kind)]
    out.append(chunk(b"acTL", struct.pack(">II", len(cells), 0)))
    out += [chunk(*each) for each in extra]
    if default is not None:
        out.append(chunk(b"IDAT", rows(default)))
    number = 0
    for index, cell in enumerate(cells):
        place = (cell.width, cell.height, cell.x, cell.y)
        told = struct.pack(">IIIIIHHBB", number, *place, *cell.delay, cell.dispose, cell.blend)
        out.append(chunk(b"fcTL", told))
        number += 1
        if index == 0 and default is None:
            out.append(chunk(b"IDAT", rows(cell.data)))
            continue
        out.append(chunk(b"fdAT", struct.pack(">I", number) + rows(cell.data)))
        number += 1
    return b"".join([*out, chunk(b"IEND", b"")])


class Drawn(NamedTuple):
    """A frame of a GIF: its place and size, indices below 4, and what is said of it."""

    x: int
    y: int
    width: int
    height: int
    indices: Sequence[int]
    disposal: int = 0
    transparent: int | None = None
    delay: int = 10


COLORS = ((0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255))


def codes(indices: Sequence[int], *, end: bool = True) -> bytes:
    """Sub-blocks of 3-bit codes, each after a clear code, so that they never grow."""
    numbers = [code for index in indices for code in (4, index)] + [5] * end
    packed = sum(code << 3 * place for place, code in enumerate(numbers))
    data = packed.to_bytes((3 * len(numbers) + 7) // 8, "little")
    parts = [data[start : start + 255] for start in range(0, len(data), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def gif(width: int, height: int, drawn: Sequence[Drawn], *, end: bytes = b";") -> bytes:
    out = [b"GIF89a", struct.pack("<HHBBB", width, height, 0x91, 0, 0), bytes(sum(COLORS, ()))]
    for one in drawn:
        flags = one.disposal << 2 | (one.transparent is not None)
        out.append(
            struct.pack("<BBBBHBB", 0x21, 0xF9, 4, flags, one.delay, one.transparent or 0, 0)
        )
        out.append(struct.pack("<BHHHHB", 0x2C, one.x, one.y, one.width, one.height, 0))
        out.append(b"\2" + codes(one.indices))
    return b"".join([*out, end])


def samples(array: np.ndarray) -> list[bytes]:
    """The rows of an ``(H, W, channels) uint8`` array."""
    return [row.tobytes() for row in array]


def bmp(
    width: int,
    height: int,
    bits: int,
    data: bytes,
    masks: tuple[int, ...] = (),
    size: int = 40,
    table: bytes = b"",
    compression: int = 3,
) -> bytes:
    """A file whose header has ``size`` bytes; the masks follow it, or are part of it."""
    about = (size, width, height, 1, bits, compression, 0, 0, 0, len(table) // 4, 0)
    head = struct.pack("<IiiHHIIiiII", *about) + struct.pack(f"<{len(masks)}I", *masks)
    head = head.ljust(size, b"\0") + table
    start = 14 + len(head)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + head + data


def tga(
    kind: int,
    size: tuple[int, int],
    bits: int,
    data: bytes,
    colors: bytes = b"",
    color_bits: int = 0,
    flags: int = 0x20,
) -> bytes:
    """A file whose first row is the highest, unless the flags say otherwise."""
    count = len(colors) // max(1, (color_bits + 7) // 8)
    head = (0, bool(colors), kind, 0, count, color_bits, 0, 0, *size, bits, flags)
    return struct.pack("<BBBHHBHHHHBB", *head) + colors + data
