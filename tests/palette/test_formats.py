"""Palette files: every format keeps order and colours, and bad files say what to do."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pxgen.errors import InputError, UsageError
from pxgen.palette import Palette
from pxgen.palette.formats import WRITABLE, encode_palette, read_palette, sniff, write_palette

SUFFIXES = [each.suffix for each in WRITABLE]

byte = st.integers(0, 255)
opaque = st.lists(st.tuples(byte, byte, byte), min_size=1, max_size=255)
see_through = st.lists(st.tuples(byte, byte, byte, st.integers(1, 255)), min_size=1, max_size=255)


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(colors=opaque, name=st.text(max_size=20))
def test_opaque_palettes_survive_every_writable_format(suffix, colors, name):
    palette = Palette.of(colors, name)
    assert read_palette(encode_palette(palette, suffix)) == palette


@pytest.mark.parametrize("suffix", [".gpl", ".txt", ".png"])
@given(colors=see_through)
def test_alpha_survives_the_formats_that_hold_it(suffix, colors):
    palette = Palette.of(colors)
    assert read_palette(encode_palette(palette, suffix)) == palette


@pytest.mark.parametrize("suffix", [".hex", ".pal"])
def test_formats_without_alpha_refuse_it(suffix, tmp_path):
    target = tmp_path / f"glass{suffix}"
    with pytest.raises(UsageError, match=r"\.gpl, \.txt or \.png"):
        write_palette(Palette.of([(1, 2, 3, 128)]), target)
    assert not target.exists()


def test_the_name_comes_from_the_file_else_from_its_stem(tmp_path):
    palette = Palette.of([(1, 2, 3)], "Dusk of day")
    for suffix, name in {".gpl": "Dusk of day", ".txt": "Dusk of day", ".hex": "stem"}.items():
        path = write_palette(palette, tmp_path / f"stem{suffix}")
        assert read_palette(path).name == name
    assert read_palette(path, name="given").name == "given"


def test_content_decides_not_the_suffix(tmp_path):
    path = tmp_path / "liar.hex"
    path.write_bytes(encode_palette(Palette.of([(9, 8, 7)]), ".png"))
    assert read_palette(path) == Palette.of([(9, 8, 7)])


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


@pytest.mark.parametrize("count", ["1", "2", "256"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_jasc_takes_the_rows_whatever_the_count_says(count, end):
    text = end.join(["JASC-PAL", "0100", count, "1 2 3", "4 5 6", ""])
    assert read_palette(text.encode()).hex[1:] == ("010203ff", "040506ff")


def riff(*colors: tuple[int, int, int], junk: bytes = b"") -> bytes:
    cells = b"".join(bytes((*color, 0)) for color in colors)
    chunk = struct.pack("<HH", 0x300, len(colors)) + cells
    body = b"PAL " + junk + b"data" + struct.pack("<I", len(chunk)) + chunk
    return b"RIFF" + struct.pack("<I", len(body)) + body


def test_the_other_pal_format_is_read_too():
    assert read_palette(riff((1, 2, 3), (4, 5, 6))).hex[1:] == ("010203ff", "040506ff")
    odd = b"offl" + struct.pack("<I", 3) + b"abc\0"
    assert read_palette(riff((1, 2, 3), junk=odd)).hex[1:] == ("010203ff",)


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


def test_adobe_ase_swatches_are_read_in_order():
    data = ase((b"RGB ", (1.0, 0.5, 0.0)), (b"Gray", (0.2,)))
    assert read_palette(data).hex[1:] == ("ff8000ff", "333333ff")


@pytest.mark.parametrize("model", [b"CMYK", b"LAB "])
def test_colors_that_need_a_profile_are_refused_not_guessed(model):
    with pytest.raises(InputError, match=r"colour 1.*convert it to RGB"):
        read_palette(ase((model, (0.1, 0.2, 0.3, 0.4))))


def aco(version: int, *colors: tuple[int, int, int, int]) -> bytes:
    data = struct.pack(">HH", version, len(colors))
    for space, *values in colors:
        data += struct.pack(">5H", space, *values, 0)
        if version == 2:
            name = "ab\0".encode("utf-16-be")
            data += struct.pack(">I", len(name) // 2) + name
    return data


@pytest.mark.parametrize("version", [1, 2])
def test_photoshop_aco_swatches_are_read(version):
    data = aco(version, (0, 255 * 257, 128 * 257, 7 * 256), (1, 0, 65535, 65535), (8, 5000, 0, 0))
    assert read_palette(data).hex[1:] == ("ff8007ff", "ff0000ff", "808080ff")


def png(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


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


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "holds no colours"),
        (b";only\n;comments\n", "holds no colours"),
        (b"ff0000\nhello\n", "line 2: 'hello' is no colour; write one colour a line as rrggbb"),
        (b"ff00\n", "line 1"),
        (b"GIMP Palette\n1 2 3 x\n1 2\n", "line 3: '1 2' is no colour; write a colour as r g b"),
        (b"GIMP Palette\n1 2 256 x\n", "line 2.*0 to 255"),
        (b"GIMP Palette\n-1 2 3 x\n", "line 2.*0 to 255"),
        (b"GIMP Palette\n1 2 " + b"9" * 5000 + b"\n", "line 2.*0 to 255"),
        (b"GIMP Palette\nChannels: RGBA\n1 2 3 x\n", "line 3.*r g b a"),
        (b"JASC-PAL\n0100\n1 2 3\n", "third line.*number of colours"),
        (b"JASC-PAL\n0100\n1\n1 2 3 4\n", "line 4"),
        (riff((1, 2, 3), (4, 5, 6))[:-2], "ends in the middle"),
        (ase((b"RGB ", (1.0, 0.5, 0.0)))[:40], "ends in the middle"),
        (ase((b"RGB ", (float("nan"), 0, 0))), "colour 1: not a number"),
        (aco(2, (0, 1, 2, 3), (0, 1, 2, 3))[:30], "ends in the middle"),
        (aco(1, (2, 1, 2, 3)), "colour 1: colour space 2 needs a colour profile"),
        (b"\x10\0\0\0\xe0\xa5" + bytes(200), "Aseprite drawing.*save its palette as .gpl"),
        (b"GIF89a" + bytes(20), "GIF picture.*palette extract"),
        (b"\x80\x04\x95\0\0\0", "no palette file; give .hex"),
        (b"\x89PNG\r\n\x1a\n", "broken PNG"),
        (b"\x89PNG\r\n\x1a\n\0\0", "broken PNG"),
    ],
)
def test_bad_files_are_named_with_the_place_and_the_fix(content, complaint, tmp_path):
    path = tmp_path / "bad.pal"
    path.write_bytes(content)
    with pytest.raises(InputError, match=complaint) as caught:
        read_palette(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders_are_input_errors(tmp_path):
    for path in (tmp_path / "none.hex", tmp_path):
        with pytest.raises(InputError, match="cannot read"):
            read_palette(path)


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


def test_pictures_of_more_depth_are_refused():
    image = Image.fromarray(np.full((2, 2), 700, np.uint16))
    with pytest.raises(InputError, match="16 bits"):
        read_palette(png(image))


FILES = [
    *(encode_palette(Palette.of([(1, 2, 3), (250, 128, 0)], "n"), suffix) for suffix in SUFFIXES),
    riff((1, 2, 3)),
    ase((b"RGB ", (1.0, 0.5, 0.0))),
    aco(2, (0, 1, 2, 3)),
    png(Image.new("RGBA", (2, 2), "red")),
]


@given(
    content=st.sampled_from(FILES),
    place=st.integers(0, 200),
    cut=st.integers(0, 30),
    junk=st.binary(max_size=12),
)
def test_damage_never_ends_in_anything_but_a_clear_error(content, place, cut, junk):
    damaged = content[:place] + junk + content[place + cut :]
    with contextlib.suppress(InputError):
        assert len(read_palette(damaged)) > 1


def test_unknown_suffixes_and_empty_palettes_are_not_written(tmp_path):
    with pytest.raises(UsageError, match=r"name it \.hex"):
        write_palette(Palette.of([(1, 2, 3)]), tmp_path / "p.ase")
    with pytest.raises(UsageError, match="no colours"):
        write_palette(Palette.of([]), tmp_path / "p.hex")
    assert list(tmp_path.iterdir()) == []


def test_sniff_knows_text_by_its_first_line():
    assert sniff(b"\xef\xbb\xbfGIMP Palette\r\n").program == "GIMP"
    assert sniff(b"JASC-PAL\n").program == "JASC"
    assert sniff(b"ff0000\n").suffix == ".hex"


def test_written_bytes_are_the_documented_grammar(tmp_path):
    palette = Palette.of([(255, 0, 77), (0, 228, 54)], "two")
    write_palette(palette, Path(tmp_path / "p.HEX"))
    assert (tmp_path / "p.HEX").read_bytes() == b"ff004d\n00e436\n"
    assert encode_palette(palette, ".pal") == b"JASC-PAL\r\n0100\r\n2\r\n255 0 77\r\n0 228 54\r\n"
    assert encode_palette(palette, ".txt").endswith(b"\nFFFF004D\nFF00E436\n")
    with Image.open(io.BytesIO(encode_palette(palette, ".png"))) as image:
        assert (image.mode, image.size) == ("P", (2, 1))
        assert image.getpalette() == [255, 0, 77, 0, 228, 54]


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
