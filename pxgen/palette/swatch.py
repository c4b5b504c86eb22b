"""Swatches: palettes as PNG images, one pixel a colour when written, any small image when read."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from typing import TYPE_CHECKING

from pxgen.errors import InputError
from pxgen.files import PILLOW
from pxgen.palette.png_chunks import INDEXED, SIGNATURE, chunk, indexed_png, read_chunks

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
    for tag, content in read_chunks(data, source):
        # As decoders do: of chunks of one name the first counts.
        chunks.setdefault(tag, content)
    header = chunks.get(b"IHDR", b"")
    if len(header) != 13:
        raise InputError(f"{source} is a broken PNG: its header is missing; save it again")
    width, height, depth, kind = struct.unpack_from(">IIBB", header)
    if kind == INDEXED and b"PLTE" in chunks:
        return _table(chunks[b"PLTE"], chunks.get(b"tRNS", b"")), ""
    if depth > 8:
        raise InputError(f"{source} has {depth} bits a channel; save it with 8")
    if width * height > _MAX_PIXELS:
        raise InputError(
            f"{source} is {width}×{height}, too large for a swatch; "
            "take its colours with `pxgen palette extract`"
        )
    return _scan(_decode(data, source)), ""


def _table(colors: bytes, alphas: bytes) -> list[Row]:
    count = len(colors) // 3
    opacity = alphas[:count].ljust(count, b"\xff")
    return [(colors[3 * i], colors[3 * i + 1], colors[3 * i + 2], opacity[i]) for i in range(count)]


def _decode(data: bytes, source: str) -> Rgba:
    """``(H, W, 4) uint8``."""
    # Pillow takes as long to load as a sprite to draw, and few palettes are images.
    import numpy as np
    from PIL import Image

    try:
        with PILLOW, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
                return np.asarray(image.convert("RGBA"))
    except Exception as error:  # damaged bytes make decoders raise anything
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
