"""Binary swatches: .ase, .aco and RIFF .pal."""

from __future__ import annotations

import struct

import pytest

from pxgen.errors import InputError
from pxgen.palette.formats import read_palette
from tests.support.swatches import aco, ase, riff


def test_the_other_pal_format_is_read_too():
    assert read_palette(riff((1, 2, 3), (4, 5, 6))).hex[1:] == ("010203ff", "040506ff")
    odd = b"offl" + struct.pack("<I", 3) + b"abc\0"
    assert read_palette(riff((1, 2, 3), junk=odd)).hex[1:] == ("010203ff",)


def test_adobe_ase_swatches_are_read_in_order():
    data = ase((b"RGB ", (1.0, 0.5, 0.0)), (b"Gray", (0.2,)), (b"GRAY", (1.0,)))
    assert read_palette(data).hex[1:] == ("ff8000ff", "333333ff", "ffffffff")


@pytest.mark.parametrize("model", [b"CMYK", b"LAB "])
def test_colors_that_need_a_profile_are_refused_not_guessed(model):
    with pytest.raises(InputError, match=r"colour 1.*convert it to RGB"):
        read_palette(ase((model, (0.1, 0.2, 0.3, 0.4))))


@pytest.mark.parametrize("version", [1, 2])
def test_photoshop_aco_swatches_are_read(version):
    data = aco(version, (0, 255 * 257, 128 * 257, 7 * 256), (1, 0, 65535, 65535), (8, 5000, 0, 0))
    assert read_palette(data).hex[1:] == ("ff8007ff", "ff0000ff", "808080ff")


def test_gray_of_photoshop_is_ink():
    """Photoshop calls the levels 0, 7500 and 10000 white, 75% gray and black."""
    levels = aco(1, (8, 0, 0, 0), (8, 7500, 0, 0), (8, 10000, 0, 0))
    assert read_palette(levels).hex[1:] == ("ffffffff", "404040ff", "000000ff")


def test_adobe_act_tables_have_as_many_rows_as_they_say():
    rows = bytes(range(1, 13)).ljust(768, b"\0")
    four = ("010203ff", "040506ff", "070809ff", "0a0b0cff")
    assert read_palette(rows + b"\0\4\xff\xff").hex[1:] == four
    assert read_palette(rows + b"\0\4\0\1").hex[1:] == (four[0], *four[2:])
    # Without a number there are 256, most of them the same.
    assert read_palette(rows).hex[1:] == (*four, "000000ff")
    ramp = bytes(1 + k % 250 for k in range(768))
    assert read_palette(ramp).hex[1] == "010203ff"


def test_text_of_the_size_of_an_act_is_text():
    lines = "".join(f"{k:06x}\r\n" for k in range(96)).encode()
    assert len(lines) == 768
    assert len(read_palette(lines)) == 97
