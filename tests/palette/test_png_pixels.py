"""PNG pixels at every depth and colour type."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from pxgen.errors import InputError
from pxgen.palette.png_chunks import INDEXED
from pxgen.palette.png_pixels import (
    GRAY,
    GRAY_ALPHA,
    RGB,
    RGBA,
    Colors,
    Header,
    decode_pixels,
)


def pixels(depth: int, kind: int, row: bytes, width: int, **colors: bytes) -> list[list[int]]:
    header = Header(width, 1, depth, kind, interlaced=False)
    return decode_pixels(header, Colors(**colors), zlib.compress(b"\0" + row))[0].tolist()


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_gray_of_few_bits_is_spread_and_keyed_at_its_own_depth(depth: int) -> None:
    levels = 1 << depth
    width = min(levels, 8 // depth * 2)
    packed = np.arange(width, dtype=np.uint8)
    bits = (packed[:, None] >> np.arange(depth)[::-1]) & 1
    row = np.packbits(bits.ravel()).tobytes()
    key = width - 1
    found = pixels(depth, GRAY, row, width, transparency=bytes([0, key]))
    spread = [round(255 * level / (levels - 1)) for level in range(width)]
    assert found == [[v, v, v, 0 if k == key else 255] for k, v in enumerate(spread)]


def test_bits_of_a_key_beyond_the_depth_do_not_count() -> None:
    assert pixels(2, GRAY, b"\x1b", 4, transparency=b"\xff\xff")[3] == [255, 255, 255, 0]


def test_sixteen_bits_are_keyed_whole_and_rounded() -> None:
    row = b"\x12\x34\x12\x35\xff\xff"
    found = pixels(16, GRAY, row, 3, transparency=b"\x12\x34")
    assert found == [[18, 18, 18, 0], [18, 18, 18, 255], [255, 255, 255, 255]]
    row = b"\x12\x34\x56\x78\x9a\xbc" + b"\x12\x34\x56\x78\x9a\xbd"
    found = pixels(16, RGB, row, 2, transparency=row[:6])
    assert [color[3] for color in found] == [0, 255]


@pytest.mark.parametrize("kind", [GRAY, RGB, GRAY_ALPHA, RGBA])
def test_every_sixteen_bit_sample_is_the_nearest_of_eight(kind: int) -> None:
    channels = {GRAY: 1, RGB: 3, GRAY_ALPHA: 2, RGBA: 4}[kind]
    values = np.arange(0, 65536, 7 if channels > 1 else 1)
    values = values[: len(values) // channels * channels].reshape(-1, channels)
    row = values.astype(">u2").tobytes()
    found = np.array(pixels(16, kind, row, len(values)))
    nearest = np.rint(values / 257).astype(int)
    color = nearest[:, :1] if channels < 3 else nearest[:, :3]
    assert (found[:, :3] == color).all()
    assert (found[:, 3] == (255 if channels % 2 else nearest[:, -1])).all()


def test_colours_of_eight_bits() -> None:
    assert pixels(8, RGBA, b"\1\2\3\4", 1) == [[1, 2, 3, 4]]
    assert pixels(8, GRAY_ALPHA, b"\7\x80", 1) == [[7, 7, 7, 128]]
    row = b"\1\2\3\1\2\4"
    found = pixels(8, RGB, row, 2, transparency=b"\0\1\0\2\0\3")
    assert found == [[1, 2, 3, 0], [1, 2, 4, 255]]


@pytest.mark.parametrize(("depth", "row"), [(1, b"\x40"), (2, b"\x1b"), (4, b"\x01\x23")])
def test_indices_of_few_bits(depth: int, row: bytes) -> None:
    table = bytes(range(10, 19))
    found = pixels(depth, INDEXED, row, 2, table=table, transparency=b"\x80")
    assert found == [[10, 11, 12, 128], [13, 14, 15, 255]]


def test_an_index_outside_the_table_is_black() -> None:
    assert pixels(8, INDEXED, b"\5", 1, table=b"\1\2\3") == [[0, 0, 0, 255]]
    with pytest.raises(InputError, match="without its colour table"):
        pixels(8, INDEXED, b"\0", 1)


@pytest.mark.parametrize("kind", [GRAY, RGB, GRAY_ALPHA, RGBA])
def test_interlaced_pixels_are_those_of_plain_ones(kind: int) -> None:
    channels = {GRAY: 1, RGB: 3, GRAY_ALPHA: 2, RGBA: 4}[kind]
    data = np.random.default_rng(0).integers(0, 256, (8, 8, channels, 2), dtype=np.uint8)
    passes = [(0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4)]
    passes += [(2, 4, 0, 2), (0, 2, 1, 2), (1, 2, 0, 1)]
    laced = b"".join(b"\0" + row.tobytes() for y, dy, x, dx in passes for row in data[y::dy, x::dx])
    plain = b"".join(b"\0" + row.tobytes() for row in data)
    header = Header(8, 8, 16, kind, interlaced=True)
    first = decode_pixels(header, Colors(), zlib.compress(laced))
    second = decode_pixels(header._replace(interlaced=False), Colors(), zlib.compress(plain))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (9, 4), (3, 13), (8, 8)])
@pytest.mark.parametrize(("depth", "kind"), [(1, GRAY), (4, INDEXED), (8, RGBA), (16, RGB)])
def test_a_whole_stream_of_too_few_rows_is_damage(
    depth: int, kind: int, shape: tuple[int, int], interlaced: bool
) -> None:
    height, width = shape
    header = Header(width, height, depth, kind, interlaced)
    first, step = ((0, 0, 4, 0, 2, 0, 1), (8, 8, 8, 4, 4, 2, 2)) if interlaced else ((0,), (1,))
    left, across = ((0, 4, 0, 2, 0, 1, 0), (8, 8, 4, 4, 2, 2, 1)) if interlaced else ((0,), (1,))
    bits = depth * {GRAY: 1, INDEXED: 1, RGBA: 4, RGB: 3}[kind]
    rows = [
        bytes(1 + (wide * bits + 7) // 8)
        for y, dy, x, dx in zip(first, step, left, across, strict=True)
        for wide in [len(range(x, width, dx))]
        for _ in range(y, height, dy)
        if wide
    ]
    colors = Colors(table=bytes(3))
    whole = zlib.compress(b"".join(rows))
    assert decode_pixels(header, colors, whole).shape == (height, width, 4)
    with pytest.raises(ValueError, match="not enough"):
        decode_pixels(header, colors, zlib.compress(b"".join(rows[:-1])))
