"""Reading and writing palette files.

What a file is, its content says: suffixes are shared (.pal is JASC or RIFF, .ase is Adobe or
Aseprite) and often wrong. Index 0, transparent, is in every palette and therefore in no file: it
is left out on writing and put back on reading.
"""

from __future__ import annotations

import codecs
import os
from pathlib import Path

from pxgen.errors import InputError, UsageError
from pxgen.files import write_bytes
from pxgen.palette import binary, swatch, text
from pxgen.palette.table import MAX_COLORS, Palette

WRITABLE = (".hex", ".gpl", ".pal", ".txt", ".png")
READABLE = ".hex, .gpl, .pal, .txt, .png, Adobe .ase or .aco"

_ALPHA = (".gpl", ".txt", ".png")
_MAX_BYTES = 8 << 20
_ASEPRITE_MAGIC = b"\xe0\xa5"
_TITLES = {b"GIMP Palette": "gpl", b"JASC-PAL": "jasc"}
_OTHER_PICTURES = {b"GIF8": "GIF", b"\xff\xd8\xff": "JPEG", b"BM": "BMP"}


def read_palette(source: str | os.PathLike[str] | bytes, name: str = "") -> Palette:
    """Read a palette file of any known format, whatever its suffix.

    The palette is named ``name``, else as the file says, else by its stem. A file of more than 255
    colours is read without exact repeats, because some programs always fill 256 places.

    Args:
        source: a path, or the content of a file.
        name: overrides the file's own name.

    Raises:
        InputError: no such file, not a palette, malformed, empty, or too many colours.
    """
    if isinstance(source, bytes):
        data, label, stem = source, name or "the palette", ""
    else:
        path = Path(source)
        data, label, stem = _load(path), str(path), path.stem
    kind = sniff(data, label)
    if kind == "png":
        rows, title = swatch.parse_png(data, label)
    elif kind in binary.PARSERS:
        rows, title = binary.PARSERS[kind](data, label)
    else:
        rows, title = text.PARSERS[kind](_decode(data), label)
    return _palette(rows, name or title or stem, label)


def sniff(data: bytes, source: str = "the palette") -> str:
    """The format of a palette file's content: png, riff, ase, aco, gpl, jasc or hex (also .txt).

    Raises:
        InputError: it is something else, which the message names where it can.
    """
    if data.startswith(swatch.SIGNATURE):
        return "png"
    if data[:4] == b"RIFF" and data[8:12] == b"PAL ":
        return "riff"
    if data[:4] == b"ASEF":
        return "ase"
    _refuse_pictures(data, source)
    if binary.is_aco(data):
        return "aco"
    if b"\0" in data[:1024]:
        raise InputError(f"{source} is no palette file; give {READABLE}")
    first = data[:80].removeprefix(codecs.BOM_UTF8).splitlines()[:1]
    return _TITLES.get(first[0].strip() if first else b"", "hex")


def write_palette(palette: Palette, path: str | os.PathLike[str]) -> Path:
    """Write ``palette`` in the format of ``path``'s suffix, whole or not at all.

    Raises:
        UsageError: the suffix is not one of :data:`WRITABLE`, or the format cannot hold the
            palette (no colours; half-transparent colours in .hex or .pal).
    """
    return write_bytes(path, encode_palette(palette, Path(path).suffix, str(path)))


def encode_palette(palette: Palette, suffix: str, target: str = "the palette") -> bytes:
    """The bytes of ``palette`` as a file with this suffix; see :func:`write_palette`."""
    suffix = suffix.lower()
    if suffix not in WRITABLE:
        raise UsageError(f"cannot write {target}: name it {', '.join(WRITABLE[:-1])} or .png")
    if len(palette) == 1:
        raise UsageError(f"cannot write {target}: the palette has no colours besides transparent")
    if suffix not in _ALPHA and (palette.rgba[1:, 3] < 255).any():
        raise UsageError(
            f"cannot write {target}: {suffix} holds no half-transparent colours; "
            f"use {', '.join(_ALPHA[:-1])} or .png"
        )
    if suffix == ".png":
        return swatch.encode_png(palette)
    return text.ENCODERS[suffix](palette).encode("utf-8")


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


def _refuse_pictures(data: bytes, source: str) -> None:
    if data[4:6] == _ASEPRITE_MAGIC and len(data) >= 128:
        raise InputError(
            f"{source} is an Aseprite drawing, not Adobe swatches; "
            "in Aseprite save its palette as .gpl"
        )
    for magic, kind in _OTHER_PICTURES.items():
        if data.startswith(magic):
            raise InputError(
                f"{source} is a {kind} picture, not a palette file; "
                "take its colours with `pxgen palette extract`"
            )


def _decode(data: bytes) -> str:
    """UTF-8 as written today, else Latin-1: old files have such names, and any byte is valid."""
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _palette(rows: list[text.Row], name: str, source: str) -> Palette:
    visible = [row for row in rows if row[3]]
    if not visible:
        raise InputError(f"{source} holds no colours; give {READABLE}")
    if len(visible) >= MAX_COLORS:
        visible = list(dict.fromkeys(visible))
    if len(visible) >= MAX_COLORS:
        raise InputError(
            f"{source} has {len(visible)} colours; at most {MAX_COLORS - 1} fit beside "
            "transparent: remove some, or take fewer with `pxgen palette extract --colors`"
        )
    return Palette.of(visible, name)
