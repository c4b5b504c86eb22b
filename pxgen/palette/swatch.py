"""Swatches: palettes as PNG images, one pixel a colour when written, any small image when read."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from pxgen.errors import InputError
from pxgen.palette.png_chunks import INDEXED, SIGNATURE, chunk, indexed_png, read_chunks
from pxgen.palette.png_pixels import Colors, Header, decode_pixels

if TYPE_CHECKING:
    from pxgen.arrays import Rgba
    from pxgen.palette.table import Palette, Row

_MAX_PIXELS = 1 << 22
"""A swatch is small; an image beyond this is no palette, and decoding it could fill memory."""


def is_png(data: bytes) -> bool:
    """True of a PNG."""
    return data.startswith(SIGNATURE)


def read_png(data: bytes, source: str) -> tuple[list[Row], str]:
    """The colours of a PNG: an indexed image's own table, else pixels in scan order.

    Of the pixels, the first of each colour counts and exact repeats are dropped. Fully transparent
    pixels are no colour, whatever RGB hides under them.
    """
    chunks: dict[bytes, bytes] = {}
    pixels = []
    for tag, content in read_chunks(data, source):
        if tag == b"IDAT":
            pixels.append(content)
        # As decoders do: of chunks of one name the first counts.
        chunks.setdefault(tag, content)
    try:
        header = Header.of(chunks.get(b"IHDR", b""))
    except InputError as error:
        raise InputError(f"{source} is {error}") from None
    colors = Colors(chunks.get(b"PLTE", b""), chunks.get(b"tRNS", b""))
    if header.kind == INDEXED and colors.table:
        return [(r, g, b, a) for r, g, b, a in colors.rows().tolist()], ""
    if header.width * header.height > _MAX_PIXELS:
        raise InputError(
            f"{source} is {header.width}×{header.height}, too large for a swatch; "
            "take its colours with `pxgen palette extract`"
        )
    try:
        return _scan(decode_pixels(header, colors, b"".join(pixels))), ""
    except (InputError, ValueError) as error:
        raise InputError(
            f"{source} is a broken PNG: its pixels are damaged; save it again"
        ) from error


def _scan(rgba: Rgba) -> list[Row]:
    """The distinct visible colours of ``(H, W, 4) uint8``, in scan order."""
    import numpy as np

    from pxgen.palette.table import pack, unpack

    packed = pack(rgba.reshape(-1, 4))
    _, first = np.unique(packed, return_index=True)
    colors = unpack(packed[np.sort(first)])
    return [(row[0], row[1], row[2], row[3]) for row in colors[colors[:, 3] > 0].tolist()]


def write_png(palette: Palette) -> bytes:
    """A row of one pixel a colour, indexed, so that order and repeats survive in the table."""
    rows = palette.rgba[1:]
    colors = chunk(b"PLTE", rows[:, :3].tobytes())
    if (rows[:, 3] < 255).any():
        colors += chunk(b"tRNS", rows[:, 3].tobytes())
    scan_line = b"\0" + bytes(range(len(rows)))
    return indexed_png((1, len(rows)), colors, zlib.compress(scan_line, 9))
