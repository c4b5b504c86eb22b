"""Palette files, read and written.

A file's content says what it is: suffixes are shared (.pal is JASC or RIFF, .ase is Adobe or
Aseprite) and often wrong. Index 0, transparent, is in every palette and therefore in no file: it
is left out on writing and put back on reading.

Nothing heavy is imported before a file is read: help lists the formats.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pxgen.errors import InputError, UsageError
from pxgen.files import write_bytes
from pxgen.palette import binary, swatch, text

if TYPE_CHECKING:
    from pxgen.palette.table import Palette, Row


class PaletteFormat(NamedTuple):
    """A kind of palette file."""

    suffix: str
    program: str
    """Owner of the format, where the suffix does not say it."""
    matches: Callable[[bytes], bool]
    """Test of a file's content for this format."""
    read: Callable[[bytes, str], tuple[list[Row], str]]
    """Content and the file's name in messages to RGBA rows and the palette's own name.

    Raises ``struct.error`` where the content ends too early."""
    write: Callable[[Palette], bytes] | None = None
    """None: read only."""
    alpha: bool = False
    """True if it holds half-transparent colours."""


FORMATS = (
    PaletteFormat(".hex", "", text.is_hex, text.read_hex, text.write_hex),
    PaletteFormat(".gpl", "GIMP", text.is_gpl, text.read_gpl, text.write_gpl, alpha=True),
    PaletteFormat(".pal", "JASC", text.is_jasc, text.read_jasc, text.write_jasc),
    PaletteFormat(".pal", "RIFF", binary.is_riff, binary.read_riff),
    PaletteFormat(".txt", "paint.net", text.is_hex, text.read_hex, text.write_paintnet, True),
    PaletteFormat(".png", "", swatch.is_png, swatch.read_png, swatch.write_png, alpha=True),
    PaletteFormat(".ase", "Adobe", binary.is_ase, binary.read_ase),
    PaletteFormat(".aco", "Adobe", binary.is_aco, binary.read_aco),
    PaletteFormat(".act", "Adobe", binary.is_act, binary.read_act),
    PaletteFormat(".json", "Lospec", text.is_json, text.read_json),
)
"""Every format; a module with its functions and a line here make one more."""

WRITABLE = tuple(each for each in FORMATS if each.write is not None)

_MAX_BYTES = 8 << 20
_ASEPRITE_MAGIC = b"\xe0\xa5"
_OTHER_IMAGES = {b"GIF8": "GIF", b"\xff\xd8\xff": "JPEG", b"BM": "BMP"}


def listed(formats: Iterable[PaletteFormat] = FORMATS) -> str:
    """Suffixes with the programs that use them: ``.hex, .gpl (GIMP) … or .aco (Adobe)``."""
    programs: dict[str, list[str]] = {}
    for each in formats:
        programs.setdefault(each.suffix, []).extend([each.program] if each.program else [])
    return either(f"{s} ({', '.join(p)})" if p else s for s, p in programs.items())


def either(names: Iterable[str]) -> str:
    """``.hex, .pal or .png``."""
    *others, last = names
    return f"{', '.join(others)} or {last}"


def read_palette(source: str | os.PathLike[str] | bytes, name: str = "") -> Palette:
    """Read a palette file of any known format, whatever its suffix.

    The palette is named ``name``, else as the file says, else by its stem. A file of more than 255
    colours is read without exact repeats, because some programs always fill 256 entries. Bytes are
    the content of a file.

    Raises:
        InputError: no such file, not a palette, malformed, empty, or too many colours.
    """
    if isinstance(source, bytes):
        rows, title = _rows(source, name or "the palette")
        return _palette(rows, name or title, name or "the palette")
    path = Path(source)
    rows, title = _rows(_load(path), str(path))
    return _palette(rows, name or title or path.stem, str(path))


def read_colors(path: Path) -> list[Row]:
    """The RGBA rows of a palette file as they stand there, however many.

    Raises:
        InputError: no such file, not a palette, or malformed.
    """
    return _rows(_load(path), str(path))[0]


def _rows(data: bytes, source: str) -> tuple[list[Row], str]:
    try:
        return sniff(data, source).read(data, source)
    except struct.error as error:
        line = f"{source} ends in the middle of its colours; export or copy it again"
        raise InputError(line) from error


def sniff(data: bytes, source: str = "the palette") -> PaletteFormat:
    """The format of a palette file's content.

    Raises:
        InputError: it is something else, which the message names where it can.
    """
    _refuse_images(data, source)
    found = [each for each in FORMATS if each.matches(data)]
    if not found:
        raise InputError(f"{source} is no palette file; give {listed()}")
    # Any text can be a list of colours; whatever has a mark of its own is that.
    return next((each for each in found if each.read is not text.read_hex), found[0])


def write_palette(palette: Palette, path: str | os.PathLike[str]) -> Path:
    """Write ``palette`` in the format of ``path``'s suffix, whole or not at all.

    Raises:
        UsageError: the suffix is not one that is written, or the format cannot hold the palette
            (no colours; half-transparent colours in .hex or .pal).
    """
    return write_bytes(path, encode_palette(palette, Path(path).suffix, str(path)))


def encode_palette(palette: Palette, suffix: str, target: str = "the palette") -> bytes:
    """The bytes of ``palette`` as a file with this suffix; see :func:`write_palette`."""
    suffix = suffix.lower()
    found = next((each for each in WRITABLE if each.suffix == suffix), None)
    if found is None or found.write is None:
        raise UsageError(
            f"cannot write {target}: name it {either(each.suffix for each in WRITABLE)}"
        )
    if len(palette) == 1:
        raise UsageError(f"cannot write {target}: the palette has no colours besides transparent")
    if not found.alpha and (palette.rgba[1:, 3] < 255).any():
        raise UsageError(
            f"cannot write {target}: {suffix} holds no half-transparent colours; "
            f"use {either(each.suffix for each in WRITABLE if each.alpha)}"
        )
    return found.write(palette)


def _load(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"cannot read {path}: {reason}; give a palette file") from error
    if len(data) > _MAX_BYTES:
        raise InputError(f"{path} is over {_MAX_BYTES >> 20} MiB, too large for a palette file")
    return data


def _refuse_images(data: bytes, source: str) -> None:
    if data[4:6] == _ASEPRITE_MAGIC and len(data) >= 128:
        raise InputError(
            f"{source} is an Aseprite drawing, not Adobe swatches; "
            "in Aseprite save its palette as .gpl"
        )
    for magic, kind in _OTHER_IMAGES.items():
        if data.startswith(magic):
            raise InputError(
                f"{source} is a {kind} picture, not a palette file; "
                "take its colours with `pxgen palette extract`"
            )


def _palette(rows: list[Row], name: str, source: str) -> Palette:
    from pxgen.palette.table import MAX_COLORS, Palette

    visible = [row for row in rows if row[3]]
    if not visible:
        raise InputError(f"{source} holds no colours; give {listed()}")
    if len(visible) >= MAX_COLORS:
        visible = list(dict.fromkeys(visible))
    if len(visible) >= MAX_COLORS:
        raise InputError(
            f"{source} has {len(visible)} colours; at most {MAX_COLORS - 1} fit beside "
            "transparent: remove some, or take fewer with `pxgen palette extract --colors`"
        )
    return Palette.of(visible, name)
