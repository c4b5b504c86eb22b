"""The built-in characters: hand-made pixel art in millions of legal combinations.

There are two casts: ``HEADS``, 24 x 24 pixels as stills or 8-frame idle loops, and ``FIGURES``,
16 x 24 pixels that walk in four directions. ``generate`` gives any number of distinct characters
with their labels from a seed; ``certify`` tells for any index map whether it is exactly one of
them and which labels it shows. Both take heads unless told otherwise.
"""

from typing import Final

from pxgen.builtin.cast import Cast
from pxgen.builtin.certify import Certificate, certify
from pxgen.builtin.colors import PALETTE
from pxgen.builtin.drawing import generate
from pxgen.builtin.figures import FIGURES
from pxgen.builtin.heads import HEADS

CASTS: Final = {cast.name: cast for cast in (HEADS, FIGURES)}
"""The built-in sets by name."""

TERMS: Final = {
    "license": "MIT",
    "author": "the pxgen authors",
    "origin": "characters that pxgen draws by code; no artist's work was used",
}
"""What datasets and models of the built-in characters tell of them."""

__all__ = [
    "CASTS",
    "FIGURES",
    "HEADS",
    "PALETTE",
    "TERMS",
    "Cast",
    "Certificate",
    "certify",
    "generate",
]
