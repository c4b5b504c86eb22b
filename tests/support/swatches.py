"""Palette files of other programs."""

from __future__ import annotations

import io
import struct

from PIL import Image


def riff(*colors: tuple[int, int, int], junk: bytes = b"") -> bytes:
    cells = b"".join(bytes((*color, 0)) for color in colors)
    chunk = struct.pack("<HH", 0x300, len(colors)) + cells
    body = b"PAL " + junk + b"data" + struct.pack("<I", len(chunk)) + chunk
    return b"RIFF" + struct.pack("<I", len(body)) + body


def ase(*blocks: tuple[bytes, tuple[float, ...]]) -> bytes:
    data = b"ASEF" + struct.pack(">HHI", 1, 0, len(blocks) + 2)
    group = "g\0".encode("utf-16-be")
    data += struct.pack(">HIH", 0xC001, 2 + len(group), 2) + group
    for model, values in blocks:
        name = "név\0".encode("utf-16-be")
        body = struct.pack(">H", len(name) // 2) + name + model
        body += struct.pack(f">{len(values)}fH", *values, 2)
        data += struct.pack(">HI", 1, len(body)) + body
    return data + struct.pack(">HI", 0xC002, 0)


def aco(version: int, *colors: tuple[int, int, int, int]) -> bytes:
    data = struct.pack(">HH", version, len(colors))
    for space, *values in colors:
        data += struct.pack(">5H", space, *values, 0)
        if version == 2:
            name = "ab\0".encode("utf-16-be")
            data += struct.pack(">I", len(name) // 2) + name
    return data


def png(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()
