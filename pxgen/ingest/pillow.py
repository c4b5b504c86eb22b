"""Images of common formats, decoded by Pillow whatever their mode."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from pxgen.arrays import Rgba
from pxgen.errors import InputError
from pxgen.files import PILLOW
from pxgen.ingest.decoded import DEFAULT_MS, MAX_FRAME_PIXELS, DecodedImage, check_size
from pxgen.render.kinds import PICTURE_KINDS
from pxgen.render.png import set_alpha

_FORMATS = tuple(dict.fromkeys(kind.pillow for kind in PICTURE_KINDS if kind.pillow))
"""Plain images only: formats that start other programs or hold documents are never opened."""


def decode_by_pillow(path: Path) -> DecodedImage:
    """Decode every frame of an image file.

    Raises:
        InputError: not an image, of a depth that has no 8-bit meaning, or too large.
        Exception: whatever damaged bytes make Pillow raise.
    """
    try:
        with _guarded(), Image.open(path, formats=_FORMATS) as image:
            return _decode(image)
    except UnidentifiedImageError:
        raise InputError("not an image of a known format") from None
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
    if not getattr(image, "is_animated", False):
        check_size(1, height, width)
        table = _color_table(image)
        return DecodedImage(_rgba(image)[None], table, image.format == "JPEG")
    total = image.n_frames  # type: ignore[attr-defined]
    check_size(total, height, width)
    # The image that viewers without animation show is no frame of an APNG.
    first = 1 if image.info.get("default_image") else 0
    # A GIF's own table; tables of single frames beside it show as colours that it lacks.
    table = _color_table(image) if image.format == "GIF" else None
    frames = np.empty((total - first, height, width, 4), np.uint8)
    durations = []
    for number in range(first, total):
        image.seek(number)
        frames[number - first] = _rgba(image)
        durations.append(float(image.info.get("duration") or DEFAULT_MS))
    return DecodedImage(frames, table, durations=tuple(durations))


def _rgba(image: Image.Image) -> Rgba:
    """``(H, W, 4)``; Pillow's conversion to RGBA is exact for every 8-bit mode, tRNS included."""
    if image.mode == "I;16":
        return _rgba(Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)))
    if image.mode in {"I", "F"}:
        raise InputError("32-bit pixels have no 8-bit meaning; save it as an ordinary image")
    return np.asarray(image.convert("RGBA"))


def _color_table(image: Image.Image) -> bytes | None:
    """``(K, 4)`` rows as bytes, without the repeats that fill up the table of a GIF."""
    if image.mode != "P" or image.palette is None:
        return None
    rgb = np.frombuffer(bytes(image.palette.getdata()[1]), np.uint8)
    if image.palette.mode != "RGB" or not rgb.size or rgb.size % 3:
        return None
    table = np.full((rgb.size // 3, 4), 255, np.uint8)
    table[:, :3] = rgb.reshape(-1, 3)
    set_alpha(table, image.info.get("transparency"))
    if image.format == "GIF":
        differing = np.flatnonzero((table != table[-1]).any(1))
        table = table[: differing[-1] + 2] if len(differing) else table[:1]
    return table.tobytes()
