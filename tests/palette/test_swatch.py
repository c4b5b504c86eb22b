"""Palettes as images."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from pxgen.errors import InputError
from pxgen.palette.formats import read_palette
from tests.support import pictures
from tests.support.swatches import png


def test_a_picture_gives_its_colors_in_scan_order_without_repeats():
    pixels = [[(3, 3, 3, 255), (9, 9, 9, 0)], [(1, 1, 1, 255), (3, 3, 3, 255)]]
    image = Image.fromarray(np.array(pixels, np.uint8))
    assert read_palette(png(image)).hex[1:] == ("030303ff", "010101ff")


def test_an_indexed_picture_gives_its_table_not_its_pixels():
    image = Image.new("P", (2, 1), 1)
    image.putpalette([5, 5, 5, 6, 6, 6, 5, 5, 5])
    palette = read_palette(png(image, transparency=bytes([255, 128, 255])))
    assert palette.hex[1:] == ("050505ff", "06060680", "050505ff")


@pytest.mark.parametrize("mode", ["L", "1", "LA", "RGB"])
def test_swatches_of_other_modes_are_read(mode):
    image = Image.new(mode, (2, 2), "white")
    assert read_palette(png(image)).hex[1:] == ("ffffffff",)


def test_padding_to_256_places_is_dropped_and_real_excess_is_refused():
    rows = [f"{i:02x}0000" for i in range(200)] + ["000000"] * 56
    assert len(read_palette("\n".join(rows).encode())) == 201
    rows = [f"{i:02x}{j:02x}00" for i in range(16) for j in range(16)]
    with pytest.raises(InputError, match=r"256 colours; at most 255.*extract --colors"):
        read_palette("\n".join(rows).encode())


def test_size_is_bounded_before_anything_is_decoded(tmp_path):
    huge = tmp_path / "huge.hex"
    huge.write_bytes(b"ff0000\n" * (2 << 20))
    with pytest.raises(InputError, match="too large"):
        read_palette(huge)
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 6, 0, 0, 0)
    check = struct.pack(">I", zlib.crc32(b"IHDR" + header))
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + check
    with pytest.raises(InputError, match="60000×60000, too large"):
        read_palette(bomb)


def test_a_second_header_of_a_picture_counts_for_nothing(tmp_path):
    """A small one after the pixels would hide how large the picture is."""
    content = io.BytesIO()
    Image.new("RGB", (4000, 4000)).save(content, "PNG")
    whole = content.getvalue()
    body = b"IHDR" + struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)
    small = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    (tmp_path / "swatch.png").write_bytes(whole[:-12] + small + whole[-12:])
    with pytest.raises(InputError, match="too large for a swatch"):
        read_palette(tmp_path / "swatch.png")


def test_gray_and_sixteen_bit_swatches_are_read_with_their_transparency():
    gray = pictures.png(4, 1, 2, 0, [b"\x1b"], [(b"tRNS", b"\0\3")])
    assert read_palette(gray).hex[1:] == ("000000ff", "555555ff", "aaaaaaff")
    deep = pictures.png(1, 1, 16, 2, [b"\x12\x34\xff\xff\0\0"])
    assert read_palette(deep).hex[1:] == ("12ff00ff",)


def test_damaged_checksums_are_told():
    good = png(Image.new("RGB", (1, 1), "red"))
    place = good.index(b"IDAT") + 5
    with pytest.raises(InputError, match="IDAT chunk is damaged"):
        read_palette(good[:place] + b"x" + good[place + 1 :])
