"""PNG images and animations (W3C PNG, 3rd edition), read exactly."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from pxgen.arrays import Rgba
from pxgen.errors import InputError
from pxgen.ingest.composition import Dispose, Part, compose
from pxgen.ingest.decoded import DEFAULT_MS, DecodedImage, check_size
from pxgen.palette.png_chunks import INDEXED, SIGNATURE, read_chunks
from pxgen.palette.png_pixels import Colors, Header, decode_pixels


class _Control(NamedTuple):
    """The content of a frame's fcTL, without its number."""

    width: int
    height: int
    x: int
    y: int
    delay: int
    parts_of_second: int
    dispose: int
    blend: int

    @property
    def milliseconds(self) -> float:
        return 1000 * self.delay / (self.parts_of_second or 100) or DEFAULT_MS


@dataclass
class _File:
    header: Header
    colors: Colors = field(default_factory=Colors)
    image: list[bytes] = field(default_factory=list)
    """What IDAT chunks hold."""
    promised: int = 0
    """Frames of the animation by acTL; 0 in a still."""
    frames: list[tuple[_Control, list[bytes]]] = field(default_factory=list)
    numbered: int = 0
    """Chunks of the animation so far: each says which it is."""

    @property
    def first_is_image(self) -> bool:
        """True if the image that viewers without animation show is a frame."""
        return bool(self.frames) and self.frames[0][1] is self.image


def is_png(head: bytes) -> bool:
    """True of the first bytes of a PNG, animated or not."""
    return head.startswith(SIGNATURE)


def read_apng(content: bytes) -> DecodedImage:
    """The frames of a PNG, durations where it moves, and an indexed still's palette.

    The image that viewers without animation show is a frame only where the file says so.

    Raises:
        InputError: damaged or too large.
    """
    file = _read(content)
    header = file.header
    if not file.promised or (file.promised == 1 and file.first_is_image):
        check_size(1, header.height, header.width)
        table = file.colors.rows().tobytes() if header.kind == INDEXED else None
        return DecodedImage(_pixels(file, header, file.image)[None], table)
    if len(file.frames) < file.promised:
        raise InputError(f"an animation of {file.promised} frames that has {len(file.frames)}")
    del file.frames[file.promised :]
    check_size(len(file.frames), header.height, header.width)
    frames = np.empty((len(file.frames), header.height, header.width, 4), np.uint8)
    compose(_parts(file), frames)
    durations = tuple(control.milliseconds for control, _ in file.frames)
    return DecodedImage(frames, durations=durations)


def _read(content: bytes) -> _File:
    chunks = read_chunks(content, "this file")
    kind, first = next(chunks, (b"", b""))
    file = _File(Header.of(first if kind == b"IHDR" else b""))
    for kind, chunk in chunks:
        if kind == b"IDAT":
            file.image.append(chunk)
        elif kind == b"fcTL" and file.promised:
            _control(file, chunk)
        elif kind == b"fdAT" and file.image and file.frames:
            _number(file, chunk)
            file.frames[-1][1].append(chunk[4:])
        elif file.image:
            continue  # too late to count
        elif kind == b"PLTE":
            file.colors = file.colors._replace(table=chunk)
        elif kind == b"tRNS":
            file.colors = file.colors._replace(transparency=chunk)
        elif kind == b"acTL" and len(chunk) == 8:
            file.promised = struct.unpack_from(">I", chunk)[0]
    if not file.image:
        raise InputError("a PNG without pixels")
    return file


def _control(file: _File, chunk: bytes) -> None:
    if len(chunk) != 26:
        raise InputError("a frame of this animation is damaged")
    _number(file, chunk)
    control = _Control(*struct.unpack_from(">IIIIHHBB", chunk, 4))
    width, height = file.header.width - control.x, file.header.height - control.y
    sound = 0 < control.width <= width and 0 < control.height <= height
    if not file.image:
        # The image that viewers without animation show is the first frame, and whole.
        sound = not file.frames and control[:4] == (*file.header[:2], 0, 0)
    if not sound or control.dispose > 2 or control.blend > 1:
        raise InputError(f"frame {len(file.frames)} of this animation is damaged")
    check_size(len(file.frames) + 1, 1, 1)
    file.frames.append((control, [] if file.image else file.image))


def _number(file: _File, chunk: bytes) -> None:
    if len(chunk) < 4 or struct.unpack_from(">I", chunk)[0] != file.numbered:
        raise InputError("the frames of this animation are not in order")
    file.numbered += 1


def _parts(file: _File) -> Iterator[Part]:
    for control, data in file.frames:
        header = file.header._replace(width=control.width, height=control.height)
        rgba = _pixels(file, header, data)
        dispose = Dispose(control.dispose)
        yield Part(rgba, control.x, control.y, dispose, over=control.blend == 1)


def _pixels(file: _File, header: Header, data: list[bytes]) -> Rgba:
    try:
        return decode_pixels(header, file.colors, b"".join(data))
    except ValueError as error:
        raise InputError("a PNG whose pixels are damaged or cut off; save it again") from error
