"""Images as sources."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pxgen.errors import InputError
from pxgen.ingest.decoded import MAX_FRAME_PIXELS
from pxgen.ingest.images import read_image
from tests.support import pictures

RED, CLEAR = (255, 0, 0, 255), (0, 0, 0, 0)


def checker(mode: str, colors: list[object], path: Path) -> Path:
    image = Image.new(mode, (2, 1))
    for x, color in enumerate(colors):
        image.putpixel((x, 0), color)  # type: ignore[arg-type]
    image.save(path)
    return path


@pytest.mark.parametrize(
    ("mode", "colors", "expected"),
    [
        ("RGBA", [(1, 2, 3, 4), (9, 8, 7, 0)], [(1, 2, 3, 4), (9, 8, 7, 0)]),
        ("RGB", [(1, 2, 3), (4, 5, 6)], [(1, 2, 3, 255), (4, 5, 6, 255)]),
        ("L", [7, 200], [(7, 7, 7, 255), (200, 200, 200, 255)]),
        ("LA", [(7, 0), (200, 128)], [(7, 7, 7, 0), (200, 200, 200, 128)]),
        ("1", [0, 1], [(0, 0, 0, 255), (255, 255, 255, 255)]),
        ("I;16", [0, 65535], [(0, 0, 0, 255), (255, 255, 255, 255)]),
    ],
)
def test_every_mode_keeps_its_colours(
    tmp_path: Path, mode: str, colors: list[object], expected: list[tuple[int, ...]]
) -> None:
    path = checker(mode, colors, tmp_path / "a.png")
    assert [tuple(c) for c in read_image(path).rgba[0, 0].tolist()] == expected


def test_indexed_images_keep_their_table_and_transparency(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((0, 0), 1)
    image.save(tmp_path / "a.png", transparency=0)
    picture = read_image(tmp_path / "a.png")
    assert picture.rgba[0, 0].tolist() == [[40, 50, 60, 255], [10, 20, 30, 0]]
    assert picture.table is not None
    assert np.frombuffer(picture.table, np.uint8)[:8].tolist() == [10, 20, 30, 0, 40, 50, 60, 255]


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_animations_are_frames(tmp_path: Path, suffix: str) -> None:
    frames = [Image.new("RGBA", (4, 4), CLEAR) for _ in range(3)]
    for place, frame in enumerate(frames):
        frame.putpixel((place, place), RED)
    path = tmp_path / f"a.{suffix}"
    options = {"disposal": 2} if suffix != "webp" else {"lossless": True}
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100, **options)
    rgba = read_image(path).rgba
    assert rgba.shape == (3, 4, 4, 4)
    for place in range(3):
        assert np.argwhere(rgba[place, ..., 3] > 0).tolist() == [[place, place]]


def png_of(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99))


def test_of_a_photograph_in_stereo_the_first_picture_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "stereo.jpg"
    left, right = (Image.new("RGB", (16, 16), color) for color in ("red", "blue"))
    left.save(path, "MPO", save_all=True, append_images=[right])
    image = read_image(path)
    assert image.jpeg
    assert image.rgba.shape == (1, 16, 16, 4)
    assert image.rgba[0, 0, 0, 0] > 200


@pytest.mark.parametrize("side", [MAX_FRAME_PIXELS, 60_000])
def test_a_huge_image_is_refused_from_its_header(tmp_path: Path, side: int) -> None:
    (tmp_path / "bomb.png").write_bytes(png_of(side, 2 if side == MAX_FRAME_PIXELS else side))
    with pytest.raises(InputError, match=r"bomb\.png: .*pixels"):
        read_image(tmp_path / "bomb.png")


def test_a_frame_that_outgrows_its_file_is_refused(tmp_path: Path) -> None:
    frames = [Image.new("P", (2, 2), color) for color in (1, 2)]
    path = tmp_path / "grows.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
    content = bytearray(path.read_bytes())
    second = content.rindex(b"\x2c")  # the last image descriptor: left, top, width, height
    content[second + 5 : second + 9] = struct.pack("<HH", 60_000, 60_000)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"grows\.gif: "):
        read_image(path)


def real_png() -> bytes:
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 4), dtype=np.uint8)
    Image.fromarray(noise).save(stream, "png")
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", real_png()[:30], real_png()[:300], b"GIF89a" + b"\xff" * 40],
    ids=["empty", "text", "cut head", "cut body", "noise"],
)
def test_damaged_files_are_one_line_with_their_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.png: ") as caught:
        read_image(tmp_path / "bad.png")
    assert "\n" not in str(caught.value)


def test_an_animated_webp_without_its_alpha_flag_keeps_what_is_clear(tmp_path: Path) -> None:
    frames = [Image.new("RGBA", (16, 16), CLEAR) for _ in range(2)]
    for place, frame in enumerate(frames):
        frame.paste(RED, (place, 0, place + 4, 4))
    stream = io.BytesIO()
    frames[0].save(stream, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    content = bytearray(stream.getvalue())
    assert content[12:16] == b"VP8X"
    (tmp_path / "told.webp").write_bytes(content)
    content[20] &= ~0x10
    (tmp_path / "untold.webp").write_bytes(content)
    told, untold = (read_image(tmp_path / f"{name}.webp") for name in ("told", "untold"))
    assert np.array_equal(told.rgba, untold.rgba)
    assert untold.rgba[0, 8, 8].tolist() == [0, 0, 0, 0]


def test_pictures_of_several_sizes_are_told_by_their_number(tmp_path: Path) -> None:
    pages = [Image.new("RGB", size) for size in ((2, 2), (3, 3))]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(InputError, match=r"pages\.tif: picture 2 in it is 3x3, the first 2x2"):
        read_image(tmp_path / "pages.tif")


def test_a_sound_file_of_a_rare_kind_is_not_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "rare.bmp").write_bytes(pictures.bmp(1, 1, 24, bytes(60), compression=4))
    with pytest.raises(InputError, match=r"rare\.bmp: of a kind that is not read \(Unsupported"):
        read_image(tmp_path / "rare.bmp")


def test_sixteen_bits_are_rounded(tmp_path: Path) -> None:
    """As PNG's are: 128 of 65535 is nearer to 0 than to 1, 129 is not."""
    (tmp_path / "deep.pgm").write_bytes(b"P5 3 1 65535\n" + struct.pack(">3H", 128, 129, 65535))
    assert read_image(tmp_path / "deep.pgm").rgba[0, 0, :, 0].tolist() == [0, 1, 255]
    levels = np.array([[128, 129, 65535]], np.uint16)
    Image.fromarray(levels).save(tmp_path / "deep.tif")
    assert read_image(tmp_path / "deep.tif").rgba[0, 0, :, 0].tolist() == [0, 1, 255]
    high_first = Image.frombytes("I;16B", (3, 1), levels.astype(">u2").tobytes())
    high_first.save(tmp_path / "high.tif")
    assert read_image(tmp_path / "high.tif").rgba[0, 0, :, 0].tolist() == [0, 1, 255]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_is_no_picture(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path / "pipe.png", Path("-")):
        with pytest.raises(InputError, match="read from files, not from a pipe: save it as one"):
            read_image(path)
