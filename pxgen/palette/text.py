"""The text palette formats: .hex, GIMP .gpl, JASC .pal, paint.net .txt and Lospec's .json."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pxgen.errors import InputError

if TYPE_CHECKING:
    from pxgen.palette.table import Palette, Row

_HEX = re.compile(r"(#?)([0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
_NO_CONTROLS = bytes({*range(256)} - {*range(32)}) + b"\t\n\r\f\x1a"
_NUMBER = re.compile(r"[0-9]{1,3}")
_GPL_HEADER = re.compile(r"(\w+)\s*:\s*(.*)")
_PAINTNET_NAME = re.compile(r";\s*(?:Palette )?Name:\s*(.*)", re.IGNORECASE)


def is_hex(data: bytes) -> bool:
    """True of possible rows of text: no control character stands near their beginning."""
    return not data[:1024].translate(None, _NO_CONTROLS)


def is_gpl(data: bytes) -> bool:
    """True of a palette of GIMP."""
    return _first_line(data) == b"GIMP Palette"


_FULL = 256
"""Colours that programs count in a JASC palette, however many it has."""


def is_jasc(data: bytes) -> bool:
    """True of a palette of Paint Shop Pro."""
    return _first_line(data) == b"JASC-PAL"


def _first_line(data: bytes) -> bytes:
    lines = data[:80].removeprefix(codecs.BOM_UTF8).splitlines()
    return lines[0].strip() if lines and b"\0" not in data[:1024] else b""


def read_hex(data: bytes, source: str) -> tuple[list[Row], str]:
    """Rows of ``rrggbb``, ``rrggbbaa`` and the same after ``#``; also paint.net's ``AARRGGBB``.

    One grammar reads .hex and .txt files. Alpha comes first in paint.net's, which have comments
    after ``;``. Blank lines, lines that begin with ``;`` or ``//`` and ``# `` with a space are
    comments.
    """
    rows: list[Row] = []
    name = ""
    lines = list(_lines(data))
    paintnet = any(line.startswith(";") for _, line in lines)
    for number, line in lines:
        if line.startswith((";", "//", "# ")) or line == "#":
            name = name or _paintnet_name(line)
            continue
        match = _HEX.fullmatch(line)
        if match is None:
            raise _bad(source, number, line, "write one colour a line as rrggbb")
        row = _row(match[2])
        alpha_first = paintnet and not match[1] and len(match[2]) == 8
        rows.append((*row[1:], row[0]) if alpha_first else row)
    return rows, name


def _row(digits: str) -> Row:
    red, green, blue, alpha = bytes.fromhex(digits.ljust(8, "f"))
    return red, green, blue, alpha


def read_gpl(data: bytes, source: str) -> tuple[list[Row], str]:
    """GIMP's format, with Aseprite's ``Channels: RGBA``."""
    rows: list[Row] = []
    header: dict[str, str] = {}
    for number, line in _lines(data):
        if number == 1 or line.startswith("#"):
            continue
        entry = _GPL_HEADER.fullmatch(line)
        if entry is not None and not rows:
            header[entry[1].lower()] = entry[2].strip()
            continue
        channels = 4 if header.get("channels", "").upper() == "RGBA" else 3
        rows.append(_numbers(line, channels, source, number, named=True))
    return rows, header.get("name", "")


def read_jasc(data: bytes, source: str) -> tuple[list[Row], str]:
    """Paint Shop Pro's format: signature, version and count, then rows.

    The count must be there, or a colour would be taken for it, but files in the wild often have it
    wrong, so the rows decide: 256 is in files of any number. Other files of too few rows are cut
    off. Aseprite writes alpha as a fourth number.
    """
    lines = list(_lines(data))
    if len(lines) < 3 or not lines[2][1].isdigit():
        raise InputError(f"{source}: the third line of a JASC palette is the number of colours")
    rows, told = len(lines) - 3, int(lines[2][1][:9])
    if rows < told != _FULL:
        raise InputError(
            f"{source} has {rows} of {told} colours: save it again, or mend its third line"
        )
    return [
        _numbers(line, 4 if len(line.split()) == 4 else 3, source, number, named=False)
        for number, line in lines[3:]
    ], ""


def is_json(data: bytes) -> bool:
    """True of a possible JSON object or list."""
    return data[:80].removeprefix(codecs.BOM_UTF8).lstrip().startswith((b"{", b"["))


def read_json(data: bytes, source: str) -> tuple[list[Row], str]:
    """Lospec's format: an object whose ``colors`` are ``rrggbb`` texts, and its ``name``.

    A list of such texts is one, too.
    """
    try:
        told = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{source} is damaged JSON; download it again") from error
    told = {"colors": told} if isinstance(told, list) else told
    colors = told.get("colors")
    if not isinstance(colors, list):
        raise InputError(f"{source} has no list of colors: give JSON as Lospec writes it")
    rows = []
    for number, color in enumerate(colors, 1):
        match = _HEX.fullmatch(color.strip()) if isinstance(color, str) else None
        if match is None:
            raise InputError(f"{source}, colour {number}: write it as a text 'rrggbb'")
        rows.append(_row(match[2]))
    name = told.get("name")
    return rows, name if isinstance(name, str) else ""


def _lines(data: bytes) -> Iterator[tuple[int, str]]:
    """Numbered lines without blank ones; only line feeds count, as in an editor.

    The text is UTF-8 as written today, else Latin-1: old files have such names, and any byte is
    valid there.
    """
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line.strip()


def _numbers(line: str, channels: int, source: str, number: int, *, named: bool) -> Row:
    """The first ``channels`` words as 0..255; what follows is the colour's name where allowed."""
    words = line.split(None, channels)
    values = [int(word) if _NUMBER.fullmatch(word) else -1 for word in words[:channels]]
    valid = len(values) == channels and all(0 <= value <= 255 for value in values)
    if not valid or (len(words) > channels and not named):
        layout = "r g b a" if channels == 4 else "r g b"
        raise _bad(source, number, line, f"write a colour as {layout}, each 0 to 255")
    if channels == 3:
        values.append(255)
    return values[0], values[1], values[2], values[3]


