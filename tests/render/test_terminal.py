"""Pictures as terminal text."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest

from pxgen.palette import Palette
from pxgen.palette.formats import read_palette
from pxgen.render.terminal import (
    ColorDepth,
    color_depth,
    sparkline,
    sprite_lines,
    swatch_lines,
)

PALETTE = Palette.of([(255, 0, 0), (0, 0, 255), (255, 255, 255)])
SPRITE = np.array([[0, 1, 1], [0, 2, 0], [3, 0, 0]], np.uint8)


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class AsciiTerminal(Terminal):
    encoding = "ascii"


@pytest.mark.parametrize(
    ("environ", "depth"),
    [
        ({"TERM": "xterm-256color"}, ColorDepth.ANSI256),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, ColorDepth.TRUECOLOR),
        ({"TERM": "xterm", "COLORTERM": "24bit"}, ColorDepth.TRUECOLOR),
        ({"TERM": "xterm-direct"}, ColorDepth.TRUECOLOR),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, ColorDepth.PLAIN),
        ({"NO_COLOR": "1", "COLORTERM": "truecolor"}, ColorDepth.PLAIN),
        ({"NO_COLOR": "1", "FORCE_COLOR": "3"}, ColorDepth.PLAIN),
        ({"FORCE_COLOR": "0", "TERM": "xterm"}, ColorDepth.PLAIN),
    ],
)
def test_the_environment_says_what_a_terminal_shows(environ, depth):
    assert color_depth(Terminal(), environ) is depth


def test_a_pipe_is_plain_unless_color_is_forced():
    assert color_depth(io.StringIO(), {"COLORTERM": "truecolor"}) is ColorDepth.PLAIN
    assert color_depth(io.StringIO(), {"FORCE_COLOR": "1"}) is ColorDepth.ANSI256
    assert color_depth(io.StringIO(), {"FORCE_COLOR": "3"}) is ColorDepth.TRUECOLOR


def test_a_terminal_without_block_characters_is_plain():
    assert color_depth(AsciiTerminal(), {"COLORTERM": "truecolor"}) is ColorDepth.PLAIN


def cells(line: str) -> list[tuple[str, str, str]]:
    """Foreground, background and letter of each character, as a terminal would keep them."""
    shown, front, back = [], "", ""
    for codes, letter in re.findall(r"\x1b\[([\d;]+)m|(.)", line):
        if letter:
            shown.append((front, back, letter))
            continue
        if codes == "0":
            front = back = ""
        front = (re.findall(r"38;(2;\d+;\d+;\d+|5;\d+)", codes) or [front])[0]
        back = (re.findall(r"48;(2;\d+;\d+;\d+|5;\d+)", codes) or [back])[0]
    return shown


def test_half_blocks_hold_two_rows_and_transparency_shows_the_terminal():
    red, blue, white = "2;255;0;0", "2;0;0;255", "2;255;255;255"
    first, second = sprite_lines(SPRITE, PALETTE, depth=ColorDepth.TRUECOLOR)
    assert cells(first) == [("", "", " "), (red, blue, "▀"), (red, "", "▀")]
    assert cells(second) == [(white, "", "▀")]


def test_a_lower_half_alone_keeps_the_terminal_background():
    sprite = np.array([[1, 0], [2, 3]], np.uint8)
    (line,) = sprite_lines(sprite, PALETTE, depth=ColorDepth.TRUECOLOR)
    assert cells(line)[1] == ("2;255;255;255", "", "▄")


@pytest.mark.parametrize("depth", [ColorDepth.ANSI256, ColorDepth.TRUECOLOR])
def test_every_line_leaves_the_terminal_as_it_was(depth):
    random = np.random.default_rng(0)
    for _ in range(20):
        sprite = random.integers(0, 4, (6, 6), np.uint8)
        for line in sprite_lines(sprite, PALETTE, depth=depth):
            assert "\x1b" not in line or line.endswith("\x1b[0m")


def test_256_colors_are_the_fixed_ones_that_look_most_alike():
    (line,) = sprite_lines(np.array([[1], [3]], np.uint8), PALETTE, depth=ColorDepth.ANSI256)
    assert cells(line) == [("5;196", "5;231", "▀")]


def test_without_color_lighter_is_denser_and_pixels_are_square():
    lines = sprite_lines(SPRITE, PALETTE, depth=ColorDepth.PLAIN)
    assert lines[0].startswith("  ")
    assert len(lines) == 3
    red, blue, white = lines[0][2], lines[1][2], lines[2][0]
    assert lines == ["  " + 4 * red, "  " + 2 * blue, 2 * white]
    ramp = " .:-=+*#%@"
    assert 0 < ramp.index(blue) < ramp.index(red) < ramp.index(white)


def test_plain_swatches_are_a_palette_file():
    palette = Palette.of([(255, 0, 77), (0, 228, 54, 128)])
    lines = swatch_lines(palette, depth=ColorDepth.PLAIN)
    assert lines == ["#ff004d", "#00e43680"]
    assert read_palette("\n".join(lines).encode()) == palette


def test_drawn_swatches_show_each_color_beside_its_name():
    lines = swatch_lines(PALETTE, depth=ColorDepth.TRUECOLOR, columns=2)
    assert lines == [
        "\x1b[38;2;255;0;0m██\x1b[0m #ff0000  \x1b[38;2;0;0;255m██\x1b[0m #0000ff",
        "\x1b[38;2;255;255;255m██\x1b[0m #ffffff",
    ]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([5.0], "▁"),
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([3, 3, 3], "▁▁▁"),
        ([8, 4, 2, 1, 1], "█▄▂▁▁"),
    ],
)
def test_a_sparkline_goes_from_lowest_to_highest(values: list[float], line: str) -> None:
    assert sparkline(values) == line


def test_a_sparkline_is_no_longer_than_asked() -> None:
    assert sparkline(range(1000), width=8) == "▁▂▃▄▅▆▇█"
