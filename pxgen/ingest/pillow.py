"""Images of common formats other than PNG and GIF, decoded by Pillow whatever their mode."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, UnidentifiedImageError

from pxgen.arrays import Rgba
from pxgen.errors import InputError
from pxgen.files import PILLOW
from pxgen.ingest.archives import open_seekable
from pxgen.ingest.decoded import (
    DEFAULT_MS,
    MAX_FILE_BYTES,
    MAX_FRAME_PIXELS,
    DecodedImage,
    check_size,
)
from pxgen.ingest.tga import is_tga, plain_tga
from pxgen.render.kinds import PICTURE_KINDS
from pxgen.render.png import set_alpha

_FORMATS = tuple(dict.fromkeys(kind.pillow for kind in PICTURE_KINDS if kind.pillow))
"""Plain images only: formats that start other programs or hold documents are never opened."""
_COLLECTIONS = frozenset({".npy", ".npz", ".zip"})
"""Suffixes of files of sprites that are no images."""
_WEBP_ANIMATED, _WEBP_ALPHA = 0x02, 0x10
"""Flags of a WebP's VP8X chunk."""


def decode_by_pillow(path: Path) -> DecodedImage:
    """Decode every frame of an image file.

    Raises:
        InputError: not an image, of a depth that has no 8-bit meaning, or too large.
        Exception: whatever damaged bytes make Pillow raise.
    """
    try:
        with (
            _guarded(),
            open_seekable(path, MAX_FILE_BYTES) as file,
            Image.open(_as_pillow_reads(file), formats=_FORMATS) as image,
        ):
            return _decode(image)
    except UnidentifiedImageError:
        many = path.suffix.lower() in _COLLECTIONS
        hint = "; `pxgen prepare` makes a dataset of such files" if many else ""
        raise InputError(f"not an image of a known format{hint}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InputError(f"more than {MAX_FRAME_PIXELS} pixels; cut it up first") from None


@contextmanager
def _guarded() -> Iterator[None]:
    """Let Pillow stop at our limit, because a GIF's later frames can outgrow its header."""
    with PILLOW, warnings.catch_warnings():
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, MAX_FRAME_PIXELS
        warnings.simplefilter("ignore")  # odd metadata, which is not needed
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _decode(image: Image.Image) -> DecodedImage:
    width, height = image.size
    # Photographs in stereo, or with a preview, have further pictures that are no frames.
    photograph = image.format in {"JPEG", "MPO"}
    if photograph or not getattr(image, "is_animated", False):
        check_size(1, height, width)
        table = _color_table(image)
        return DecodedImage(_rgba(image)[None], table, photograph)
    total = image.n_frames  # type: ignore[attr-defined]
    check_size(total, height, width)
    frames = np.empty((total, height, width, 4), np.uint8)
    durations = []
    for number in range(total):
        image.seek(number)
        rgba = _rgba(image)
        if rgba.shape != frames.shape[1:]:
            shape = f"{rgba.shape[1]}x{rgba.shape[0]}"
            raise InputError(f"picture {number + 1} in it is {shape}, the first {width}x{height}")
        frames[number] = rgba
        durations.append(float(image.info.get("duration") or DEFAULT_MS))
    return DecodedImage(frames, durations=tuple(durations))


def _as_pillow_reads(file: IO[bytes]) -> IO[bytes]:
    """A file as it is, or a copy of what Pillow would read wrong.

    A WebP's ALPHA flag is a hint: what no frame of an animation covers is transparent all the same,
    but Pillow trusts it. For TGA see :func:`plain_tga`.
    """
    head = file.read(21)
    file.seek(0)
    if is_tga(head):
        return io.BytesIO(plain_tga(_content(file)))
    webp = head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and len(head) == 21
    if not webp or not head[20] & _WEBP_ANIMATED or head[20] & _WEBP_ALPHA:
        return file
    content = bytearray(_content(file))
    content[20] |= _WEBP_ALPHA
    return io.BytesIO(content)


def _content(file: IO[bytes]) -> bytes:
    content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise InputError(f"a file of more than {MAX_FILE_BYTES >> 20} MB")
    return content


def _rgba(image: Image.Image) -> Rgba:
    """``(H, W, 4)``; Pillow's conversion to RGBA is exact for every 8-bit mode, tRNS included."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM"):
        levels = np.asarray(image).astype(np.int64) * 255
        return _rgba(Image.fromarray(((levels + 32767) // 65535).astype(np.uint8)))
    if image.mode in {"I", "F"}:
        raise InputError("32-bit pixels have no 8-bit meaning; save it as an ordinary image")
    return np.asarray(image.convert("RGBA"))


def _color_table(image: Image.Image) -> bytes | None:
    """``(K, 4)`` rows as bytes."""
    if image.mode != "P" or image.palette is None:
        return None
    rgb = np.frombuffer(bytes(image.palette.getdata()[1]), np.uint8)
    if image.palette.mode != "RGB" or not rgb.size or rgb.size % 3:
        return None
    table = np.full((rgb.size // 3, 4), 255, np.uint8)
    table[:, :3] = rgb.reshape(-1, 3)
    set_alpha(table, image.info.get("transparency"))
    return table.tobytes()
