"""Videos: every pixel and every time comes back, by FFmpeg itself and by pxgen's reader."""

from __future__ import annotations

import io

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from pxgen.cli.app import pxgen
from pxgen.data.dataset import open_dataset
from pxgen.errors import PxgenError
from pxgen.ingest.images import read_image
from pxgen.palette import Palette
from pxgen.render import kinds
from pxgen.render.gif import encode_gif
from pxgen.render.video import (
    VideoCodec,
    background,
    encode_mp4,
    encode_video,
    encode_webm,
    opaque_colors,
)

av = pytest.importorskip("av")
pytestmark = pytest.mark.usefixtures("few_objects")

ENCODERS = {".mp4": encode_mp4, ".webm": encode_webm}
PALETTE = Palette.of([(200, 10, 10), (10, 200, 10), (10, 10, 200), (238, 238, 238)])
both = pytest.mark.parametrize("suffix", ENCODERS)


def clip(seed: int, frames: int, height: int, width: int) -> tuple[np.ndarray, Palette]:
    """Noise in all colours, which a lossy codec would not keep."""
    generator = np.random.default_rng(seed)
    table = generator.integers(0, 256, (256, 4), np.uint8)
    table[0], table[1:, 3] = 0, 255
    return generator.integers(1, 256, (frames, height, width), np.uint8), Palette(table)


clips = st.builds(
    clip, st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 40), st.integers(1, 40)
)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(pxgen, [str(argument) for argument in arguments])


@both
@given(clips, st.lists(st.integers(1, 2000), min_size=5, max_size=5))
@settings(max_examples=30, deadline=None)
def test_pixels_and_times_come_back_exactly(suffix, clip, delays):
    frames, palette = clip
    delays = delays[: len(frames)]
    content = io.BytesIO(ENCODERS[suffix](frames, palette, delays))
    with av.open(content) as file:
        decoded = [*file.decode(video=0)]
        length = file.duration
    assert len(decoded) == len(frames)
    for frame, wanted in zip(decoded, frames, strict=True):
        assert np.array_equal(frame.to_ndarray(format="rgb24"), palette.rgba[wanted, :3])
    starts = np.cumsum([0, *delays])
    assert [round(1000 * frame.time) for frame in decoded] == starts[:-1].tolist()
    assert round(length / 1000) == starts[-1]


@pytest.mark.parametrize(
    "codec",
    [
        VideoCodec("mp4", "libx264", "yuv444p", {"qp": "0", "bf": "0"}),
        VideoCodec("webm", "libvpx-vp9", "yuv444p", {"lossless": "1"}),
    ],
)
def test_lossless_in_ycbcr_would_be_off_by_up_to_two(codec):
    frames, palette = clip(2, 3, 64, 64)
    content = io.BytesIO(encode_video(frames, palette, 100, codec))
    with av.open(content) as file:
        made = np.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)])
    assert 1 <= np.abs(made.astype(int) - palette.rgba[frames, :3]).max() <= 2


@both
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (24, 24), (7, 300)])
def test_the_reader_gives_what_was_written(suffix, size, tmp_path):
    frames, palette = clip(3, 4, *size)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(ENCODERS[suffix](frames, palette, [40, 125, 1, 333]))
    image = read_image(path)
    assert np.array_equal(image.rgba, palette.colors(frames))
    assert image.durations == (40, 125, 1, 333)
    path.write_bytes(ENCODERS[suffix](frames[:1], palette, 70))
    assert read_image(path).durations == (70,)


@both
def test_fractions_of_milliseconds_are_carried(suffix, tmp_path):
    frames, palette = clip(1, 24, 3, 3)
    (tmp_path / f"a{suffix}").write_bytes(ENCODERS[suffix](frames, palette, 1000 / 24))
    durations = read_image(tmp_path / f"a{suffix}").durations
    assert set(durations) == {41, 42}
    assert sum(durations) == 1000


@both
def test_same_clip_same_bytes(suffix):
    frames, palette = clip(4, 3, 128, 20)
    encode = ENCODERS[suffix]
    content = encode(frames, palette, 40)
    assert content == encode(frames.copy(), Palette(palette.rgba), 40)
    # x264 writes its options into the stream. More threads, of which low videos have no use, would
    # give other bytes.
    assert suffix == ".webm" or b" threads=1 " in content


