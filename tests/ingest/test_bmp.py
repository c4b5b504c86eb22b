"""BMP: channels anywhere in a pixel, and two bits a pixel."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from pxgen.errors import InputError
from pxgen.ingest.images import read_image
from tests.support.pictures import bmp


def pixels(folder: Path, content: bytes) -> list[list[list[int]]]:
    (folder / "x.bmp").write_bytes(content)
    return read_image(folder / "x.bmp").rgba[0].tolist()


@pytest.mark.parametrize(
    ("masks", "first", "second"),
    [
        (
            (0xF00, 0xF0, 0xF, 0xF000),
            (0xF000 + 0xF00, [255, 0, 0, 255]),
            (0x80F0, [0, 255, 0, 136]),
        ),
        ((0x7C00, 0x3E0, 0x1F, 0x8000), (0xFC00, [255, 0, 0, 255]), (0x3E0, [0, 255, 0, 0])),
        ((0xF800, 0x7E0, 0x1F, 0), (0xF800, [255, 0, 0, 255]), (0x400, [0, 130, 0, 255])),
        ((0x1F, 0x7E0, 0xF800, 0), (0x1F, [255, 0, 0, 255]), (0xF800, [0, 0, 255, 255])),
    ],
)
@pytest.mark.parametrize("size", [40, 108])
def test_channels_are_where_the_masks_say(
    tmp_path: Path,
    size: int,
    masks: tuple[int, ...],
    first: tuple[int, list[int]],
    second: tuple[int, list[int]],
) -> None:
    data = struct.pack("<HH", first[0], second[0])
    alpha = size > 40
    given = masks if alpha else masks[:3]
    (row,) = pixels(tmp_path, bmp(2, 1, 16, data, given, size))
    expected = [list(each[1]) for each in (first, second)]
    assert row == [each if alpha else [*each[:3], 255] for each in expected]


def test_an_old_header_may_be_followed_by_a_mask_of_alpha(tmp_path: Path) -> None:
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    content = bmp(1, 1, 32, b"\1\2\3\x80", masks, compression=6)
    assert pixels(tmp_path, content) == [[[3, 2, 1, 128]]]


def test_a_header_may_hold_three_masks_and_no_fourth(tmp_path: Path) -> None:
    """Of 52 bytes: pixels follow, of which none is a mask."""
    content = bmp(2, 1, 32, b"\1\2\3\x80" + bytes(4), (0xFF0000, 0xFF00, 0xFF), size=52)
    assert pixels(tmp_path, content) == [[[3, 2, 1, 255], [0, 0, 0, 255]]]


@pytest.mark.parametrize("height", [2, -2])
def test_two_bits_a_pixel_from_below_or_above(tmp_path: Path, height: int) -> None:
    table = b"".join(bytes([k, 10 * k, 20 * k, 0]) for k in range(4))
    data = b"\x1b\x80\0\0" + b"\xff\xc0\0\0"
    content = bmp(5, height, 2, data, table=table, compression=0)
    drawn = np.array(pixels(tmp_path, content))[:, :, 2]
    expected = np.array([[0, 1, 2, 3, 2], [3, 3, 3, 3, 3]])
    assert np.array_equal(drawn, expected[::-1] if height > 0 else expected)
    assert pixels(tmp_path, content)[-1][-1][3] == 255


def test_a_file_that_is_cut_off_or_too_large_is_refused(tmp_path: Path) -> None:
    masks = (0xF00, 0xF0, 0xF)
    with pytest.raises(InputError, match="cut off"):
        pixels(tmp_path, bmp(2, 2, 16, b"\0" * 6, masks))
    with pytest.raises(InputError, match="more than 16777216 pixels"):
        pixels(tmp_path, bmp(30000, 30000, 16, b"", masks))
    with pytest.raises(InputError, match="without pixels"):
        pixels(tmp_path, bmp(2, 0, 16, b"", masks))
