"""GIF files as sources, by the text of the format and by a second decoder."""

from __future__ import annotations

import io
import itertools
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pxgen.errors import InputError
from pxgen.ingest import gif as module
from pxgen.ingest.gif import is_gif, lzw_decode, read_gif
from tests.support.pictures import COLORS, Drawn, codes, gif

CLEAR = [0, 0, 0, 0]
RED, GREEN = [255, 0, 0, 255], [0, 255, 0, 255]


def test_a_disposed_rectangle_is_clear_whatever_its_frame_says() -> None:
    made = read_gif(
        gif(2, 1, [
            Drawn(0, 0, 2, 1, [1, 0], 2, 0),
            Drawn(0, 0, 1, 1, [1], 2),
            Drawn(1, 0, 1, 1, [2], 1),
        ])
    )  # fmt: skip
    assert made.rgba[:, 0].tolist() == [[RED, CLEAR], [RED, CLEAR], [CLEAR, GREEN]]


@pytest.mark.parametrize("disposal", [3, 4])
def test_what_was_there_before_comes_back(disposal: int) -> None:
    drawn = [Drawn(0, 0, 2, 1, [1, 1]), Drawn(1, 0, 1, 1, [2], disposal), Drawn(0, 0, 1, 1, [2])]
    assert read_gif(gif(2, 1, drawn)).rgba[:, 0].tolist() == [
        [RED, RED], [RED, GREEN], [GREEN, RED],
    ]  # fmt: skip


def test_what_no_frame_covers_is_clear() -> None:
    made = read_gif(gif(2, 1, [Drawn(0, 0, 1, 1, [1], 1), Drawn(1, 0, 1, 1, [2], 1)]))
    assert made.rgba[:, 0].tolist() == [[RED, CLEAR], [RED, GREEN]]
    still = read_gif(gif(3, 1, [Drawn(1, 0, 1, 1, [1], 1)]))
    assert still.rgba[0, 0].tolist() == [CLEAR, RED, CLEAR]
    assert still.durations == ()


def test_frames_are_cut_at_the_screen() -> None:
    made = read_gif(gif(2, 1, [Drawn(0, 0, 2, 1, [1, 1]), Drawn(1, 0, 2, 1, [2, 2])]))
    assert made.rgba[:, 0].tolist() == [[RED, RED], [RED, GREEN]]
    assert read_gif(gif(1, 1, [Drawn(0, 0, 2, 1, [1, 2])])).rgba[0, 0].tolist() == [RED]
    away = read_gif(gif(1, 1, [Drawn(7, 7, 1, 1, [1])]))
    assert away.rgba[0, 0].tolist() == [CLEAR]


@pytest.mark.parametrize(("width", "height", "indices"), [(0, 1, []), (1, 0, []), (1, 1, [])])
def test_a_frame_without_pixels_draws_nothing(width: int, height: int, indices: list[int]) -> None:
    drawn = [Drawn(0, 0, 1, 1, [1]), Drawn(0, 0, width, height, indices)]
    assert read_gif(gif(1, 1, drawn)).rgba[:, 0, 0].tolist() == [RED, RED]


def test_pixels_that_data_lack_are_clear() -> None:
    made = read_gif(gif(3, 2, [Drawn(0, 0, 3, 2, [1, 2, 1, 1])]))
    assert made.rgba[0].tolist() == [[RED, GREEN, RED], [RED, CLEAR, CLEAR]]


def test_the_table_is_the_first_frames_and_delays_are_of_ten_milliseconds() -> None:
    made = read_gif(gif(1, 1, [Drawn(0, 0, 1, 1, [1], 0, 2, 7), Drawn(0, 0, 1, 1, [1], delay=0)]))
    assert made.durations == (70, 100)
    assert made.table is not None
    rows = np.frombuffer(made.table, np.uint8).reshape(-1, 4)
    assert rows[:, :3].tolist() == [list(color) for color in COLORS]
    assert rows[:, 3].tolist() == [255, 255, 0, 255]


