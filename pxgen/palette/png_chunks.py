"""PNG chunks (W3C PNG, section 5), for the writers of pictures and of palettes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from pxgen.errors import InputError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
INDEXED = 3
"""The colour type of PNG images whose pixels are palette indices."""


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk: length, four letters, content, CRC."""
    check = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def header_chunk(height: int, width: int) -> bytes:
    """IHDR of an 8-bit indexed image."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, INDEXED, 0, 0, 0))


def indexed_png(shape: tuple[int, int], colors: bytes, pixels: bytes) -> bytes:
    """A file of its height and width, the chunks of its palette, and the content of its IDAT."""
    parts = (SIGNATURE, header_chunk(*shape), colors, chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"".join(parts)


def read_chunks(data: bytes, source: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and content of each chunk up to IEND; checksums are not compared.

    Raises:
        InputError: the file ends inside a chunk's head.
    """
    position = len(SIGNATURE)
    while position < len(data):
        head = data[position : position + 8]
        if len(head) < 8:
            raise InputError(f"{source} is a broken PNG: it ends early; save it again")
        length, kind = struct.unpack(">I4s", head)
        yield kind, data[position + 8 : position + 8 + length]
        if kind == b"IEND":
            return
        position += 12 + length