def test_transparent_pixels_lie_on_a_grey_that_the_palette_lacks():
    assert background(PALETTE) == 237
    glass = Palette.of([(0, 0, 0, 128), (255, 0, 0)])
    assert opaque_colors(glass).tolist() == [[238] * 3, [119] * 3, [255, 0, 0]]
    greys = Palette.of([(k, k, k) for k in range(255)])
    assert background(greys) == 238


@both
@pytest.mark.parametrize(
    ("frames", "delays", "message"),
    [
        (np.zeros((2, 3, 3), np.uint8), [10], "2 frames need as many delays"),
        (np.zeros((0, 3, 3), np.uint8), [], "frames"),
        (np.full((1, 3, 3), 7, np.uint8), 50, "index 7 is outside"),
        (np.zeros((1, 1, 16_385), np.uint8), 50, "pixels"),
    ],
)
def test_what_a_video_cannot_hold_is_refused(suffix, frames, delays, message):
    with pytest.raises(PxgenError, match=message):
        ENCODERS[suffix](frames, PALETTE, delays)


def sprite() -> np.ndarray:
    """A square that turns, transparent around."""
    maps = np.zeros((3, 9, 9), np.uint8)
    maps[:, 2:7, 3:8], maps[0, 4, 4], maps[1, 4, 5], maps[2, 5, 5] = 2, 1, 3, 4
    return maps


@both
def test_export_and_back(suffix, tmp_path):
    (tmp_path / "a.gif").write_bytes(encode_gif(sprite(), PALETTE, [50, 60, 70]))
    video, again = tmp_path / f"a{suffix}", tmp_path / "again.gif"
    assert run("export", tmp_path / "a.gif", "-o", video, "--scale", 3).exit_code == 0
    image = read_image(video)
    assert image.rgba.shape == (3, 27, 27, 4)
    assert image.durations == (50, 60, 70)
    assert np.array_equal(image.rgba[:, ::3, ::3, :3], opaque_colors(PALETTE)[sprite()])
    assert run("export", video, "-o", again).exit_code == 0
    assert np.array_equal(read_image(again).rgba, image.rgba)


@both
def test_prepare_takes_videos_and_cuts_their_ground_off(suffix, tmp_path):
    (tmp_path / "art").mkdir()
    (tmp_path / "art" / f"a{suffix}").write_bytes(ENCODERS[suffix](sprite(), PALETTE, 50))
    out = tmp_path / "out"
    done = run("prepare", tmp_path / "art", "-o", out, "--cut-background", "--holdout", 0)
    assert done.exit_code == 0, done.stderr
    data = open_dataset(out)
    assert data.canvas == (3, 9, 9)
    shown = data.palette.colors(data.pixels[0])
    assert np.array_equal(shown, PALETTE.colors(sprite()))


@both
def test_lint_repairs_a_video(suffix, tmp_path):
    (tmp_path / f"a{suffix}").write_bytes(ENCODERS[suffix](sprite()[[0, 0, 1]], PALETTE, 50))
    done = run("lint", tmp_path / f"a{suffix}", "--fix", "-o", tmp_path / "out")
    assert done.stdout.splitlines()[0] == str(tmp_path / "out" / f"a{suffix}")
    assert read_image(tmp_path / "out" / f"a{suffix}").durations == (100, 50)


def whole(suffix: str) -> bytes:
    return ENCODERS[suffix](sprite(), PALETTE, 50)


def test_without_the_extra_one_line_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.gif").write_bytes(encode_gif(sprite(), PALETTE, 50))
    (tmp_path / "a.mp4").write_bytes(whole(".mp4"))
    monkeypatch.setitem(kinds.MODULES, "video", "no_such_av")
    told = "install it with pip install 'pxgen[video]'"
    made = tmp_path / "made.mp4"
    for asked, status in (
        (["export", tmp_path / "a.gif", "-o", made], 1),
        (["sample", "-o", made], 1),
        (["animate", "-o", made], 1),
        (["inspect", tmp_path / "a.mp4"], 3),
    ):
        done = run(*asked)
        assert done.exit_code == status, done.stderr
        assert done.stderr.splitlines()[-1].endswith(told)
    assert not made.exists()
