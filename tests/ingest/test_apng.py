"""PNG and APNG files as sources, by the text of the format and by a second decoder."""

from __future__ import annotations

import itertools
import shutil
import struct
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pxgen.errors import InputError
from pxgen.ingest.apng import is_png, read_apng
from pxgen.ingest.images import read_image
from pxgen.palette.png_chunks import SIGNATURE, chunk
from tests.support.pictures import Cell, apng, png, samples

R, G, B, CLEAR = b"\xff\0\0\xff", b"\0\xff\0\xff", b"\0\0\xff\xff", bytes(4)
HALF = b"\0\0\xff\x80"


def last(content: bytes) -> list[list[int]]:
    """The pixels of the last frame's first row."""
    return read_apng(content).rgba[-1, 0].tolist()


@pytest.mark.parametrize(
    ("content", "right"),
    [
        pytest.param(
            apng(2, 1, 6, [
                Cell(0, 0, 2, 1, [R + CLEAR]),
                Cell(0, 0, 2, 1, [CLEAR + G], 2, 1),
                Cell(0, 0, 1, 1, [B], 0, 1),
            ]),
            [[0, 0, 255, 255], [0, 0, 0, 0]],
            id="previous-after-over",
        ),
        pytest.param(
            apng(1, 1, 6, [Cell(0, 0, 1, 1, [R]), Cell(0, 0, 1, 1, [HALF], 0, 1)]),
            [[127, 0, 128, 255]],
            id="half-over-opaque",
        ),
        pytest.param(
            apng(1, 1, 6, [Cell(0, 0, 1, 1, [CLEAR]), Cell(0, 0, 1, 1, [HALF], 0, 1)]),
            [[0, 0, 255, 128]],
            id="half-over-clear",
        ),
        pytest.param(
            apng(2, 1, 2, [
                Cell(0, 0, 2, 1, [R[:3] * 2]),
                Cell(0, 0, 1, 1, [G[:3]], 1),
                Cell(1, 0, 1, 1, [B[:3]]),
            ]),
            [[0, 0, 0, 0], [0, 0, 255, 255]],
            id="background-in-rgb",
        ),
        pytest.param(
            apng(
                1, 1, 0,
                [Cell(0, 0, 1, 1, [b"\xff"]), Cell(0, 0, 1, 1, [b"\0"], 0, 1)],
                [(b"tRNS", b"\0\0")],
            ),
            [[255, 255, 255, 255]],
            id="over-with-a-gray-key",
        ),
        pytest.param(
            apng(
                1, 1, 3,
                [Cell(0, 0, 1, 1, [b"\0"]), Cell(0, 0, 1, 1, [b"\1"], 0, 1)],
                [(b"PLTE", R[:3] + B[:3]), (b"tRNS", b"\xff\x80")],
            ),
            [[127, 0, 128, 255]],
            id="over-with-a-half-transparent-palette",
        ),
    ],
)  # fmt: skip
def test_frames_are_composed_as_the_format_says(content: bytes, right: list[list[int]]) -> None:
    assert last(content) == right


def test_the_first_frame_restores_to_nothing() -> None:
    content = apng(2, 1, 6, [Cell(0, 0, 2, 1, [R + R], 2), Cell(0, 0, 1, 1, [G])])
    assert last(content) == [[0, 255, 0, 255], [0, 0, 0, 0]]


def test_durations_and_the_default_image() -> None:
    cells = [Cell(0, 0, 1, 1, [R], delay=(1, 4)), Cell(0, 0, 1, 1, [G], delay=(3, 0))]
    made = read_apng(apng(1, 1, 6, cells, default=[B]))
    assert made.durations == (250, 30)
    assert made.rgba[:, 0, 0].tolist() == [list(R), list(G)]


