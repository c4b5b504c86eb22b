"""The text palette formats: .hex, GIMP .gpl, JASC .pal and paint.net .txt."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pxgen.errors import InputError
from pxgen.palette.table import Palette

Row = tuple[int, int, int, int]

_HEX = re.compile(r"(#?)([0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
_NUMBER = re.compile(r"[0-9]{1,3}")
_GPL_HEADER = re.compile(r"(\w+)\s*:\s*(.*)")
_PAINTNET_NAME = re.compile(r";\s*(?:Palette )?Name:\s*(.*)", re.IGNORECASE)


def parse_hex(text: str, source: str) -> tuple[list[Row], str]:
    """Rows of ``rrggbb``; also paint.net's ``AARRGGBB`` and CSS's ``#rrggbb`` and ``#rrggbbaa``.

    One grammar reads .hex and .txt files, because a .txt without comments is a .hex file. Blank
    lines, lines that begin with ``;`` or ``//`` and ``# `` with a space are comments.
    """
    rows: list[Row] = []
    name = ""
    for number, line in _lines(text):
        if line.startswith((";", "//", "# ")) or line == "#":
            name = name or _paintnet_name(line)
            continue
        match = _HEX.fullmatch(line)
        if match is None:
            raise _bad(source, number, line, "write one colour a line as rrggbb")
        digits = bytes.fromhex(match[2])
        if len(digits) == 3:
            digits += b"\xff"
        elif not match[1]:
            digits = digits[1:] + digits[:1]
        rows.append((digits[0], digits[1], digits[2], digits[3]))
    return rows, name


def parse_gpl(text: str, source: str) -> tuple[list[Row], str]:
    """GIMP's format, with Aseprite's ``Channels: RGBA``."""
    rows: list[Row] = []
    header: dict[str, str] = {}
    for number, line in _lines(text):
        if number == 1 or line.startswith("#"):
            continue
        entry = _GPL_HEADER.fullmatch(line)
        if entry is not None and not rows:
            header[entry[1].lower()] = entry[2].strip()
            continue
        channels = 4 if header.get("channels", "").upper() == "RGBA" else 3
        rows.append(_numbers(line, channels, source, number, named=True))
    return rows, header.get("name", "")


def parse_jasc(text: str, source: str) -> tuple[list[Row], str]:
    """Paint Shop Pro's format: signature, version and count, then rows.

    The count must be there, or a colour would be taken for it, but files in the wild often have it
    wrong, so the rows decide.
    """
    lines = list(_lines(text))
    if len(lines) < 3 or not lines[2][1].isdigit():
        raise InputError(f"{source}: the third line of a JASC palette is the number of colours")
    return [_numbers(line, 3, source, number, named=False) for number, line in lines[3:]], ""


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines without blank ones; only line feeds count, as in an editor."""
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


def encode_hex(palette: Palette) -> str:
    """One ``rrggbb`` a line."""
    return "".join(f"{entry[:6]}\n" for entry in palette.hex[1:])


def encode_gpl(palette: Palette) -> str:
    """Every row named, because Aseprite drops rows without a name."""
    has_alpha = bool((palette.rgba[1:, 3] < 255).any())
    lines = ["GIMP Palette", f"Name: {_one_line(palette.name) or 'Untitled'}", "Columns: 8"]
    if has_alpha:
        lines.append("Channels: RGBA")
    lines.append("#")
    channels = 4 if has_alpha else 3
    for row, entry in zip(palette.rgba[1:].tolist(), palette.hex[1:], strict=True):
        numbers = " ".join(f"{value:3d}" for value in row[:channels])
        lines.append(f"{numbers}\t{entry[: 2 * channels]}")
    return "\n".join(lines) + "\n"


def encode_jasc(palette: Palette) -> str:
    """The layout of Paint Shop Pro, which ends its lines in CR LF."""
    rows = [f"{red} {green} {blue}" for red, green, blue, _ in palette.rgba[1:].tolist()]
    return "\r\n".join(["JASC-PAL", "0100", str(len(rows)), *rows, ""])


def encode_paintnet(palette: Palette) -> str:
    """``AARRGGBB`` rows under comments."""
    head = [";paint.net Palette File", f";Palette Name: {_one_line(palette.name) or 'Untitled'}"]
    rows = [f"{entry[6:]}{entry[:6]}".upper() for entry in palette.hex[1:]]
    return "\n".join([*head, *rows, ""])


def _one_line(name: str) -> str:
    """Printable, on one line: a control character would make the text look like a binary file."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())


PARSERS: dict[str, Callable[[str, str], tuple[list[Row], str]]] = {
    "hex": parse_hex,
    "gpl": parse_gpl,
    "jasc": parse_jasc,
}
ENCODERS: dict[str, Callable[[Palette], str]] = {
    ".hex": encode_hex,
    ".gpl": encode_gpl,
    ".pal": encode_jasc,
    ".txt": encode_paintnet,
}
