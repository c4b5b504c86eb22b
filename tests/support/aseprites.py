"""Aseprite files put together chunk by chunk, by the published specification."""

from __future__ import annotations

import struct
import zlib

import numpy as np

FLIP_X, FLIP_Y, FLIP_DIAGONALLY = 0x80000000, 0x40000000, 0x20000000


def chunk(kind: int, content: bytes) -> bytes:
    return struct.pack("<IH", 6 + len(content), kind) + content


def text(value: str) -> bytes:
    return struct.pack("<H", len(value.encode())) + value.encode()


def layer(
    *, flags: int = 1, kind: int = 0, level: int = 0, blend: int = 0, opacity: int = 255
) -> bytes:
    head = struct.pack("<HHHHHHB3x", flags, kind, level, 0, 0, blend, opacity)
    return chunk(0x2004, head + text("layer") + (bytes(4) if kind == 2 else b""))


def cel_head(number: int, width: int, height: int, *, order: int = 0, kind: int = 2) -> bytes:
    return struct.pack("<HhhBHh5xHH", number, 0, 0, 255, kind, order, width, height)


def cel(
    number: int, pixels: np.ndarray, x: int = 0, y: int = 0, opacity: int = 255, kind: int = 2
) -> bytes:
    height, width = pixels.shape[:2]
    data = zlib.compress(pixels.tobytes()) if kind == 2 else pixels.tobytes()
    head = struct.pack("<HhhBHh5x", number, x, y, opacity, kind, 0)
    return chunk(0x2005, head + struct.pack("<HH", width, height) + data)


def linked(number: int, frame: int, x: int = 0, y: int = 0, opacity: int = 255) -> bytes:
    return chunk(0x2005, struct.pack("<HhhBHh5xH", number, x, y, opacity, 1, 0, frame))


def tileset(tiles: np.ndarray | None = None, *, flags: int = 6) -> bytes:
    """Tiles ``(count, h, w, n)`` as the set of number 0; the first one is empty by convention."""
    tiles = np.zeros((2, 1, 1, 4), np.uint8) if tiles is None else tiles
    count, height, width = tiles.shape[:3]
    data = zlib.compress(tiles.tobytes())
    head = struct.pack("<IIIHHh14x", 0, flags, count, width, height, 1)
    return chunk(0x2023, head + text("tiles") + struct.pack("<I", len(data)) + data)


def tile_map(number: int, cells: list[list[int]], x: int = 0, *, bits: int = 32) -> bytes:
    head = struct.pack("<HhhBHh5xHH", number, x, 0, 255, 3, 0, len(cells[0]), len(cells))
    masks = struct.pack("<HIIII10x", bits, 0x1FFFFFFF, FLIP_X, FLIP_Y, FLIP_DIAGONALLY)
    return chunk(0x2005, head + masks + zlib.compress(np.array(cells, "<u4").tobytes()))


def colors(rows: list[tuple[int, ...]], first: int = 0) -> bytes:
    head = struct.pack("<III8x", first + len(rows), first, first + len(rows) - 1)
    return chunk(0x2019, head + b"".join(struct.pack("<H4B", 0, *row) for row in rows))


def tags(*named: tuple[str, int, int, int]) -> bytes:
    parts = [
        struct.pack("<HHBH6x3Bx", first, last, direction, 0, 0, 0, 0) + text(name)
        for name, first, last, direction in named
    ]
    return chunk(0x2018, struct.pack("<H8x", len(parts)) + b"".join(parts))


def document(
    frames: list[list[bytes]],
    depth: int = 32,
    width: int = 4,
    height: int = 3,
    *,
    flags: int = 1,
    duration: int = 80,
    speed: int = 0,
) -> bytes:
    body = b""
    for chunks in frames:
        inside = b"".join(chunks)
        count = len(chunks)
        head = struct.pack("<IHHHxxI", 16 + len(inside), 0xF1FA, count, duration, count)
        body += head + inside
    size = (len(frames), width, height, depth)
    head = struct.pack("<IHHHHHIH", 128 + len(body), 0xA5E0, *size, flags, speed)
    return head.ljust(128, b"\0") + body


def solid(rgba: tuple[int, ...], width: int = 4, height: int = 3) -> np.ndarray:
    return np.full((height, width, len(rgba)), rgba, np.uint8)
