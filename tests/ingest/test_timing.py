"""How often animations are shown, and for how long: kept by ``export``, or told."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from pxgen.cli.app import pxgen
from pxgen.ingest.images import read_image
from pxgen.ingest.timing import timing_of
from pxgen.palette import Palette
from pxgen.render.apng import encode_apng
from pxgen.render.gif import encode_gif
from pxgen.render.webp import encode_webp

PALETTE = Palette.of([(200, 10, 10), (10, 200, 10), (10, 10, 200)])


def run(*arguments: object) -> Result:
    return CliRunner().invoke(pxgen, ["export", *map(str, arguments)])


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
def test_an_animation_is_shown_as_often_as_its_source(tmp_path: Path, suffix: str) -> None:
    encode = {".gif": encode_gif, ".apng": encode_apng, ".webp": encode_webp}[suffix]
    frames = np.arange(3, dtype=np.uint8).repeat(16).reshape(3, 4, 4)
    for plays in (0, 1, 3):
        source = tmp_path / f"{plays}{suffix}"
        source.write_bytes(encode(frames, PALETTE, 50, plays))
        assert timing_of(source) == (plays, 0)
        for other in (".gif", ".apng", ".webp"):
            result = run(source, "-o", tmp_path / f"o{other}")
            assert (timing_of(tmp_path / f"o{other}")[0], result.stderr) == (plays, "")
    run(tmp_path / f"3{suffix}", "-o", tmp_path / "o.gif", "--plays", 2)
    assert timing_of(tmp_path / "o.gif")[0] == 2
    both = (tmp_path / f"1{suffix}", tmp_path / f"3{suffix}")
    assert (
        "shown once or 3 times: the file is shown for ever; --plays N says how often"
        in run(*both, "-o", tmp_path / "o.gif").stderr
    )
    result = run(both[1], "-o", tmp_path / "o.aseprite")
    assert "shown 3 times: .aseprite cannot say so" in result.stderr
    assert run(both[1], "-o", tmp_path / "o.png", "--plays", 1).exit_code == 2


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
def test_frames_without_a_delay_are_told_of(tmp_path: Path, suffix: str) -> None:
    frames = np.arange(3, dtype=np.uint8).repeat(16).reshape(3, 4, 4)
    encode = {".gif": encode_gif, ".apng": encode_apng, ".webp": encode_webp}[suffix]
    content = encode(frames, PALETTE, [70, 50, 70])
    mark = {
        ".gif": (b"!\xf9\x04\x09\x05\x00", b"!\xf9\x04\x09\x00\x00"),
        ".apng": (b"\x00\x32\x03\xe8", b"\x00\x00\x03\xe8"),
        ".webp": (b"\x32\x00\x00", b"\x00\x00\x00"),
    }[suffix]
    assert mark[0] in content
    source = tmp_path / f"a{suffix}"
    source.write_bytes(content.replace(*mark, 1))
    if suffix == ".apng":
        # The chunk's checksum changes with it.
        at = source.read_bytes().index(b"\x00\x00\x03\xe8") - 24
        chunk = bytearray(source.read_bytes())
        struct.pack_into(">I", chunk, at + 30, zlib.crc32(chunk[at : at + 30]))
        source.write_bytes(bytes(chunk))
    result = run(source, "-o", tmp_path / "o.gif")
    assert "1 frames without a delay are shown for 100 ms" in result.stderr
    assert read_image(tmp_path / "o.gif").durations == (70, 100, 70)


def test_what_says_nothing_of_times_or_is_damaged_is_passed_over(tmp_path: Path) -> None:
    files = {"a.png": b"\x89PNG\r\n\x1a\n", "b.webp": b"RIFFxxxxWEBPANIM", "c.txt": b"text"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        assert timing_of(tmp_path / name) == (None, 0)
    assert timing_of(tmp_path / "gone") == (None, 0)
