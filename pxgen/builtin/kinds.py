"""The legal combinations of every kind, as data.

A kind has colour choices, which recolour its ramp letters everywhere, and slots, each of which
shows exactly one of its options; ``""`` is the option of showing nothing. Within a kind every
choice is independent of the others except for the pairs of :data:`EXCLUDED`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Kind:
    """A family of characters."""

    name: str
    skins: tuple[str, ...]
    """Labels of the colour choices of ramp letters 1-3."""
    slots: tuple[tuple[str, ...], ...]
    """Options of each slot in drawing order, by label; ``""`` shows nothing and has no label."""
    tints: tuple[str, ...] = ()
    """Labels of the colour choices of ramp letters 5-7, where the kind has such a part."""
    bob: tuple[int, ...] = (0, 0, 0, 1, 1, 1, 1, 0)
    """Pixels by which the head is lower in each frame of the loop."""
    sway: tuple[int, ...] = (0,) * 8
    """Pixels by which the head is further right in each frame of the loop."""
    under: int = 1
    """Number of slots, counted from the first, that are drawn behind the head."""
    floats: bool = False
    """Whether the body moves with the head."""
    drop: int = 0
    """Pixels by which face and hats sit lower than usual."""


RAMPS: Final = {
    "skin-green": "eEZ",
    "skin-violet": "vMm",
    "skin-teal": "tAa",
    "skin-rose": "RPH",
    "skin-fair": "sSH",
    "skin-tan": "BTs",
    "skin-brown": "bBT",
    "skin-moss": "geE",
    "skin-grey": "DGL",
    "skin-red": "rRP",
    "skin-blue": "uUV",
    "shell-steel": "DGL",
    "shell-red": "rRP",
    "shell-blue": "uUV",
    "shell-gold": "oOY",
    "light-red": "rRP",
    "light-lime": "eZZ",
    "light-cyan": "tAa",
    "veil-white": "GLW",
    "veil-mint": "tAa",
    "veil-lilac": "vMm",
    "veil-sky": "uUV",
    "bone-ivory": "TSH",
    "bone-ash": "GLW",
    "bone-jade": "eEZ",
    "fur-brown": "bBT",
    "fur-black": "NDG",
    "fur-ginger": "oOY",
    "fur-cream": "TSH",
    "fur-grey": "DGL",
    "fur-blue": "uUV",
    "jelly-lime": "eEZ",
    "jelly-aqua": "tAa",
    "jelly-grape": "vMm",
    "jelly-cherry": "rRP",
    "hair-black": "NND",
    "hair-white": "GLW",
    "hair-blond": "oOY",
    "hair-red": "rRP",
    "hair-blue": "uUV",
}
"""Palette letters (dark, middle, light) of every colour choice."""

_HATS = (
    "hat-wizard",
    "hat-top",
    "hat-cowboy",
    "hat-crown",
    "hat-beanie",
    "hat-cap",
    "hat-viking",
    "hat-party",
    "hat-propeller",
)
_HAIR = ("hair-mohawk", "hair-spiky", "hair-bob", "hair-afro", "hair-bun", "hair-parted")
_GLASSES = ("glasses-3d", "glasses-shades", "glasses-nerd", "glasses-visor")
_EYES = ("eyes-round", "eyes-sleepy", "eyes-angry", "eyes-laser", "eyes-heart")
_MOUTHS = ("mouth-smile", "mouth-frown", "mouth-grin", "mouth-tongue", "mouth-fangs", "mouth-open")
_PIPE = ("mouth-pipe", "mouth-gum")
_NECK = ("", "neck-scarf", "neck-chain", "neck-bowtie", "neck-medal")
_ITEMS = ("", "item-wand", "item-flower", "item-sword", "item-candle", "item-balloon")

KINDS: Final = (
    Kind(
        "alien",
        ("skin-green", "skin-violet", "skin-teal", "skin-rose"),
        (
            _NECK,
            ("eyes-almond", "eyes-cyclops", *_EYES, *_GLASSES),
            _MOUTHS + _PIPE,
            ("", "antenna-twin", "antenna-bulb", *_HATS),
            _ITEMS,
        ),
    ),
    Kind(
        "robot",
        ("shell-steel", "shell-red", "shell-blue", "shell-gold"),
        (
            _NECK,
            (
                "eyes-led",
                "eyes-round",
                "eyes-angry",
                "eyes-laser",
                "eyes-heart",
                "eyes-cyclops",
                "glasses-3d",
                "glasses-shades",
            ),
            ("mouth-smile", "mouth-frown", "mouth-grin", "mouth-open", *_PIPE),
            ("", "antenna-dish", "antenna-bulb", *_HATS),
            _ITEMS,
        ),
        tints=("light-red", "light-lime", "light-cyan"),
        bob=(0, 0, 1, 1, 0, 0, 1, 1),
    ),
    Kind(
        "ghost",
        ("veil-white", "veil-mint", "veil-lilac", "veil-sky"),
        (
            _NECK,
            ("eyes-hollow", "eyes-cyclops", *_EYES, *_GLASSES),
            _MOUTHS + _PIPE,
            ("", "halo", *_HATS),
            _ITEMS,
        ),
        under=0,
        floats=True,
    ),
    Kind(
        "skeleton",
        ("bone-ivory", "bone-ash", "bone-jade"),
        (
            _NECK,
            ("eyes-hollow", "eyes-patch", *_EYES, *_GLASSES),
            ("mouth-grin", "mouth-frown", "mouth-smile", "mouth-fangs", "mouth-open", "mouth-pipe"),
            ("", "halo", *_HATS),
            _ITEMS,
        ),
    ),
    Kind(
        "zombie",
        ("skin-moss", "skin-grey", "skin-violet"),
        (
            _NECK,
            ("eyes-patch", *_EYES, *_GLASSES),
            _MOUTHS + _PIPE,
            ("", *_HAIR, *_HATS),
            _ITEMS,
        ),
        tints=("hair-black", "hair-white", "hair-red"),
        sway=(0, 0, 1, 1, 0, 0, -1, -1),
    ),
    Kind(
        "ape",
        ("fur-brown", "fur-black", "fur-ginger", "fur-grey"),
        (
            _NECK,
            ("eyes-patch", *_EYES, *_GLASSES),
            _MOUTHS + _PIPE,
            ("", *_HATS),
            _ITEMS,
        ),
    ),
    Kind(
        "human",
        ("skin-fair", "skin-tan", "skin-brown"),
        (
            _NECK,
            ("eyes-patch", *_EYES, *_GLASSES),
            ("", "beard-full", "beard-goatee", "beard-moustache"),
            _MOUTHS + _PIPE,
            ("", *_HAIR, *_HATS),
            _ITEMS,
        ),
        tints=("hair-black", "hair-white", "hair-blond", "hair-red", "hair-blue"),
    ),
    Kind(
        "slime",
        ("jelly-lime", "jelly-aqua", "jelly-grape", "jelly-cherry"),
        (
            ("", "core-bone", "core-coin", "core-heart", "core-fish"),
            ("eyes-cyclops", *_EYES, *_GLASSES),
            (*_MOUTHS, "mouth-pipe"),
            ("", "sprout", *_HATS),
            _ITEMS,
        ),
        under=0,
        drop=2,
    ),
    Kind(
        "cat",
        ("fur-grey", "fur-ginger", "fur-cream", "fur-black"),
        (
            _NECK,
            ("eyes-slit", "eyes-patch", *_EYES, *_GLASSES),
            _MOUTHS + _PIPE,
            ("", "hat-bow", *_HATS),
            _ITEMS,
        ),
    ),
    Kind(
        "imp",
        ("skin-red", "skin-violet", "skin-blue"),
        (
            _NECK,
            ("eyes-slit", "eyes-cyclops", *_EYES, *_GLASSES),
            _MOUTHS + _PIPE,
            ("", "halo", *_HATS),
            _ITEMS,
        ),
    ),
)

EXCLUDED: Final[tuple[tuple[str, str], ...]] = (
    ("beard-full", "hair-bob"),
    ("beard-goatee", "mouth-gum"),
)
"""Pairs of options that no character shows together."""
