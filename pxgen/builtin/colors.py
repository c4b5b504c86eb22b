"""The built-in palette: nine ramps on one dark outline, and the letters that draw with it."""

from __future__ import annotations

from typing import Final

from pxgen.palette.table import Palette

_RAMPS: Final = (
    # letters, colours from dark to light
    ("K", "1a1626"),
    ("NDGLW", "33304d 5b5b78 8a92ab c3cbd8 fbf6ea"),
    ("rRP", "8a2346 d6405a f792a0"),
    ("oOY", "b4532c f0953f ffdc68"),
    ("bBT", "4b2c38 7d4b42 b57f58"),
    ("sSH", "d9926b f2bf90 ffe3bf"),
    ("geEZ", "1f5551 33905a 76cc62 c9f57f"),
    ("tAa", "1e6b8c 37b6bb a2f2dd"),
    ("uUV", "34409c 5283ea a3cfff"),
    ("vMm", "5b2f86 9d57c8 dba2f4"),
)

LETTERS: Final = "".join(letters for letters, _ in _RAMPS)
"""The letter of every opaque palette entry in order: ``LETTERS[i]`` draws index ``i + 1``."""

PALETTE: Final = Palette.of(
    [bytes.fromhex(color) for _, colors in _RAMPS for color in colors.split()], "pxgen"
)
"""Transparent and 31 opaque colours."""

RAMPS: Final = tuple(letters for letters, _ in _RAMPS)
"""Letters of every ramp, from dark to light."""

RAMP_LETTERS: Final = ("123", "567", "xyz")
"""Letters of a character's first, second and third own colour, each from dark to light."""

SEE_THROUGH: Final = 255
"""The symbol of a layer's untouched pixels."""


def symbol(letter: str) -> int:
    """The symbol that a letter of an art file stands for.

    ``.`` is see-through, palette letters are their index, and the ramp letters follow the palette.

    Raises:
        ValueError: not a letter of the art files.
    """
    if letter == ".":
        return SEE_THROUGH
    return (LETTERS + "".join(RAMP_LETTERS)).index(letter) + 1
