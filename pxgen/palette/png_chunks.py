"""PNG chunks (W3C PNG, section 5), for the readers and writers of pictures and of palettes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from pxgen.errors import InputError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
INDEXED = 3
"""The colour type of PNG images whose pixels are palette indices."""
_CRITICAL = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
_PIXELS = _CRITICAL | {b"tRNS", b"acTL", b"fcTL", b"fdAT"}
"""Chunks that pixels depend on: a damaged one is an error, any other is passed over."""


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk: length, four letters, content, CRC."""
    check = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def header_chunk(height: int, width: int, kind: int = INDEXED) -> bytes:
    """IHDR of an image of 8 bits a sample and a colour type."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0))


def indexed_png(shape: tuple[int, int], colors: bytes, pixels: bytes) -> bytes:
    """A file of its height and width, the chunks of its palette, and the content of its IDAT."""
    parts = (SIGNATURE, header_chunk(*shape), colors, chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"".join(parts)


def read_chunks(data: bytes, source: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and content of each chunk that pixels depend on, up to IEND.

    Checksums are compared. Other chunks are passed over, damaged or sound.

    Raises:
        InputError: the file ends inside a chunk's head, or such a chunk is damaged or unknown.
    """
    position = len(SIGNATURE)
    while position < len(data):
        head = data[position : position + 8]
        if len(head) < 8:
            raise InputError(f"{source} is a broken PNG: it ends early; save it again")
        length, kind = struct.unpack(">I4s", head)
        if kind in _PIXELS:
            content = data[position + 8 : position + 8 + length]
            check = data[position + 8 + length : position + 12 + length]
            if check != struct.pack(">I", zlib.crc32(content, zlib.crc32(kind))):
                name = kind.decode("ascii")
                raise InputError(
                    f"{source} is a broken PNG: its {name} chunk is damaged or cut off; "
                    "save it again"
                )
            yield kind, content
        elif not kind.isalpha():
            raise InputError(f"{source} is a broken PNG: its chunks are damaged; save it again")
        elif kind[:1].isupper():
            name = kind.decode("ascii")
            raise InputError(
                f"{source} is a PNG with {name}, which only its program can read; export an "
                "ordinary PNG there"
            )
        if kind == b"IEND":
            return
        position += 12 + length
