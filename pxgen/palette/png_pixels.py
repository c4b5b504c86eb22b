"""The pixels of PNG images as RGBA, exact at every depth (W3C PNG, sections 11.2 and 11.3.1.1).

Pillow unpacks and unfilters; its own reader of PNG files compares transparent colours at 8 bits.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from pxgen.errors import InputError
from pxgen.palette.png_chunks import INDEXED

if TYPE_CHECKING:
    from pxgen.arrays import Bytes, Rgba

GRAY, RGB, GRAY_ALPHA, RGBA = 0, 2, 4, 6
_DEPTHS = {GRAY: (1, 2, 4, 8, 16), RGB: (8, 16), INDEXED: (1, 2, 4, 8), GRAY_ALPHA: (8, 16)}
_DEPTHS[RGBA] = (8, 16)
_CHANNELS = {GRAY: 1, RGB: 3, INDEXED: 1, GRAY_ALPHA: 2, RGBA: 4}
_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
"""The first column and row of each pass of an interlaced image, and how far apart they are."""
_MODES = {RGB: "RGB", GRAY_ALPHA: "LA", RGBA: "RGBA"}
"""Pillow's names of modes, which are those of their raw bytes, too."""


class Header(NamedTuple):
    """The content of IHDR."""

    width: int
    height: int
    depth: int
    """Bits a sample."""
    kind: int
    """Colour type."""
    interlaced: bool

    @classmethod
    def of(cls, content: bytes) -> Header:
        """The header in an IHDR chunk.

        Raises:
            InputError: of a size, depth or colour type that the format lacks.
        """
        if len(content) != 13:
            raise InputError("a broken PNG: its header is missing; save it again")
        width, height, depth, kind, packing, filters, interlaced = struct.unpack(
            ">IIBBBBB", content
        )
        known = depth in _DEPTHS.get(kind, ()) and not packing and not filters and interlaced < 2
        if not (width and height and known):
            raise InputError("a broken PNG: its header is damaged; save it again")
        return cls(width, height, depth, kind, bool(interlaced))

    @property
    def packed_length(self) -> int:
        """Bytes of all rows, each behind its filter's number, before they are compressed."""
        bits = self.depth * _CHANNELS[self.kind]
        passes = _ADAM7 if self.interlaced else ((0, 0, 1, 1),)
        sizes = (
            (-((left - self.width) // across), -((top - self.height) // down))
            for left, top, across, down in passes
        )
        return sum(high * (1 + (wide * bits + 7) // 8) for wide, high in sizes if wide > 0)


class Colors(NamedTuple):
    """The chunks that say what samples look like."""

    table: bytes = b""
    """The content of PLTE: RGB rows of an indexed image."""
    transparency: bytes = b""
    """The content of tRNS: alpha of the table's rows, or the one transparent colour."""

    def rows(self) -> Rgba:
        """``(K, 4) uint8``: the colour table of an indexed image."""
        import numpy as np

        rgb = np.frombuffer(self.table[: len(self.table) // 3 * 3], np.uint8).reshape(-1, 3)
        rows = np.full((min(len(rgb), 256), 4), 255, np.uint8)
        rows[:, :3] = rgb[:256]
        alpha = np.frombuffer(self.transparency, np.uint8)[: len(rows)]
        rows[: len(alpha), 3] = alpha
        return rows


def decode_pixels(header: Header, colors: Colors, data: bytes) -> Rgba:
    """``(H, W, 4) uint8`` of what IDAT chunks hold together; 16 bits are rounded to 8.

    Raises:
        InputError: an indexed image without a colour table.
        ValueError: damaged data.
    """
    if header.kind == INDEXED or (header.kind == GRAY and header.depth <= 8):
        return _table(header, colors)[_samples(header, data, "P", f"P;{header.depth}")]
    if header.depth == 8:
        return _opaque_unless(_samples(header, data, mode := _MODES[header.kind], mode), colors)
    return _sixteen(header, colors, data)


def _samples(header: Header, data: bytes, mode: str, raw: str) -> Bytes:
    """``(H, W)`` or ``(H, W, channels)`` samples, by Pillow's mode and its name of raw bytes."""
    import numpy as np
    from PIL import Image

    raw = "P" if raw == "P;8" else raw
    size, interlaced = (header.width, header.height), int(header.interlaced)
    samples = np.asarray(Image.frombytes(mode, size, data, "zip", raw, interlaced))
    # Pillow takes rows that a whole stream lacks for clear ones.
    length = header.packed_length
    if len(zlib.decompressobj().decompress(data, length)) < length:
        raise ValueError("not enough rows")
    return samples


def _table(header: Header, colors: Colors) -> Rgba:
    """``(256, 4) uint8``: the colour of each sample of at most 8 bits; what has none is black."""
    import numpy as np

    table = np.zeros((256, 4), np.uint8)
    table[:, 3] = 255
    if header.kind == INDEXED:
        if not colors.table:
            raise InputError("an indexed PNG without its colour table; save it again")
        rows = colors.rows()
        table[: len(rows)] = rows
        return table
    levels = 1 << header.depth
    table[:levels, :3] = np.arange(levels)[:, None] * (255 // (levels - 1))
    if len(colors.transparency) >= 2:
        # Of the two bytes only as many bits count as a sample has.
        table[struct.unpack_from(">H", colors.transparency)[0] % levels, 3] = 0
    return table


def _opaque_unless(samples: Bytes, colors: Colors) -> Rgba:
    """``(H, W, 4)`` of 8-bit RGB, grey with alpha or RGBA samples."""
    import numpy as np

    if samples.shape[-1] == 4:
        return samples
    rgba = np.full((*samples.shape[:2], 4), 255, np.uint8)
    if samples.shape[-1] == 2:
        rgba[..., :3], rgba[..., 3] = samples[..., :1], samples[..., 1]
        return rgba
    rgba[..., :3] = samples
    if len(colors.transparency) >= 6:
        rgba[(samples == np.frombuffer(colors.transparency[1:6:2], np.uint8)).all(-1), 3] = 0
    return rgba


def _sixteen(header: Header, colors: Colors, data: bytes) -> Rgba:
    """``(H, W, 4)`` of samples of 16 bits, taken as a high and a low byte each."""
    import numpy as np

    if header.kind in {GRAY, GRAY_ALPHA}:
        # Pillow knows the bytes of such pixels as 8-bit pixels of twice as many channels.
        mode = "LA" if header.kind == GRAY else "RGBA"
        both = _samples(header, data, mode, mode)
        high, low = both[..., ::2], both[..., 1::2]
    else:
        mode = _MODES[header.kind]
        high, low = (_samples(header, data, mode, f"{mode};16{order}") for order in "BL")
    channels = high.shape[-1]
    rgba = np.full((*high.shape[:2], 4), 255, np.uint8)
    color = channels - (channels % 2 == 0)
    rgba[..., :3] = _rounded(high[..., :color], low[..., :color])
    if channels % 2 == 0:
        rgba[..., 3] = _rounded(high[..., -1], low[..., -1])
    elif len(colors.transparency) >= 2 * channels:
        key = np.frombuffer(colors.transparency[: 2 * channels], np.uint8)
        rgba[((high == key[::2]) & (low == key[1::2])).all(-1), 3] = 0
    return rgba


def _rounded(high: Bytes, low: Bytes) -> Bytes:
    """The nearest 8-bit samples: 257 of 16 bits make one of 8."""
    import numpy as np

    apart = low.astype(np.int16) - high
    return high + (apart > 128).astype(np.uint8) - (apart < -128).astype(np.uint8)
