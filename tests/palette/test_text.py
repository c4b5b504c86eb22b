"""Text palettes: hex, paint.net, GIMP and JASC."""

from __future__ import annotations

import pytest

from pxgen.errors import InputError
from pxgen.palette import Palette
from pxgen.palette.formats import encode_palette, read_palette


def test_hex_reads_what_people_write():
    text = "\ufeff#FF0000\r\n\r\n00ff00\r\n// a comment\r\n#0000ff80\r\n"
    assert read_palette(text.encode()).hex[1:] == ("ff0000ff", "00ff00ff", "0000ff80")


def test_paintnet_rows_have_alpha_first_and_comments():
    text = b"; paint.net Palette File\n;Palette Name: Two\n80FF0000\n0000FF\n"
    palette = read_palette(text)
    assert (palette.hex[1:], palette.name) == (("ff000080", "0000ffff"), "Two")


def test_old_macintosh_line_ends_are_line_ends():
    assert read_palette(b"ff0000\r00ff00\r").hex[1:] == ("ff0000ff", "00ff00ff")


def test_gpl_reads_gimp_and_aseprite_files():
    gimp = b"GIMP Palette\nName: N\nColumns: 4\n# 9 9 9\n255   0   0\tred 1\n  0 0 255\n"
    assert read_palette(gimp).hex[1:] == ("ff0000ff", "0000ffff")
    aseprite = b"GIMP Palette\nChannels: RGBA\n#\n0 0 0 0 Transparent\n255 0 0 128 Glass\n"
    assert read_palette(aseprite).hex == ("00000000", "ff000080")


def test_gpl_rows_are_always_named_because_aseprite_drops_others():
    rows = encode_palette(Palette.of([(1, 2, 3)]), ".gpl").decode().splitlines()
    assert rows[-1].split() == ["1", "2", "3", "010203"]


def test_jasc_of_fewer_rows_than_it_says_is_cut_off():
    with pytest.raises(InputError, match="has 2 of 5 colours"):
        read_palette(b"JASC-PAL\n0100\n5\n1 2 3\n4 5 6\n")


@pytest.mark.parametrize("count", ["1", "2", "256"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_jasc_takes_the_rows_whatever_the_count_says(count, end):
    text = end.join(["JASC-PAL", "0100", count, "1 2 3", "4 5 6", ""])
    assert read_palette(text.encode()).hex[1:] == ("010203ff", "040506ff")


def test_jasc_rows_of_aseprite_have_alpha():
    text = b"JASC-PAL\n0100\n3\n0 0 0 0\n255 0 0 255\n1 2 3 128\n4 5 6\n"
    assert read_palette(text).hex[1:] == ("ff0000ff", "01020380", "040506ff")


def test_eight_digits_end_in_alpha_unless_paintnet_wrote_them():
    assert read_palette(b"5e315bbb\n").hex[1:] == ("5e315bbb",)
    assert read_palette(b"; paint.net\nbb5e315b\n#5e315bcc").hex[1:] == ("5e315bbb", "5e315bcc")


def test_json_of_lospec_is_read():
    text = b'\xef\xbb\xbf {"name": "Duo", "author": "", "colors": ["0d2b45", "#FFECD6"]}'
    palette = read_palette(text)
    assert (palette.hex[1:], palette.name) == (("0d2b45ff", "ffecd6ff"), "Duo")
    assert read_palette(b'{"colors": ["00000080"]}').hex[1:] == ("00000080",)
    assert read_palette(b'\n ["#ff0000", "00000080"]').hex[1:] == ("ff0000ff", "00000080")
    with pytest.raises(InputError, match="colour 2: write it as a text"):
        read_palette(b'["#ff0000", 3]')
