"""Videos to RGBA frames, by imageio and its PyAV plugin, which is FFmpeg."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from pxgen.arrays import Bytes, Rgba
from pxgen.errors import InputError, PxgenError
from pxgen.ingest.archives import open_seekable
from pxgen.ingest.decoded import DEFAULT_MS, MAX_FILE_BYTES, DecodedImage, check_size
from pxgen.render.kinds import BY_SUFFIX, check_installed


def is_video(head: bytes) -> bool:
    """True of the first bytes of the MP4 or the Matroska family."""
    return bool(_container(head))


def _container(head: bytes) -> str:
    """FFmpeg's name of a container; others, which can name files to read, are never opened."""
    if head[4:8] == b"ftyp":
        return "mp4"
    return "webm" if head.startswith(b"\x1a\x45\xdf\xa3") else ""


def decode_video(path: Path) -> DecodedImage:
    """Decode every frame of a video, and how long each is shown.

    Raises:
        InputError: damaged, without frames, too large, or PyAV is not installed.
        OSError: it cannot be read.
    """
    try:
        check_installed(BY_SUFFIX[".mp4"])
    except PxgenError as error:
        raise InputError(str(error)) from None
    import imageio.v3 as imageio

    with open_seekable(path, MAX_FILE_BYTES) as file:
        options: dict[str, Any] = {"plugin": "pyav", "format": _container(file.read(8))}
        file.seek(0)
        try:
            with imageio.imopen(file, "r", **options) as video:
                frames = _frames(video)
                return DecodedImage(frames, durations=_durations(video, len(frames)))
        except InputError:
            raise
        except Exception as error:  # damaged bytes make FFmpeg raise anything
            raise InputError("a damaged video, or of a codec that FFmpeg lacks") from error


def _frames(video: Any) -> Rgba:
    """``(T, H, W, 4) uint8``."""
    rgb: list[Bytes] = []
    shape = video.properties(index=0).shape
    check_size(1, *shape[:2])
    for frame in video.iter(thread_count=1):
        if frame.shape != shape:
            raise InputError("a video of frames of several sizes")
        check_size(len(rgb) + 1, *shape[:2])
        rgb.append(frame.copy())
    if not rgb:
        raise InputError("a video without frames")
    rgba = np.full((len(rgb), *shape[:2], 4), 255, np.uint8)
    for target, frame in zip(rgba, rgb, strict=True):
        target[..., :3] = frame
    return rgba


def _durations(video: Any, frames: int) -> tuple[float, ...]:
    """Milliseconds from each frame to the next, and from the last to the end."""
    about = video.metadata()
    # Goes back to the beginning: imageio gives pixels or times, never both.
    told = [video.metadata(index=k, constant_framerate=False) for k in range(frames)]
    times = [each["time"] for each in told]
    if None in times:
        return (1000 / about["fps"],) * frames
    shown = [max(1.0, round(1000 * (end - start), 3)) for start, end in pairwise(times)]
    rest = round(1000 * (_length(about) - times[-1]), 3)
    return (*shown, rest if rest > 0 else (shown or [DEFAULT_MS])[-1])


def _length(about: dict[str, Any]) -> float:
    """Seconds; Matroska tells them in words, and some files not at all: then 0."""
    if "DURATION" in about:
        hours, minutes, seconds = about["DURATION"].split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    return float(about.get("duration", 0))
