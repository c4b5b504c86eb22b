"""TGA: packets as the format has them, few bits, alpha where the file says so."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pxgen.errors import InputError
from pxgen.ingest.images import read_image
from pxgen.ingest.tga import plain_tga
from tests.support.pictures import tga


def pixels(folder: Path, content: bytes) -> list[list[list[int]]]:
    (folder / "x.tga").write_bytes(content)
    return read_image(folder / "x.tga").rgba[0].tolist()


def test_packets_run_on_from_row_to_row(tmp_path: Path) -> None:
    red, blue = b"\0\0\xff", b"\xff\0\0"
    content = tga(10, (2, 2), 24, b"\x82" + red + b"\x00" + blue)
    red_, blue_ = [255, 0, 0, 255], [0, 0, 255, 255]
    assert pixels(tmp_path, content) == [[red_, red_], [red_, blue_]]


@given(st.binary(min_size=12, max_size=12), st.lists(st.integers(1, 4), min_size=12, max_size=12))
def test_packets_are_the_bytes_that_they_pack(drawn: bytes, lengths: list[int]) -> None:
    packed, at = b"", 0
    for length in lengths:
        part = drawn[at : at + length]
        at += len(part)
        alike = len(part) > 1 and len(set(part)) == 1
        if part:
            packed += bytes([len(part) - 1 + 128 * alike]) + (part[:1] if alike else part)
    expected = plain_tga(tga(3, (4, 3), 8, drawn))
    assert plain_tga(tga(11, (4, 3), 8, packed)) == expected


@pytest.mark.parametrize(
    ("flags", "alpha"), [(0x20, [255, 255]), (0x21, [0, 255])], ids=["says nothing", "says opaque"]
)
@pytest.mark.parametrize("bits", [15, 16])
def test_the_highest_of_16_bits_is_alpha_only_if_the_file_says_so(
    tmp_path: Path, bits: int, flags: int, alpha: list[int]
) -> None:
    data = struct.pack("<HH", 0x7C00, 0x83E0)
    (row,) = pixels(tmp_path, tga(2, (2, 1), bits, data, flags=flags))
    assert [color[:3] for color in row] == [[255, 0, 0], [0, 255, 0]]
    assert [color[3] for color in row] == ([255, 255] if bits == 15 else alpha)


@pytest.mark.parametrize("bits", [15, 16, 24, 32])
def test_tables_have_entries_of_every_width(tmp_path: Path, bits: int) -> None:
    table = {
        15: struct.pack("<HH", 0x7C00, 0x03E0),
        16: struct.pack("<HH", 0x7C00, 0x03E0),
        24: b"\0\0\xff\0\xff\0",
        32: b"\0\0\xff\xff\0\xff\0\xff",
    }[bits]
    (row,) = pixels(tmp_path, tga(1, (2, 1), 8, b"\0\1", table, bits))
    assert row == [[255, 0, 0, 255], [0, 255, 0, 255]]


def test_a_file_of_one_pixel_may_end_there(tmp_path: Path) -> None:
    assert pixels(tmp_path, tga(2, (1, 1), 32, b"\1\2\3\x80")) == [[[3, 2, 1, 128]]]


@pytest.mark.parametrize("corner", [0x00, 0x10, 0x20, 0x30])
def test_the_first_pixel_may_be_in_any_corner(tmp_path: Path, corner: int) -> None:
    (row, other) = pixels(tmp_path, tga(3, (2, 2), 8, b"\1\2\3\4", flags=corner))
    first = [[pixel[0] for pixel in each] for each in (row, other)]
    expected = np.array([[1, 2], [3, 4]])
    expected = expected if corner & 0x20 else expected[::-1]
    assert first == (expected[:, ::-1] if corner & 0x10 else expected).tolist()


def test_what_stands_after_packed_pixels_is_found_again(tmp_path: Path) -> None:
    """An extension area may say that there is no alpha, and a footer says where it is."""
    body = b"\x83\1\2\3\x00"
    area = struct.pack("<H", 495) + bytes(493)
    footer = struct.pack("<II", 18 + len(body), 0) + b"TRUEVISION-XFILE.\0"
    content = tga(10, (4, 1), 32, body, flags=0x28) + area + footer
    assert pixels(tmp_path, content) == [[[3, 2, 1, 255]] * 4]


@pytest.mark.parametrize("packed", [False, True])
def test_pillows_own_files_are_read(tmp_path: Path, packed: bool) -> None:
    drawn = np.random.default_rng(0).integers(0, 256, (5, 7, 4)).astype(np.uint8)
    Image.fromarray(drawn).save(tmp_path / "x.tga", compression="tga_rle" if packed else None)
    assert np.array_equal(read_image(tmp_path / "x.tga").rgba[0], drawn)


@pytest.mark.parametrize("kind", [2, 10])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, kind: int) -> None:
    with pytest.raises(InputError, match="cut off"):
        pixels(tmp_path, tga(kind, (4, 4), 24, b"\x83\1\2\3"))
