"""Damaged images, arrays and palettes: one clear line, nothing lost, nothing executed."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pxgen.cli.app import pxgen
from tests.support.traps import SAMPLE, object_array, pickled, refused, torch_saved


def png_of(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG whose header promises any size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    image = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + image


def good_png() -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 4), np.uint8)
    Image.fromarray(noise).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", b""),
        ("a.png", b"no picture at all"),
        ("a.png", lambda: good_png()[:-60]),
        ("a.png", lambda: good_png()[:20]),
        ("a.png", lambda: png_of(2**31 - 1, 2**31 - 1)),
        ("a.png", lambda: png_of(30_000, 30_000)),
        ("a.png", lambda: png_of(0, 4)),
        ("a.png", lambda: png_of(16, 16, b"\0" * 7)),
        ("a.png", pickled),
        ("a.gif", b"GIF89a\xff\xff\xff\xff\x00\x00\x00,"),
        ("a.webp", b"RIFF\xff\xff\xff\xffWEBPVP8 "),
        ("a.bmp", b"BM" + b"\xff" * 60),
    ],
    ids=lambda value: getattr(value, "__name__", repr(value)[:24]),
)
def test_a_damaged_image(here: Path, name: str, content: bytes | Callable[[], bytes]) -> None:
    (here / "art").mkdir()
    (here / "art" / "good.png").write_bytes(good_png())
    (here / "art" / name).write_bytes(content() if callable(content) else content)
    # The first line names the file, the last says what to do.
    told = refused("prepare", "art", "--force", lines=2)
    assert name in told
    assert "--skip-bad" in told
    assert name in refused("inspect", f"art/{name}")


@pytest.mark.parametrize("content", [object_array, pickled, b"", b"\x93NUMPY\x01\x00\xff\xff{"])
def test_a_malformed_array(here: Path, content: bytes | Callable[[], bytes]) -> None:
    (here / "art.npy").write_bytes(content() if callable(content) else content)
    assert "art.npy" in refused("prepare", "art.npy", "--force", lines=refusal_lines("art.npy"))


def refusal_lines(source: str) -> int:
    """Arrays are refused at once or as one bad source among others."""
    result = CliRunner().invoke(pxgen, ["prepare", source, "--force"])
    assert result.exit_code == 3
    return 2 if "listed above" in result.stderr else 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.hex", b""),
        ("p.hex", b"ff00zz\n"),
        ("p.hex", b"".join(b"%06x\n" % i for i in range(300))),
        ("p.gpl", b"GIMP Palette\n1 2\n"),
        ("p.gpl", b"GIMP Palette\n999 0 0\n"),
        ("p.pal", b"JASC-PAL\n0100\n99999999\n1 2\n"),
        ("p.ase", b"ASEF\0\1\0\0\xff\xff\xff\xff"),
        ("p.aco", b"\0\1\xff\xff\0\0"),
        ("p.png", b"\x89PNG\r\n\x1a\n"),
        ("p.txt", b"\xff\xfe\0\0"),
        ("p.hex", pickled),
        ("p.ase", torch_saved),
    ],
    ids=lambda value: getattr(value, "__name__", repr(value)[:24]),
)
def test_a_malformed_palette(here: Path, name: str, content: bytes | Callable[[], bytes]) -> None:
    (here / name).write_bytes(content() if callable(content) else content)
    (here / "good.png").write_bytes(good_png())
    for command in (
        ("palette", "show", name),
        ("prepare", "good.png", "--palette", name, "--force"),
        (*SAMPLE, "--palette", name),
    ):
        assert name in refused(*command)
