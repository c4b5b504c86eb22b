"""Videos whose pixels come back exactly: H.264 in MP4 and VP9 in WebM, lossless and in RGB.

Y'CbCr of 8 bits, in which videos are usually coded, cannot hold every RGB colour: lossless 4:4:4
in it was measured to be off by up to 2 of 255. RGB is exact, and has no chroma to share, so that
sides may be odd.

Frames have exact times. Videos have no transparency here: it becomes :func:`background`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from pxgen.arrays import Bytes, IndexMaps
from pxgen.errors import PxgenError
from pxgen.palette.table import Palette
from pxgen.render.clip import clip_delays, round_delays

MAX_VIDEO_SIDE, MAX_VIDEO_MS = 16_384, 2**31
MS = Fraction(1, 1000)
"""The unit of times, in seconds."""
LIGHTEST = 238


class VideoCodec(NamedTuple):
    """A container, an encoder and its options."""

    container: str
    name: str
    pixel_format: str
    """FFmpeg's name of an RGB format that the codec takes."""
    options: Mapping[str, str]


H264 = VideoCodec("mp4", "libx264rgb", "rgb24", {"qp": "0", "bf": "0"})
VP9 = VideoCodec("webm", "libvpx-vp9", "gbrp", {"lossless": "1"})


def encode_video(
    frames: IndexMaps, palette: Palette, delays_ms: float | Sequence[float], codec: VideoCodec
) -> bytes:
    """A video with one frame for each input frame, shown for whole milliseconds.

    Takes what :func:`clip_delays` takes, with sides of at most 16,384; transparent colours lie on
    :func:`background`. The same arguments give the same bytes.

    Raises:
        PxgenError: frames or delays that a video cannot hold, or FFmpeg lacks the codec.
    """
    import av

    asked = clip_delays(frames, palette, delays_ms, MAX_VIDEO_SIDE, MAX_VIDEO_MS)
    delays = round_delays(asked, 1, 1)
    colors = opaque_colors(palette)
    content = io.BytesIO()
    # Without "bitexact" a WebM has random numbers in it. imageio's writer, which stands on PyAV
    # as well, has no way to ask a codec for lossless.
    with av.open(content, "w", codec.container, options={"fflags": "bitexact"}) as file:
        try:
            rate = Fraction(1000 * len(frames), sum(delays))
            stream: Any = file.add_stream(codec.name, rate, options=dict(codec.options))
        except ValueError as error:
            raise PxgenError(f"this FFmpeg has no {codec.name}: pip install --force av") from error
        stream.height, stream.width = frames.shape[1:]
        stream.pix_fmt = codec.pixel_format
        stream.codec_context.time_base = MS
        # More threads would code the same frames in other bytes.
        stream.codec_context.thread_count = 1
        starts = [*accumulate(delays, initial=0)]
        shown = dict(zip(starts, delays, strict=False))

        def write(packets: Iterable[Any]) -> None:
            for packet in packets:
                # An encoder does not know how long its last frame is shown.
                packet.duration = shown[packet.pts]
                file.mux(packet)

        for frame, start in zip(frames, starts, strict=False):
            image = av.VideoFrame.from_ndarray(colors[frame], format="rgb24")
            image.pts, image.time_base = start, MS
            write(stream.encode(image))
        write(stream.encode(None))
    return content.getvalue()


encode_mp4 = partial(encode_video, codec=H264)
"""An MP4 of H.264 (High 4:4:4 Predictive, RGB)."""
encode_webm = partial(encode_video, codec=VP9)
"""A WebM of VP9 (profile 1, RGB)."""


def background(palette: Palette) -> int:
    """The lightest grey, up to 238, that no entry of a palette has.

    So that ``prepare --cut-background`` can tell it from the sprite.
    """
    taken = {row[0] for row in palette.rows[1:] if row[0] == row[1] == row[2]}
    return next((level for level in range(LIGHTEST, -1, -1) if level not in taken), LIGHTEST)


def opaque_colors(palette: Palette) -> Bytes:
    """``(K, 3) uint8``: every entry over the background."""
    alpha = palette.rgba[:, 3:] / 255
    over = palette.rgba[:, :3] * alpha + background(palette) * (1 - alpha)
    return np.rint(over).astype(np.uint8)
