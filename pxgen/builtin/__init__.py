"""The built-in characters: hand-made pixel art in millions of legal combinations.

``generate`` gives any number of distinct 24 x 24 characters with their labels from a seed, as
stills or as 8-frame idle loops; ``certify`` tells for any index map whether it is exactly one of
them and which labels it shows.
"""

from typing import Final

from pxgen.builtin.art import FRAMES, SIZE
from pxgen.builtin.certify import Certificate, certify
from pxgen.builtin.colors import PALETTE
from pxgen.builtin.drawing import count_legal, generate
from pxgen.builtin.kinds import KINDS
from pxgen.builtin.space import LABELS

KIND_NAMES: Final[tuple[str, ...]] = tuple(kind.name for kind in KINDS)
"""Names of the kinds, in the order of their labels."""

__all__ = [
    "FRAMES",
    "KIND_NAMES",
    "LABELS",
    "PALETTE",
    "SIZE",
    "Certificate",
    "certify",
    "count_legal",
    "generate",
]
