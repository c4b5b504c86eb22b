"""GIF files hold exactly the frames, indices, colours and delays they were given."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path

import av
import imageio.v3 as imageio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import GifImagePlugin, Image

from pxgen.ingest.images import read_image
from pxgen.palette import Palette
from pxgen.render.gif import encode_gif


def random_clip(seed: int, entries: int, frames: int, *, still: bool):
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 256, (entries, 4), dtype=np.uint8)
    table[:, 3] = 255
    table[0] = 0
    height, width = rng.integers(1, 14, 2)
    clip = rng.integers(0, entries, (frames, height, width), dtype=np.uint8)
    if still:
        clip[:] = clip[0]
    return clip, Palette(table)


clips = st.builds(
    random_clip,
    st.integers(0, 2**32 - 1),
    st.integers(1, 256),
    st.integers(1, 6),
    still=st.booleans(),
)


def read_back(content: bytes):
    """Frames as indices, delays in ms, loop count and global table, as Pillow reads them."""
    before = GifImagePlugin.LOADING_STRATEGY
    GifImagePlugin.LOADING_STRATEGY = (
        GifImagePlugin.LoadingStrategy.RGB_AFTER_DIFFERENT_PALETTE_ONLY
    )
    try:
        with Image.open(io.BytesIO(content)) as image:
            frames, delays = [], []
            for position in range(image.n_frames):
                image.seek(position)
                assert image.mode == "P"
                frames.append(np.asarray(image))
                delays.append(image.info["duration"])
            return np.stack(frames), delays, image.info["loop"], image.getpalette("RGB")
    finally:
        GifImagePlugin.LOADING_STRATEGY = before


@given(clips)
@settings(max_examples=120)
def test_frames_indices_delays_and_palette_are_read_back(clip):
    frames, palette = clip
    delays = [20.0 + 10 * position for position in range(len(frames))]
    found, shown, repeats, table = read_back(encode_gif(frames, palette, delays))
    assert np.array_equal(found, frames)
    assert shown == delays
    assert repeats == 0
    assert table[: 3 * len(palette)] == palette.rgba[:, :3].ravel().tolist()


@given(clips)
@settings(max_examples=60)
def test_each_frame_shows_its_own_colours_and_no_ghosts(clip):
    frames, palette = clip
    with Image.open(io.BytesIO(encode_gif(frames, palette, 50))) as image:
        assert image.n_frames == len(frames)
        for position, frame in enumerate(frames):
            image.seek(position)
            shown = np.asarray(image.convert("RGBA"))
            wanted = palette.colors(frame)
            assert np.array_equal(shown[..., 3], wanted[..., 3])
            assert np.array_equal(shown[frame > 0], wanted[frame > 0])


def visible(rgba: np.ndarray) -> np.ndarray:
    return np.where(rgba[..., 3:] > 0, rgba, 0)


@given(clips)
@settings(max_examples=40)
def test_other_readers_see_the_same_frames_and_times(clip):
    """imageio, and FFmpeg's decoder, which is none of Pillow's code."""
    frames, palette = clip
    delays = [20.0 + 30 * position for position in range(len(frames))]
    content = encode_gif(frames, palette, delays)
    wanted = visible(palette.rgba[frames])

    read = imageio.imread(content, extension=".gif", index=None, mode="RGBA")
    assert np.array_equal(visible(read), wanted)
    told = [imageio.immeta(content, extension=".gif", index=k) for k in range(len(frames))]
    assert [each["duration"] for each in told] == delays

    with av.open(io.BytesIO(content)) as file:
        shown = list(file.decode(video=0))
    decoded = np.stack([frame.to_ndarray(format="rgba") for frame in shown])
    assert np.array_equal(visible(decoded), wanted)
    times = [round(1000 * float(frame.pts * frame.time_base)) for frame in shown]
    assert times == [sum(delays[:k]) for k in range(len(frames))]


@pytest.mark.skipif(shutil.which("gifsicle") is None, reason="gifsicle is not installed")
def test_gifsicle_finds_no_fault(tmp_path):
    frames, palette = random_clip(4, 200, 6, still=False)
    file = tmp_path / "clip.gif"
    file.write_bytes(encode_gif(frames, palette, [20, 30, 40, 50, 60, 70]))
    command = ["gifsicle", "--info", "--color-info", str(file)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "6 images" in told.stdout
    assert "loop forever" in told.stdout
    assert "local color table" not in told.stdout
    delays = re.findall(r"delay ([\d.]+)s", told.stdout)
    assert delays == ["0.02", "0.03", "0.04", "0.05", "0.06", "0.07"]
    assert "warning" not in told.stderr


@pytest.mark.parametrize("colors", [1, 2, 3, 20, 32, 200, 255])
@pytest.mark.parametrize("frames", [1, 3])
def test_the_order_of_a_palette_survives_a_gif_that_is_read(
    tmp_path: Path, colors: int, frames: int
) -> None:
    """Unused entries, too, and black as the last one."""
    rows = [(7 * n % 256, 11 * n % 256, n) for n in range(1, colors)]
    palette = Palette.of([*rows, (0, 0, 0)])
    clip = np.zeros((frames, 4, 4), np.uint8)
    clip[:, 1] = np.arange(frames)[:, None] % len(palette)
    (tmp_path / "clip.gif").write_bytes(encode_gif(clip, palette, 100))
    table = read_image(tmp_path / "clip.gif").table
    assert table is not None
    assert Palette.of(np.frombuffer(table, np.uint8).reshape(-1, 4).tolist()) == palette
