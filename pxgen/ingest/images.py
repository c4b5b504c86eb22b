"""Image files to RGBA frames, whatever their mode, within bounded memory."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from pxgen.arrays import U8
from pxgen.errors import InputError
from pxgen.ingest.aseprite import HEAD, is_aseprite, read_aseprite

SUFFIXES = frozenset(
    {".png", ".apng", ".gif", ".webp", ".bmp", ".jpg", ".jpeg", ".aseprite"}
    | {".tga", ".tif", ".tiff", ".pcx", ".ppm", ".pgm", ".pbm"}
)
"""File endings that a walk through a folder takes for images."""

_FORMATS = ("PNG", "GIF", "WEBP", "BMP", "JPEG", "TGA", "TIFF", "PCX", "PPM")
"""Plain pictures only: formats that start other programs or hold documents are never opened."""

PIXEL_LIMIT = 4096 * 4096
"""Pixels accepted in one frame; a file's header can promise any number."""

FILE_LIMIT = 4 * PIXEL_LIMIT
"""Pixels accepted over all frames of one file."""


LARGEST_FILE = 2**28
USUAL_MS = 100.0
"""How long a frame is shown of which its file says nothing."""


@dataclass(frozen=True)
class Picture:
    """One decoded image file."""

    rgba: U8
    """``(T, H, W, 4) uint8``; a still has T = 1."""
    table: bytes | None = None
    """The RGBA rows of an indexed still's own colour table, in file order."""
    jpeg: bool = False
    """Whether it comes from a JPEG file, whose colours are never quite those drawn."""
    durations: tuple[float, ...] = ()
    """Milliseconds of each frame, where the file says so."""
    tags: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Parts of an animation by name: the frames of each in order."""


def read_picture(path: Path) -> Picture:
    """Decode every frame of an image file.

    Raises:
        InputError: unreadable, not an image, of a depth that has no 8-bit meaning, or too large.
    """
    try:
        with path.open("rb") as file:
            own = is_aseprite(file.read(HEAD))
        if own:
            return _from_aseprite(path)
        with _guarded(), Image.open(path, formats=_FORMATS) as image:
            return _decode(image)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except UnidentifiedImageError:
        raise InputError(f"{path}: not an image of a known format") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InputError(f"{path}: more than {PIXEL_LIMIT} pixels; cut it up first") from None
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder, not an image") from error
    except OSError as error:
        why = error.strerror or f"damaged or cut off ({_line(error)})"
        raise InputError(f"{path}: {why}") from error
    except Exception as error:  # damaged bytes make decoders raise anything
        raise InputError(f"{path}: damaged image ({_line(error)})") from error


def _from_aseprite(path: Path) -> Picture:
    if path.stat().st_size > LARGEST_FILE:
        raise InputError(f"an Aseprite file of more than {LARGEST_FILE >> 20} MB")
    read = read_aseprite(path.read_bytes(), PIXEL_LIMIT, FILE_LIMIT)
    return Picture(read.rgba, read.table, durations=read.durations, tags=read.tags)


@contextmanager
def _guarded() -> Iterator[None]:
    """Let Pillow stop at our limit, because a GIF's later frames can outgrow its header."""
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, PIXEL_LIMIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata, which is not needed
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _decode(image: Image.Image) -> Picture:
    width, height = image.size
    if width * height > PIXEL_LIMIT:
        raise InputError(f"{width}x{height} is more than {PIXEL_LIMIT} pixels; cut it up first")
    if not getattr(image, "is_animated", False):
        table = _color_table(image)
        return Picture(_rgba(image)[None], table, image.format == "JPEG")
    total = image.n_frames  # type: ignore[attr-defined]
    if total * width * height > FILE_LIMIT:
        raise InputError(f"{total} frames of {width}x{height} are more than {FILE_LIMIT} pixels")
    # The picture that viewers without animation show is no frame of an APNG.
    first = 1 if image.info.get("default_image") else 0
    # A GIF's own table; tables of single frames beside it show as colours that it lacks.
    table = _color_table(image) if image.format == "GIF" else None
    frames = np.empty((total - first, height, width, 4), np.uint8)
    durations = []
    for number in range(first, total):
        image.seek(number)
        frames[number - first] = _rgba(image)
        durations.append(float(image.info.get("duration") or USUAL_MS))
    return Picture(frames, table, durations=tuple(durations))


def _rgba(image: Image.Image) -> U8:
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
    transparency = image.info.get("transparency")
    if isinstance(transparency, bytes):
        alpha = np.frombuffer(transparency, np.uint8)[: len(table)]
        table[: len(alpha), 3] = alpha
    elif isinstance(transparency, int) and transparency < len(table):
        table[transparency, 3] = 0
    if image.format == "GIF":
        differing = np.flatnonzero((table != table[-1]).any(1))
        table = table[: differing[-1] + 2] if len(differing) else table[:1]
    return table.tobytes()
