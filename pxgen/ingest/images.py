"""Image files to RGBA frames, whatever they are, within bounded memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pxgen.errors import InputError
from pxgen.ingest.apng import is_png, read_apng
from pxgen.ingest.archives import open_file
from pxgen.ingest.aseprite import is_aseprite, read_aseprite
from pxgen.ingest.bmp import is_rare_bmp, read_bmp
from pxgen.ingest.decoded import DecodedImage, content_of
from pxgen.ingest.gif import is_gif, read_gif
from pxgen.ingest.pillow import decode_by_pillow
from pxgen.ingest.piskel import is_piskel, read_piskel
from pxgen.ingest.video import decode_video, is_video
from pxgen.render.kinds import kind_of

Decode = Callable[[Path], DecodedImage]


def _whole(read: Callable[[bytes], DecodedImage]) -> Decode:
    return lambda path: read(content_of(path))


DECODERS: tuple[tuple[Callable[[bytes], bool], Decode], ...] = (
    (is_aseprite, _whole(read_aseprite)),
    (is_video, decode_video),
    (is_png, _whole(read_apng)),
    (is_gif, _whole(read_gif)),
    (is_piskel, _whole(read_piskel)),
    (is_rare_bmp, _whole(read_bmp)),
    (lambda head: True, decode_by_pillow),
)
"""Pairs of a test of a file's first bytes and the decoder of such files; the first match decodes.
A module with both and a line here, above Pillow's, make one more."""

_HEAD = 256
"""Bytes that tell a file's format."""


def is_image(path: Path) -> bool:
    """True of an image by its suffix or, where others use that suffix, by its content."""
    kind = kind_of(path)
    if kind is None or not kind.shared:
        return kind is not None
    try:
        return _decoder(path) is not decode_by_pillow
    except OSError:
        # Whoever reads it will say why it cannot be read.
        return True


def read_image(path: Path) -> DecodedImage:
    """Decode every frame of an image file.

    Raises:
        InputError: unreadable, not an image, of a depth that has no 8-bit meaning, or too large.
    """
    if path.is_fifo() or path.is_char_device() or str(path) == "-":
        # Decoders look at a file's start first, and read on from there what they need.
        raise InputError(f"{path}: pictures are read from files, not from a pipe: save it as one")
    try:
        return _decoder(path)(path)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder, not an image") from error
    except OSError as error:
        if path.is_symlink() and not os.path.exists(path):
            raise InputError(f"{path}: a link that leads nowhere; mend or delete it") from error
        why = error.strerror or f"{_fault(error)} ({_line(error)})"
        raise InputError(f"{path}: {why}") from error
    except Exception as error:  # damaged bytes make decoders raise anything
        raise InputError(f"{path}: damaged image ({_line(error)})") from error


def _decoder(path: Path) -> Decode:
    with open_file(path) as file:
        head = file.read(_HEAD)
    return next(decode for matches, decode in DECODERS if matches(head))


def _fault(error: OSError) -> str:
    unread = "unsupported" in str(error).lower()
    return "of a kind that is not read" if unread else "damaged or cut off"


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
