"""Palettes as PNG pictures: one pixel a colour when written, any small picture when read."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator

import numpy as np

from pxgen.arrays import U8
from pxgen.errors import InputError
from pxgen.palette.table import Palette, pack, unpack

Row = tuple[int, int, int, int]

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_INDEXED = 3
_MAX_PIXELS = 1 << 22
"""A swatch is small; a picture beyond this is no palette, and decoding it could fill memory."""


def parse_png(data: bytes, source: str) -> tuple[list[Row], str]:
    """The colours of a PNG: an indexed picture's own table, else pixels in scan order.

    Of the pixels, the first of each colour counts and exact repeats are dropped. Fully transparent
    pixels are no colour, whatever RGB hides under them.
    """
    chunks: dict[bytes, bytes] = {}
    for tag, content in _chunks(data, source):
        # As decoders do: of chunks of one name the first counts.
        chunks.setdefault(tag, content)
    header = chunks.get(b"IHDR", b"")
    if len(header) != 13:
        raise InputError(f"{source} is a broken PNG: its header is missing; save it again")
    width, height, depth, kind = struct.unpack_from(">IIBB", header)
    if kind == _INDEXED and b"PLTE" in chunks:
        return _table(chunks[b"PLTE"], chunks.get(b"tRNS", b"")), ""
    if depth > 8:
        raise InputError(f"{source} has {depth} bits a channel; save it with 8")
    if width * height > _MAX_PIXELS:
        raise InputError(
            f"{source} is {width}×{height}, too large for a swatch; "
            "take its colours with `pxgen palette extract`"
        )
    return _scan(_decode(data, source)), ""


def _chunks(data: bytes, source: str) -> Iterator[tuple[bytes, bytes]]:
    position = len(SIGNATURE)
    while position < len(data):
        head = data[position : position + 8]
        if len(head) < 8:
            raise InputError(f"{source} is a broken PNG: it ends early; save it again")
        length, tag = struct.unpack(">I4s", head)
        yield tag, data[position + 8 : position + 8 + length]
        if tag == b"IEND":
            return
        position += 12 + length


def _table(colors: bytes, alphas: bytes) -> list[Row]:
    count = len(colors) // 3
    opacity = alphas[:count].ljust(count, b"\xff")
    return [(colors[3 * i], colors[3 * i + 1], colors[3 * i + 2], opacity[i]) for i in range(count)]


def _decode(data: bytes, source: str) -> U8:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Pillow takes as long to load as a sprite to draw, and few palettes are pictures.
            from PIL import Image

            with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
                return np.asarray(image.convert("RGBA"))
    except Exception as error:  # damaged bytes make decoders raise anything
        raise InputError(
            f"{source} is a broken PNG: its pixels are damaged; save it again"
        ) from error


def _scan(rgba: U8) -> list[Row]:
    packed = pack(rgba.reshape(-1, 4))
    _, first = np.unique(packed, return_index=True)
    colors = unpack(packed[np.sort(first)])
    return [(row[0], row[1], row[2], row[3]) for row in colors[colors[:, 3] > 0].tolist()]


def encode_png(palette: Palette) -> bytes:
    """A row of one pixel a colour, indexed, so that order and repeats survive in the table."""
    rows = palette.rgba[1:]
    count = len(rows)
    body = [
        (b"IHDR", struct.pack(">IIBBBBB", count, 1, 8, _INDEXED, 0, 0, 0)),
        (b"PLTE", rows[:, :3].tobytes()),
        (b"IDAT", zlib.compress(b"\0" + bytes(range(count)), 9)),
        (b"IEND", b""),
    ]
    if (rows[:, 3] < 255).any():
        body.insert(2, (b"tRNS", rows[:, 3].tobytes()))
    return SIGNATURE + b"".join(_chunk(tag, content) for tag, content in body)


def _chunk(tag: bytes, content: bytes) -> bytes:
    check = zlib.crc32(tag + content)
    return struct.pack(">I", len(content)) + tag + content + struct.pack(">I", check)