def test_a_control_block_counts_for_the_block_after_it() -> None:
    control = b"!\xf9\x04\x01\x05\x00\x01\x00"
    text = b"!\x01\x0c" + bytes(12) + b"\x01a\x00"
    start = gif(1, 1, [], end=b"")
    image = b"," + bytes(4) + b"\1\0\1\0\0\2" + codes([1])
    assert read_gif(start + control + image + b";").rgba[0, 0, 0].tolist() == CLEAR
    assert read_gif(start + control + text + image + b";").rgba[0, 0, 0].tolist() == RED
    comment = b"!\xfe\x01a\x00"
    assert read_gif(start + control + comment + image).rgba[0, 0, 0].tolist() == CLEAR


@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    colors=st.sampled_from([2, 5, 16, 256]),
    seed=st.integers(0, 99),
    interlaced=st.booleans(),
)
def test_codes_that_pillow_takes_are_decoded_the_same(
    size: tuple[int, int], colors: int, seed: int, interlaced: bool
) -> None:
    indices = np.random.default_rng(seed).integers(0, colors, size, dtype=np.uint8)
    indices[: len(indices) // 2] //= 2
    stream = io.BytesIO()
    image = Image.fromarray(indices)
    image.save(stream, "GIF", interlace=int(interlaced), optimize=False)
    whole = read_gif(stream.getvalue())
    assert np.array_equal(whole.rgba[0, ..., 0], indices)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_indices", module._incomplete)
        assert np.array_equal(read_gif(stream.getvalue()).rgba, whole.rgba)


def test_no_more_is_decoded_than_a_frame_has() -> None:
    assert lzw_decode(codes([1, 2, 3]), 2, 2) == b"\1\2"
    with pytest.raises(InputError, match="cannot be decoded"):
        lzw_decode(b"\1\x3f\0", 2, 9)
    with pytest.raises(InputError, match="no known way"):
        lzw_decode(codes([1]), 12, 1)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (gif(1, 1, [Drawn(0, 0, 1, 1, [1])])[:-4], "cut off"),
        (gif(1, 1, []), "without pixels"),
        (gif(0, 1, [Drawn(0, 0, 1, 1, [1])]), "without pixels"),
        (gif(1, 1, [Drawn(0, 0, 60_000, 60_000, [1])]), "pixels"),
        (gif(1, 1, [Drawn(0, 0, 4000, 4000, [1])] * 5), "pixels"),
        (gif(4000, 4000, [Drawn(0, 0, 1, 1, [1])] * 5), "pixels"),
    ],
)
def test_what_cannot_be_read_is_said(content: bytes, line: str) -> None:
    assert is_gif(content)
    with pytest.raises(InputError, match=line):
        read_gif(content)


@pytest.mark.skipif(shutil.which("gifsicle") is None, reason="gifsicle is not installed")
def test_another_decoder_agrees_about_every_pair_of_disposals(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    disposals = [*itertools.product((0, 1, 2, 3), repeat=3)]
    for number, chosen in enumerate(disposals):
        drawn = []
        for index, disposal in enumerate((*chosen, 1)):
            x, y = (0, 0) if index == 0 else chance.integers(0, 4, 2).tolist()
            width, height = chance.integers(1, 6, 2).tolist()
            pixels = chance.integers(0, 4, width * height).tolist()
            # Where the first frame has no transparency, gifsicle's screen is not clear.
            some = index == 0 or chance.random() < 0.6
            transparent = int(chance.integers(0, 4)) if some else None
            drawn.append(Drawn(x, y, width, height, pixels, disposal, transparent, 10 + index))
        file = tmp_path / f"{number}.gif"
        file.write_bytes(gif(8, 8, drawn))
        whole = tmp_path / f"{number}-whole.gif"
        # Each frame becomes one picture of the whole screen.
        command = ["gifsicle", "--unoptimize", str(file), "-o", str(whole)]
        subprocess.run(command, check=True, capture_output=True)
        ours, theirs = read_gif(file.read_bytes()), read_gif(whole.read_bytes())
        assert np.array_equal(visible(ours.rgba), visible(theirs.rgba)), chosen


def visible(rgba: np.ndarray) -> np.ndarray:
    return np.where(rgba[..., 3:] > 0, rgba, 0)


def test_frames_are_bounded_in_number_however_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pxgen.ingest.decoded.MAX_FRAMES", 4)
    dots = [Drawn(0, 0, 1, 1, [1])] * 5
    assert len(read_gif(gif(1, 1, dots[:4])).rgba) == 4
    with pytest.raises(InputError, match="more than 4 frames"):
        read_gif(gif(1, 1, dots))
