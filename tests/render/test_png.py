"""Indexed PNG files keep every index and every palette entry."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pxgen.errors import InputError, PxgenError
from pxgen.palette import Palette
from pxgen.render.png import decode_png, encode_png


def random_picture(seed: int, entries: int, *, clear: bool, translucent: bool):
    """A palette of ``entries`` with repeated and translucent colours, and a map that uses it."""
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 256, (entries, 4), dtype=np.uint8)
    if not translucent:
        table[:, 3] = 255
    table[0] = 0
    lowest = 0 if clear or entries == 1 else 1
    height, width = rng.integers(1, 20, 2)
    return rng.integers(lowest, entries, (height, width), dtype=np.uint8), Palette(table)


pictures = st.builds(
    random_picture,
    st.integers(0, 2**32 - 1),
    st.integers(1, 256),
    clear=st.booleans(),
    translucent=st.booleans(),
)


@given(pictures)
@settings(max_examples=150)
def test_what_was_written_is_read_back(picture):
    indices, palette = picture
    found, table = decode_png(encode_png(indices, palette))
    assert np.array_equal(found, indices)
    assert table == palette


@pytest.mark.parametrize("entries", range(1, 257))
def test_every_palette_size_survives(entries):
    indices, palette = random_picture(entries, entries, clear=True, translucent=False)
    indices[0, 0] = entries - 1
    found, table = decode_png(encode_png(indices, palette))
    assert np.array_equal(found, indices)
    assert table == palette


@given(pictures)
@settings(max_examples=50)
def test_pillow_sees_the_palette_colours(picture):
    indices, palette = picture
    with Image.open(io.BytesIO(encode_png(indices, palette))) as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image.convert("RGBA")), palette.colors(indices))


def test_same_picture_same_bytes():
    indices, palette = random_picture(3, 40, clear=True, translucent=False)
    twin = Palette(palette.rgba.copy(), name="another name")
    assert encode_png(indices.copy(order="F"), twin) == encode_png(indices, palette)


def test_an_index_outside_the_palette_is_refused():
    with pytest.raises(PxgenError, match="index 2 is outside a palette of 2"):
        encode_png(np.array([[0, 2]], np.uint8), Palette.of([(1, 2, 3)]))


@pytest.mark.parametrize("cut", [0, 4, 20, 60, 90])
def test_truncated_files_are_one_clear_error(cut):
    indices, palette = random_picture(5, 9, clear=True, translucent=False)
    content = encode_png(indices, palette)
    with pytest.raises(InputError, match="PNG"):
        decode_png(content[:cut])


def test_pictures_without_a_palette_are_refused(tmp_path):
    path = tmp_path / "rgb.png"
    Image.new("RGB", (2, 2)).save(path)
    with pytest.raises(InputError, match=r"rgb\.png is not an indexed PNG"):
        decode_png(path)


def test_a_palette_whose_first_entry_is_opaque_is_refused(tmp_path):
    path = tmp_path / "opaque.png"
    image = Image.new("P", (2, 2))
    image.putpalette([9, 9, 9, 8, 8, 8])
    image.save(path)
    with pytest.raises(InputError, match=r"opaque\.png: .*transparent"):
        decode_png(path)