def _paintnet_name(line: str) -> str:
    match = _PAINTNET_NAME.match(line)
    return match[1].strip() if match else ""


def _bad(source: str, number: int, line: str, fix: str) -> InputError:
    shown = line if len(line) <= 40 else f"{line[:40]}…"
    return InputError(f"{source}, line {number}: {shown!r} is no colour; {fix}")


def write_hex(palette: Palette) -> bytes:
    """One ``rrggbb`` a line."""
    return _joined(entry[:6] for entry in palette.hex[1:])


def write_gpl(palette: Palette) -> bytes:
    """GIMP's format, every row named, because Aseprite drops rows without a name."""
    has_alpha = bool((palette.rgba[1:, 3] < 255).any())
    lines = ["GIMP Palette", f"Name: {_one_line(palette.name) or 'Untitled'}", "Columns: 8"]
    if has_alpha:
        lines.append("Channels: RGBA")
    lines.append("#")
    channels = 4 if has_alpha else 3
    for row, entry in zip(palette.rows[1:], palette.hex[1:], strict=True):
        numbers = " ".join(f"{value:3d}" for value in row[:channels])
        lines.append(f"{numbers}\t{entry[: 2 * channels]}")
    return _joined(lines)


def write_jasc(palette: Palette) -> bytes:
    """Paint Shop Pro's format, whose lines end in CR LF."""
    rows = [f"{red} {green} {blue}" for red, green, blue, _ in palette.rows[1:]]
    return _joined(["JASC-PAL", "0100", str(len(rows)), *rows], "\r\n")


def write_paintnet(palette: Palette) -> bytes:
    """``AARRGGBB`` rows under comments."""
    head = [";paint.net Palette File", f";Palette Name: {_one_line(palette.name) or 'Untitled'}"]
    return _joined([*head, *(f"{entry[6:]}{entry[:6]}".upper() for entry in palette.hex[1:])])


def _joined(lines: Iterable[str], end: str = "\n") -> bytes:
    return "".join(line + end for line in lines).encode("utf-8")


def _one_line(name: str) -> str:
    """Printable, on one line: a control character would make the text look like a binary file."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())
