"""The binary swatch formats that are read: Adobe .ase, .aco and .act, Microsoft's RIFF .pal."""

from __future__ import annotations

import colorsys
import math
import struct
from typing import TYPE_CHECKING

from pxgen.errors import InputError
from pxgen.palette.text import is_hex

if TYPE_CHECKING:
    from pxgen.palette.table import Row

_ASE_COLOR = 0x0001
_ASE_CHANNELS = {b"RGB ": 3, b"GRAY": 1}
"""By the name of a colour model, of which writers disagree on small letters."""
_ACO_RGB, _ACO_HSB, _ACO_GRAY = 0, 1, 8
_ACT_TABLE, _ACT_WHOLE = 768, 772
"""Bytes of 256 RGB rows, and of those with their number and the transparent one."""
_PROFILED = "needs a colour profile to become exact RGB; convert it to RGB and export again"


def is_ase(data: bytes) -> bool:
    """True of Adobe Swatch Exchange."""
    return data.startswith(b"ASEF")


def is_riff(data: bytes) -> bool:
    """True of a RIFF palette."""
    return data[:4] == b"RIFF" and data[8:12] == b"PAL "


def is_aco(data: bytes) -> bool:
    """True of a possible .aco: it has no signature, only a version and a count."""
    if len(data) < 4:
        return False
    version, count = struct.unpack_from(">HH", data)
    return version in (1, 2) and len(data) >= 4 + 10 * count


def is_act(data: bytes) -> bool:
    """True of a possible .act: it has no signature, only a size."""
    sized = len(data) in {_ACT_TABLE, _ACT_WHOLE}
    return sized and not (data.isascii() and is_hex(data))


def read_ase(data: bytes, source: str) -> tuple[list[Row], str]:
    """Adobe Swatch Exchange: big-endian blocks, of which the colours are read in order."""
    rows: list[Row] = []
    position = 12
    (blocks,) = struct.unpack_from(">I", data, 8)
    for _ in range(blocks):
        kind, length = struct.unpack_from(">HI", data, position)
        if kind == _ASE_COLOR:
            rows.append(_ase_color(data, position + 6, f"{source}, colour {len(rows) + 1}"))
        position += 6 + length
    return rows, ""


def _ase_color(data: bytes, position: int, where: str) -> Row:
    (name_units,) = struct.unpack_from(">H", data, position)
    position += 2 + 2 * name_units
    (model,) = struct.unpack_from("4s", data, position)
    channels = _ASE_CHANNELS.get(model.upper())
    if channels is None:
        label = model.decode("ascii", "replace").strip()
        raise InputError(f"{where}: {label} {_PROFILED}")
    values = struct.unpack_from(f">{channels}f", data, position + 4)
    if not all(math.isfinite(value) for value in values):
        raise InputError(f"{where}: not a number; export the swatches again")
    red, green, blue = (_byte(value) for value in (values * 3 if channels == 1 else values))
    return red, green, blue, 255


def read_aco(data: bytes, source: str) -> tuple[list[Row], str]:
    """Photoshop colour swatches; version 2 repeats version 1 with names, so the first part does."""
    version, count = struct.unpack_from(">HH", data)
    rows: list[Row] = []
    position = 4
    for number in range(1, count + 1):
        space, *values = struct.unpack_from(">5H", data, position)
        rows.append(_aco_color(space, values, f"{source}, colour {number}"))
        position += 10
        if version == 2:
            (name_units,) = struct.unpack_from(">I", data, position)
            position += 4 + 2 * name_units
    return rows, ""


def _aco_color(space: int, values: list[int], where: str) -> Row:
    if space == _ACO_RGB:
        # The high byte: writers disagree on v × 256 or v × 257, and it is v in both.
        return values[0] >> 8, values[1] >> 8, values[2] >> 8, 255
    if space == _ACO_HSB:
        hue, saturation, brightness = (value / 65535 for value in values[:3])
        red, green, blue = colorsys.hsv_to_rgb(hue, saturation, brightness)
        return _byte(red), _byte(green), _byte(blue), 255
    if space == _ACO_GRAY:
        # Ink, in 1/100 of a percent.
        level = _byte(1 - values[0] / 10000)
        return level, level, level, 255
    raise InputError(f"{where}: colour space {space} {_PROFILED}")


def read_act(data: bytes, source: str) -> tuple[list[Row], str]:
    """Adobe's colour table: RGB rows, whose number and transparent row may follow."""
    count, transparent = 256, None
    if len(data) == _ACT_WHOLE:
        count, transparent = struct.unpack_from(">HH", data, _ACT_TABLE)
    rows = [struct.unpack_from("3B", data, 3 * k) for k in range(min(count or 256, 256))]
    alphas = (0 if k == transparent else 255 for k in range(256))
    return [(*rgb, alpha) for rgb, alpha in zip(rows, alphas, strict=False)], ""


def read_riff(data: bytes, source: str) -> tuple[list[Row], str]:
    """Microsoft's RIFF palette: a ``data`` chunk with a version, a count and r g b flags."""
    position = 12
    while True:
        tag, length = struct.unpack_from("<4sI", data, position)
        if tag == b"data":
            break
        position += 8 + length + length % 2
    (count,) = struct.unpack_from("<H", data, position + 10)
    cells = [struct.unpack_from("<4B", data, position + 12 + 4 * i) for i in range(count)]
    return [(red, green, blue, 255) for red, green, blue, _ in cells], ""


def _byte(value: float) -> int:
    return min(max(round(value * 255), 0), 255)
