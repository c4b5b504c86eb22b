"""Palette files: every format keeps order and colours, and bad files say what to do."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pxgen.errors import InputError, UsageError
from pxgen.palette import Palette
from pxgen.palette.formats import WRITABLE, encode_palette, read_palette, sniff, write_palette
from tests.support.swatches import aco, ase, png, riff

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
        (b"JASC-PAL\n0100\n1\n1 2 3 4 5\n", "line 4"),
        (b"{", "damaged JSON"),
        (b"{}", "no list of colors"),
        (b'{"colors": ["fff"]}', "colour 1: write it"),
        (b'{"colors": [1]}', "colour 1: write it"),
        (bytes(range(1, 200)), "no palette file"),
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
