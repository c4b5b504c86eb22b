"""Sprites and palettes as lines of text for a terminal."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from itertools import product
from typing import IO

import numpy as np

from pxgen.arrays import IndexMaps
from pxgen.palette.oklab import nearest, to_oklab
from pxgen.palette.table import Palette

_RESET = "\x1b[0m"
_UPPER, _LOWER, _FULL = "▀", "▄", "██"
_RAMP = ".:-=+*#%@"
_BARS = "▁▂▃▄▅▆▇█"
_XTERM_BASE = 16
_LEVELS = (0, 95, 135, 175, 215, 255)
_XTERM = Palette.of([*product(_LEVELS, repeat=3), *((8 + 10 * i,) * 3 for i in range(24))], "xterm")
"""The fixed part of xterm's 256 colours, 16 to 255: a 6×6×6 cube and 24 greys."""


class ColorDepth(enum.Enum):
    """Colours that the text may use."""

    PLAIN = 0
    ANSI256 = 256
    TRUECOLOR = 1 << 24


def color_depth(stream: IO[str], environ: Mapping[str, str]) -> ColorDepth:
    """The colour depth that ``stream`` takes.

    ``NO_COLOR`` (any value) and ``FORCE_COLOR=0`` mean plain, and so do a stream that is no
    terminal, ``TERM=dumb`` and an encoding without block characters, unless ``FORCE_COLOR`` is
    set: 3 asks for 24-bit colour, anything else for at least 256 colours.
    """
    forced = environ.get("FORCE_COLOR", "")
    if environ.get("NO_COLOR") or forced in {"0", "false"} or not _can_encode(stream):
        return ColorDepth.PLAIN
    if not forced and (not stream.isatty() or environ.get("TERM") == "dumb"):
        return ColorDepth.PLAIN
    full = environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"}
    if full or forced == "3" or environ.get("TERM", "").endswith("-direct"):
        return ColorDepth.TRUECOLOR
    return ColorDepth.ANSI256


def _can_encode(stream: IO[str]) -> bool:
    try:
        (_UPPER + _LOWER + _FULL).encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def sprite_lines(indices: IndexMaps, palette: Palette, *, depth: ColorDepth) -> list[str]:
    """A sprite as text, two rows of pixels a line; transparent pixels show the terminal.

    In colour each character is a half block of two pixels. Without colour each pixel is two
    characters, the denser the lighter, on a line of its own.

    Args:
        indices: ``(H, W) uint8`` palette indices.
        palette: their colours; half-transparent ones are drawn as opaque.
        depth: the colours to use.

    Returns:
        Lines without line ends; each one resets the colours it set.
    """
    if depth is ColorDepth.PLAIN:
        letters = _letters(palette)
        return ["".join(2 * letters[i] for i in row).rstrip() for row in indices.tolist()]
    codes = _codes(palette, depth)
    rows = indices.tolist()
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    return [_half_blocks(rows[y], rows[y + 1], codes) for y in range(0, len(rows), 2)]


def swatch_lines(palette: Palette, *, depth: ColorDepth, columns: int = 6) -> list[str]:
    """Every colour but transparent as ``#rrggbb`` (``#rrggbbaa`` if see-through), in order.

    In colour ``columns`` of them stand on a line, each behind a block of it. Without colour there
    is one a line, so that the output is itself a palette file.
    """
    labels = [f"#{entry[:6] if entry.endswith('ff') else entry}" for entry in palette.hex[1:]]
    if depth is ColorDepth.PLAIN:
        return labels
    width = max(map(len, labels), default=0)
    cells = [
        f"\x1b[38;{code}m{_FULL}{_RESET} {label:{width}}"
        for code, label in zip(_codes(palette, depth)[1:], labels, strict=True)
    ]
    rows = (cells[i : i + columns] for i in range(0, len(cells), columns))
    return ["  ".join(row).rstrip() for row in rows]


def sparkline(values: Sequence[float], width: int = 32) -> str:
    """A line of small bars, at most ``width``: means of neighbours, from lowest to highest."""
    groups = np.array_split(np.asarray(values, np.float64), min(width, len(values)))
    means = np.array([group.mean() for group in groups])
    low, high = means.min(), means.max()
    steps = (means - low) / (high - low or 1) * (len(_BARS) - 1)
    return "".join(_BARS[round(step)] for step in steps.tolist())


def _half_blocks(upper: Sequence[int], lower: Sequence[int], codes: list[str]) -> str:
    """One line; a colour is written only where it changes, which keeps the output small."""
    parts: list[str] = []
    current = _RESET
    for top, bottom in zip(upper, lower, strict=True):
        style, letter = _cell(top, bottom, codes)
        if style != current and letter != " ":
            # A half block on the terminal's own background must not inherit the last one.
            inherits = current != _RESET and ";48;" not in style
            parts.append(_RESET + style if inherits else style)
            current = style
        elif letter == " " and current != _RESET:
            parts.append(_RESET)
            current = _RESET
        parts.append(letter)
    if current != _RESET:
        parts.append(_RESET)
    return "".join(parts).rstrip(" ")


def _cell(top: int, bottom: int, codes: list[str]) -> tuple[str, str]:
    if top and bottom:
        return f"\x1b[38;{codes[top]};48;{codes[bottom]}m", _UPPER
    if top:
        return f"\x1b[38;{codes[top]}m", _UPPER
    if bottom:
        return f"\x1b[38;{codes[bottom]}m", _LOWER
    return _RESET, " "


def _codes(palette: Palette, depth: ColorDepth) -> list[str]:
    """The tail of an SGR colour sequence for every entry."""
    if depth is ColorDepth.TRUECOLOR:
        return [f"2;{red};{green};{blue}" for red, green, blue, _ in palette.rgba.tolist()]
    opaque = palette.rgba.copy()
    opaque[:, 3] = 255
    return [f"5;{index - 1 + _XTERM_BASE}" for index in nearest(_XTERM, opaque).tolist()]


def _letters(palette: Palette) -> list[str]:
    lightness = to_oklab(palette.rgba[:, :3])[:, 0]
    steps = np.minimum((lightness * len(_RAMP)).astype(int), len(_RAMP) - 1)
    return [" ", *(_RAMP[step] for step in steps[1:].tolist())]
