"""BMP files of kinds that Pillow lacks: channels by masks, and two bits a pixel."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import Rgba
from pxgen.errors import InputError
from pxgen.ingest.decoded import DecodedImage, check_size

_MASKED, _MASKED_ALPHA = 3, 6
"""Compressions that say by masks where in a pixel its channels are."""
_FILE_HEAD, _MASKS_AT = 14, 54
_OLD_HEAD, _ALPHA_HEAD = 40, 56
"""Bytes of the header after which masks follow, and of those from which on it holds alpha's, too.
Those between the two hold three."""


def is_rare_bmp(head: bytes) -> bool:
    """True of the first bytes of a BMP with masks or of two bits a pixel."""
    if head[:2] != b"BM" or len(head) < _MASKS_AT + 12:
        return False
    size, _, _, _, bits, compression = struct.unpack_from("<IiiHHI", head, _FILE_HEAD)
    masked = compression in {_MASKED, _MASKED_ALPHA} and bits in {16, 32}
    return size >= _OLD_HEAD and (masked or (bits == 2 and compression == 0))


def read_bmp(content: bytes) -> DecodedImage:
    """Decode such a file.

    Raises:
        InputError: too large, or cut off.
    """
    (start,) = struct.unpack_from("<I", content, 10)
    size, width, height, _, bits, _, *_, colors, _ = struct.unpack_from(
        "<IiiHHIIiiII", content, _FILE_HEAD
    )
    if width < 1 or height == 0:
        raise InputError("a BMP without pixels")
    check_size(1, abs(height), width)
    stride = (width * bits + 31) // 32 * 4
    rows = np.frombuffer(content, np.uint8)[start : start + stride * abs(height)]
    if len(rows) < stride * abs(height):
        raise InputError("a BMP that is cut off")
    # The first row is the lowest, unless the height is negative.
    rows = rows.reshape(-1, stride)[:: -1 if height > 0 else 1]
    if bits == 2:
        table = _table(content[_FILE_HEAD + size : start], colors or 4)
        quarters = np.stack([rows >> shift & 3 for shift in (6, 4, 2, 0)], 2)
        return DecodedImage(
            table[quarters.reshape(len(rows), -1)[:, :width]][None], table.tobytes()
        )
    pixels = np.ascontiguousarray(rows).view(f"<u{bits // 8}")[:, :width]
    has_alpha = size >= _ALPHA_HEAD or struct.unpack_from("<I", content, 30)[0] == _MASKED_ALPHA
    masks = struct.unpack_from("<IIII" if has_alpha else "<III", content, _MASKS_AT)
    return DecodedImage(_channels(pixels.astype(np.int64), masks)[None])


def _table(rows: bytes, count: int) -> NDArray[np.uint8]:
    """``(4, 4)`` RGBA; entries that the file lacks are black."""
    table = np.zeros((4, 4), np.uint8)
    given = np.frombuffer(rows, np.uint8)[: 4 * min(count, 4)]
    given = given[: len(given) // 4 * 4].reshape(-1, 4)
    table[: len(given), :3] = given[:, 2::-1]
    table[:, 3] = 255
    return table


def _channels(pixels: NDArray[np.int64], masks: tuple[int, ...]) -> Rgba:
    """``(H, W)`` numbers to ``(H, W, 4)``, each channel's highest value as 255."""
    rgba = np.zeros((*pixels.shape, 4), np.uint8)
    rgba[..., 3] = 255
    for channel, mask in enumerate(masks):
        if mask:
            low = mask & -mask
            highest = mask // low
            rgba[..., channel] = ((pixels & mask) // low * 510 + highest) // (2 * highest)
    return rgba
