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
    data = ase((b"RGB ", (1.0, 0.5, 0.0)), (b"Gray", (0.2,)))
    assert read_palette(data).hex[1:] == ("ff8000ff", "333333ff")


@pytest.mark.parametrize("model", [b"CMYK", b"LAB "])
def test_colors_that_need_a_profile_are_refused_not_guessed(model):
    with pytest.raises(InputError, match=r"colour 1.*convert it to RGB"):
        read_palette(ase((model, (0.1, 0.2, 0.3, 0.4))))


@pytest.mark.parametrize("version", [1, 2])
def test_photoshop_aco_swatches_are_read(version):
    data = aco(version, (0, 255 * 257, 128 * 257, 7 * 256), (1, 0, 65535, 65535), (8, 5000, 0, 0))
    assert read_palette(data).hex[1:] == ("ff8007ff", "ff0000ff", "808080ff")
