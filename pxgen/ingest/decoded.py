"""Decoded image files, and how large they may be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pxgen.arrays import Rgba
from pxgen.engines.tags import Tag
from pxgen.errors import InputError
from pxgen.ingest import archives

MAX_FRAME_PIXELS = 4096 * 4096
"""Pixels accepted in one frame; a file's header can promise any number."""
MAX_FILE_PIXELS = 4 * MAX_FRAME_PIXELS
"""Pixels accepted over all frames of one file."""
MAX_FRAMES = 2**16
"""Frames accepted in one file: each takes memory of its own, however small."""
MAX_SHOWN = 16
"""Times that animations may show a file's frames, all together: they become copies."""
MAX_FILE_BYTES = 2**28
"""Bytes of one file that are taken into memory whole."""
DEFAULT_MS = 100.0
"""Milliseconds that a frame is shown of which its file says nothing."""


@dataclass(frozen=True)
class DecodedImage:
    """One decoded image file."""

    rgba: Rgba
    """``(T, H, W, 4) uint8``; a still has T = 1."""
    table: bytes | None = None
    """The RGBA rows of an indexed file's own colour table, in file order."""
    jpeg: bool = False
    """True of JPEG files, whose colours are never quite those drawn."""
    durations: tuple[float, ...] = ()
    """Milliseconds of each frame, where the file says so."""
    tags: tuple[Tag, ...] = ()
    """Parts of an animation by name."""


def check_size(frames: int, height: int, width: int) -> None:
    """Refuse what would not fit memory, before it is decoded.

    Raises:
        InputError: more frames, or pixels in one or over all of them, than are accepted.
    """
    if frames > MAX_FRAMES:
        raise InputError(f"more than {MAX_FRAMES} frames")
    if height * width > MAX_FRAME_PIXELS:
        raise InputError(
            f"{width}x{height} is more than {MAX_FRAME_PIXELS} pixels; cut it up first"
        )
    if frames * height * width > MAX_FILE_PIXELS:
        raise InputError(
            f"{frames} frames of {width}x{height} are more than {MAX_FILE_PIXELS} pixels"
        )


def content_of(path: Path) -> bytes:
    """The bytes of a file, in an archive or not.

    Raises:
        OSError: it cannot be read, or has too many.
    """
    return archives.content_of(path, MAX_FILE_BYTES)
