"""TGA files as Pillow reads them right.

It knows no packets that run on from row to row, no 15 bits a pixel, no files shorter than a footer,
and takes the highest of 16 bits for clear where it says opaque, or nothing.
"""

from __future__ import annotations

import struct

from pxgen.errors import InputError
from pxgen.ingest.decoded import check_size

PACKED = (9, 10, 11)
"""Kinds of image in packets: indexed, in colour, grey; eight less are those without."""
_HEAD = struct.Struct("<BBBHHBHHHHBB")
_OFF = bytes(byte & 127 for byte in range(256))
_INVERTED = bytes(byte ^ 128 for byte in range(256))
"""A pixel's second byte for Pillow, which takes a highest bit that is on for clear."""
_FOOTER = b"TRUEVISION-XFILE.\0"
_FOOTER_BYTES = 26


def is_tga(head: bytes) -> bool:
    """True of first bytes that may be a TGA's: it has no signature."""
    if len(head) < _HEAD.size:
        return False
    _, mapped, kind, _, _, _, _, _, width, height, bits, _ = _HEAD.unpack_from(head)
    known = kind & 7 in {1, 2, 3} and kind in {1, 2, 3, *PACKED} and mapped in {0, 1}
    return known and width > 0 and height > 0 and bits in {8, 15, 16, 24, 32}


def plain_tga(content: bytes) -> bytes:
    """The same image without packets.

    Raises:
        InputError: too large, or cut off.
    """
    names, mapped, kind, first, count, entry_bits, *place, bits, flags = _HEAD.unpack_from(content)
    _, _, width, height = place
    check_size(1, height, width)
    start = _HEAD.size + names + mapped * count * ((entry_bits + 7) // 8)
    size = width * height * ((bits + 7) // 8)
    body, end = bytearray(content[start : start + size]), start + size
    if kind in PACKED:
        body, end = _unpacked(content, start, size, (bits + 7) // 8)
    if len(body) < size:
        raise InputError("a TGA that is cut off")
    if bits in {15, 16} and kind & 7 == 2:
        body[1::2] = body[1::2].translate(_INVERTED if bits == 16 and flags & 15 else _OFF)

    bits, entry_bits = (16 if each == 15 else each for each in (bits, entry_bits))
    head = _HEAD.pack(names, mapped, kind & 7, first, count, entry_bits, *place, bits, flags)
    return head + content[_HEAD.size : start] + body + _moved(content[end:], start + size - end)


def _unpacked(content: bytes, start: int, size: int, width: int) -> tuple[bytearray, int]:
    """Pixels of so many bytes out of packets, and where these end."""
    body, at = bytearray(), start
    while len(body) < size and at < len(content):
        count = (content[at] & 127) + 1
        run = content[at] > 127
        pixels = content[at + 1 : at + 1 + (width if run else width * count)]
        body += pixels * count if run else pixels
        at += 1 + len(pixels)
    return body[:size], at


def _moved(rest: bytes, by: int) -> bytes:
    """What stands after the pixels, once they take so many bytes more."""
    if not rest.endswith(_FOOTER) or len(rest) < _FOOTER_BYTES:
        return rest + bytes(_FOOTER_BYTES)
    area, developers = struct.unpack_from("<II", rest, len(rest) - _FOOTER_BYTES)
    footer = struct.pack("<II", area and area + by, developers) + _FOOTER
    return rest[:-_FOOTER_BYTES] + footer