KINDS = {
    "rgba": (6, 8, ()),
    "gray-alpha": (4, 8, ()),
    "rgb": (2, 8, ()),
    "rgb-key": (2, 8, ((b"tRNS", b"\0\0\0\0\0\0"),)),
    "gray": (0, 8, ()),
    "gray-key": (0, 8, ((b"tRNS", b"\0\1"),)),
    "gray-2-bits-key": (0, 2, ((b"tRNS", b"\0\2"),)),
    "palette": (3, 8, ((b"PLTE", bytes(range(3 * 32))),)),
    "palette-alpha": (3, 8, ((b"PLTE", bytes(range(3 * 32))), (b"tRNS", bytes(range(0, 256, 8))))),
    "palette-4-bits": (3, 4, ((b"PLTE", bytes(range(48))), (b"tRNS", b"\0\x80\xff"))),
    "rgba-16-bits": (6, 16, ()),
}
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def clip(kind: str, operations: tuple[tuple[int, int], ...], seed: int) -> bytes:
    """Frames of random places and pixels, in one colour type and depth."""
    color, depth, extra = KINDS[kind]
    chance = np.random.default_rng(seed)
    cells = []
    for index, (dispose, blend) in enumerate(operations):
        x, y = (0, 0) if index == 0 else chance.integers(0, 4, 2).tolist()
        width, height = (8, 6) if index == 0 else (8 - x - 2, 6 - y - 1)
        bits = width * depth * CHANNELS[color]
        data = chance.integers(0, 256, (height, (bits + 7) // 8), dtype=np.uint8)
        data[chance.random(data.shape) < 0.3] = 255
        data[chance.random(data.shape) < 0.3] = 0
        if depth == 16:
            # The same in 8 bits, however they are made of 16.
            data[:, 1::2] = data[:, ::2]
        if color == 3 and depth == 8:
            data %= 32
        cells.append(Cell(x, y, width, height, samples(data), dispose, blend))
    return apng(8, 6, color, cells, extra, depth=depth)


def by_apngdis(content: bytes, folder: Path) -> Iterator[np.ndarray]:
    (folder / "a.png").write_bytes(content)
    subprocess.run(["apngdis", "a.png", "f"], cwd=folder, check=True, capture_output=True)
    for file in sorted(folder.glob("f*.png")):
        yield read_image(file).rgba[0].astype(int)


@pytest.mark.skipif(shutil.which("apngdis") is None, reason="apngdis is not installed")
@pytest.mark.parametrize("kind", KINDS)
def test_another_decoder_agrees_about_every_pair_of_operations(tmp_path: Path, kind: str) -> None:
    every = list(itertools.product(range(3), range(2)))
    for seed, (first, second) in enumerate(itertools.product(every, repeat=2)):
        content = clip(kind, (first, second, (0, 1)), seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        frames = read_apng(content).rgba.astype(int)
        others = list(by_apngdis(content, folder))
        assert len(others) == len(frames)
        for ours, theirs in zip(frames, others, strict=True):
            visible = (ours[..., 3:] > 0) | (theirs[..., 3:] > 0)
            # They cut where we round, once a frame.
            assert np.abs((ours - theirs) * visible).max() <= 3, (first, second)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (apng(1, 1, 6, [Cell(0, 0, 1, 1, [R]), Cell(0, 0, 2, 1, [R + R])]), "frame 1"),
        (apng(1, 1, 6, [Cell(0, 0, 1, 1, [R]), Cell(0, 0, 0, 1, [b""])]), "frame 1"),
        (apng(1, 1, 6, [Cell(0, 0, 1, 1, [R], 3)]), "frame 0"),
        (apng(2, 1, 6, [Cell(0, 0, 1, 1, [R])]), "frame 0"),
        (apng(1, 1, 3, [Cell(0, 0, 1, 1, [b"\0"])]), "without its colour table"),
        (apng(1, 1, 6, [Cell(0, 0, 1, 1, [R[:2]])]), "damaged or cut off"),
        (SIGNATURE + chunk(b"IDAT", b""), "header is missing"),
        (SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 3, 6, 0, 0, 0)), "header"),
        (SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0)), "no|without"),
    ],
)
def test_what_cannot_be_read_is_said(content: bytes, line: str) -> None:
    with pytest.raises(InputError, match=line):
        read_apng(content)


def test_frames_out_of_order_are_refused() -> None:
    good = apng(1, 1, 6, [Cell(0, 0, 1, 1, [R]), Cell(0, 0, 1, 1, [G])])
    head = good.index(b"fcTL", good.index(b"fcTL") + 1)
    told = good[head + 4 : head + 30]
    swapped = good.replace(chunk(b"fcTL", told), chunk(b"fcTL", b"\0\0\0\7" + told[4:]))
    with pytest.raises(InputError, match="not in order"):
        read_apng(swapped)
    with pytest.raises(InputError, match="3 frames that has 2"):
        promised = struct.pack(">II", 2, 0)
        more = chunk(b"acTL", struct.pack(">II", 3, 0))
        read_apng(good.replace(chunk(b"acTL", promised), more))


def test_a_damaged_chunk_counts_where_pixels_depend_on_it() -> None:
    good = png(1, 1, 8, 2, [b"\1\2\3"], [(b"tEXt", b"a\0b"), (b"tRNS", b"\0\1\0\2\0\3")])
    assert last(good) == [[1, 2, 3, 0]]
    assert last(good.replace(b"a\0b", b"a\0c")) == [[1, 2, 3, 0]]
    with pytest.raises(InputError, match="tRNS chunk is damaged"):
        read_apng(good.replace(b"\0\1\0\2", b"\0\1\0\7"))
    idat = chunk(b"IDAT", zlib.compress(b"\0\1\2\3"))
    with pytest.raises(InputError, match="IDAT chunk is damaged"):
        read_apng(good.replace(idat, idat[:-4] + bytes(4)))
    with pytest.raises(InputError, match="CgBI"):
        read_apng(good.replace(b"tEXt", b"CgBI"))


def test_an_image_without_its_end_is_whole() -> None:
    good = png(1, 1, 8, 2, [b"\1\2\3"])
    assert last(good.removesuffix(chunk(b"IEND", b""))) == [[1, 2, 3, 255]]
    assert is_png(good)
    assert not is_png(good[1:])
