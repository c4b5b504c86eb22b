"""Index maps for figures: shades of a signed quantity, dots, bars, a tiny font."""

from __future__ import annotations

import numpy as np

from pxgen.arrays import F32, IndexMaps
from pxgen.palette import Palette

LEVELS = 24
"""Shades on either side of zero."""
INK, PAPER = 1, 2
FIRST = 3
"""The entry of the deepest negative shade; zero is ``FIRST + LEVELS``."""
DOTS = FIRST + 2 * LEVELS + 1
"""The first of three colours for quantities without a sign."""
COLORS = ((214, 69, 65), (52, 132, 92), (56, 97, 190))

GLYPHS = {
    "A": "010101111101101", "B": "110101110101110", "C": "011100100100011",
    "D": "110101101101110", "E": "111100110100111", "F": "111100110100100",
    "G": "011100101101011", "H": "101101111101101", "I": "111010010010111",
    "J": "001001001101010", "K": "101101110101101", "L": "100100100100111",
    "M": "101111111101101", "N": "110101101101101", "O": "010101101101010",
    "P": "110101110100100", "Q": "010101101110011", "R": "110101110101101",
    "S": "011100010001110", "T": "111010010010010", "U": "101101101101111",
    "V": "101101101101010", "W": "101101111111101", "X": "101101010101101",
    "Y": "101101010010010", "Z": "111001010100111", "0": "111101101101111",
    "1": "010110010010111", "2": "110001010100111", "3": "110001010001110",
    "4": "101101111001001", "5": "111100110001110", "6": "011100111101111",
    "7": "111001010010010", "8": "111101111101111", "9": "111101111001110",
    ".": "000000000000010", "-": "000000111000000", "=": "000111000111000",
    "/": "001001010100100", "\\": "100100010001001", ":": "000010000010000",
}  # fmt: skip
"""Three columns and five rows a letter."""
LETTER = 4
"""Pixels from one letter to the next."""


def figure_palette() -> Palette:
    """Ink, paper, red shades for negative, blue shades for positive values, and three dots."""
    paper, red, blue = (
        np.array(color) for color in ((246, 244, 238), (178, 24, 43), (33, 82, 172))
    )
    steps = np.linspace(0, 1, LEVELS + 1)[1:, None]
    below = np.rint(paper + (red - paper) * steps[::-1])
    above = np.rint(paper + (blue - paper) * steps)
    rows = [(38, 34, 43), tuple(paper), *below, tuple(paper - 1), *above, *COLORS]
    return Palette.of([tuple(int(v) for v in row) for row in rows], "figure")


def shades(values: F32, scale: float) -> IndexMaps:
    """Palette entries of ``(...)`` signed values; ``scale`` is the deepest shade."""
    level = np.rint(np.clip(values / scale, -1, 1) * LEVELS).astype(np.int64)
    return np.asarray(level + FIRST + LEVELS, np.uint8)


def sheet(height: int, width: int) -> IndexMaps:
    """``(H, W) uint8``: an empty page."""
    return np.full((height, width), PAPER, np.uint8)


def paste(page: IndexMaps, figure: IndexMaps, top: int, left: int, *, frame: bool = True) -> None:
    """Put a figure on the page, with a line of ink around it."""
    height, width = figure.shape
    if frame:
        page[top - 1 : top + height + 1, left - 1 : left + width + 1] = INK
    page[top : top + height, left : left + width] = figure


def write(page: IndexMaps, text: str, top: int, left: int, ink: int = INK) -> None:
    """Write in capitals; a letter that the font lacks is a space."""
    for letter in text.upper():
        bits = GLYPHS.get(letter)
        if bits is not None:
            glyph = np.array([bit == "1" for bit in bits]).reshape(5, 3)
            page[top : top + 5, left : left + 3][glyph] = ink
        left += LETTER
