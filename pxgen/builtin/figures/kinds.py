"""The legal combinations of figures, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_CHOICES = {
    "sSH": ("skin-fair",),
    "BTs": ("skin-tan",),
    "bBT": ("skin-brown", "fur-brown", "hair-brown"),
    "geE": ("skin-moss", "cloth-green", "scales-moss"),
    "eEZ": ("skin-green", "scales-green"),
    "DGL": ("skin-grey", "shell-steel", "fur-grey"),
    "tAa": ("skin-teal", "scales-teal", "cloth-teal"),
    "rRP": ("skin-red", "shell-red", "light-red", "hair-red", "cloth-red"),
    "vMm": ("skin-violet", "scales-violet", "cloth-violet"),
    "uUV": ("skin-blue", "shell-blue", "hair-blue", "cloth-blue"),
    "oOY": ("shell-gold", "fur-ginger", "hair-blond", "cloth-gold"),
    "GLW": ("bone-ash", "wrap-white", "hair-white", "fur-white", "cloth-white"),
    "TSH": ("bone-ivory", "wrap-linen", "fur-cream"),
    "eZZ": ("bone-jade", "light-lime"),
    "aaW": ("light-cyan",),
    "NND": ("hair-black",),
    "NDG": ("fur-black", "cloth-black"),
}
"""Ramps of three palette letters (dark, middle, light), and the colour choices that take each."""

RAMPS: Final = {choice: ramp for ramp, choices in _CHOICES.items() for choice in choices}
"""The ramp of every colour choice."""

RECOLORED: Final = {"cape-blue": ("cape-red", "rRP", "uUV")}
"""Options that are another's drawing with one ramp exchanged for another."""

_CLOTHS = (
    "cloth-red",
    "cloth-blue",
    "cloth-green",
    "cloth-violet",
    "cloth-gold",
    "cloth-white",
    "cloth-black",
)
_OUTFITS = (
    "outfit-robe",
    "outfit-dress",
    "outfit-armor",
    "outfit-vest",
    "outfit-sailor",
    "outfit-apron",
    "outfit-fur",
)
_BACKS = ("cape-red", "cape-blue", "pack", "quiver", "wings", "shell")
_HATS = (
    "hat-wizard",
    "hat-straw",
    "hat-crown",
    "hat-helm",
    "hat-horns",
    "hat-hood",
    "hat-bandana",
    "hat-cap",
    "hat-feather",
    "hat-ribbon",
)
_HAIR = ("hair-long", "hair-ponytail", "hair-braids", "hair-bob")
_CROWNS = ("hair-mohawk", "hair-spiky", "hair-bun", "hair-afro")
_FACES = ("face-patch", "face-glasses", "face-mask", "face-pipe")
_WEAPONS = ("sword", "axe", "staff", "spear", "torch", "bow", "rose")
_SHIELDS = ("shield-round", "shield-kite", "shield-tower", "lantern", "basket")
_HAIR_COLORS = ("hair-black", "hair-brown", "hair-blond", "hair-red", "hair-white", "hair-blue")

_BARE: Final = {"D": "2", "N": "1", "B": "2", "b": "1"}
"""Legs without clothes: trousers and boots in the first ramp."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A family of figures, whose options are named by their labels."""

    name: str
    skins: tuple[str, ...]
    """Colour choices of ramp letters 1-3."""
    tints: tuple[str, ...] = ("",)
    """Colour choices of ramp letters 5-7, where the kind has such a part."""
    hair: tuple[str, ...] = ()
    faces: tuple[str, ...] = _FACES
    crowns: tuple[str, ...] = ()
    """Options on its head besides hats."""
    legs: Mapping[str, str] = field(default_factory=dict)
    """Letters that are exchanged in its legs."""

    @property
    def colors(self) -> tuple[tuple[str, ...], ...]:
        """Choices of ramp letters 1-3, 5-7 and x-z."""
        return self.skins, self.tints, _CLOTHS

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """Options of each slot; ``""`` shows nothing and has no label."""
        named = {
            "outfit": _OUTFITS,
            "back": _BACKS,
            "face": self.faces,
            "hair": self.hair,
            "crown": (*self.crowns, *_HATS),
            "left": _SHIELDS,
            "right": _WEAPONS,
        }
        return tuple(("", *options) for options in named.values())


SLOTS: Final = ("outfit", "back", "face", "hair", "crown", "left", "right")
"""Names of the slots: the last two are what the hands hold."""

KINDS: Final = (
    Kind(
        name="human",
        skins=("skin-fair", "skin-tan", "skin-brown"),
        tints=_HAIR_COLORS,
        hair=_HAIR,
        faces=(*_FACES, "face-beard", "face-moustache", "face-freckles"),
        crowns=_CROWNS,
    ),
    Kind(
        name="elf",
        skins=("skin-fair", "skin-brown", "skin-violet"),
        tints=_HAIR_COLORS,
        hair=_HAIR,
        faces=(*_FACES, "face-freckles"),
        crowns=_CROWNS,
    ),
    Kind(
        name="dwarf",
        skins=("skin-fair", "skin-tan", "skin-brown"),
        tints=_HAIR_COLORS,
        crowns=_CROWNS,
        hair=("hair-braids", "hair-ponytail"),
    ),
    Kind(name="goblin", skins=("skin-green", "skin-moss", "skin-teal"), legs=_BARE),
    Kind(name="skeleton", skins=("bone-ivory", "bone-ash", "bone-jade"), legs=_BARE),
    Kind(
        name="robot",
        skins=("shell-steel", "shell-red", "shell-blue", "shell-gold"),
        tints=("light-red", "light-lime", "light-cyan"),
        legs=_BARE,
    ),
    Kind(
        name="cat",
        skins=("fur-grey", "fur-ginger", "fur-cream", "fur-black"),
        legs=_BARE,
    ),
    Kind(name="lizard", skins=("scales-green", "scales-teal", "scales-violet"), legs=_BARE),
    Kind(name="imp", skins=("skin-red", "skin-violet", "skin-blue"), legs=_BARE),
    Kind(name="mummy", skins=("wrap-linen", "wrap-white"), legs=_BARE),
)

_NEVER_WITH: Final = {
    "face-glasses": ("hat-helm", "hat-hood", "hat-horns", "hat-crown"),
    "face-mask": ("hat-helm", "hat-hood", "hat-horns", "hat-bandana", "hat-ribbon", "hat-cap"),
    "face-patch": ("hat-helm", "hat-ribbon", "hat-cap"),
    "face-pipe": ("hat-helm", "hat-hood", "hat-crown", "hat-ribbon"),
    "outfit-armor": ("hat-straw", "hat-cap", "hat-ribbon"),
    "shell": ("outfit-dress", "outfit-fur"),
    "wings": ("outfit-armor", "outfit-fur"),
    "shield-round": ("bow", "staff", "rose"),
    "shield-kite": ("bow", "staff", "rose", "torch"),
    "shield-tower": ("bow", "staff", "rose", "torch"),
    "lantern": ("bow", "torch"),
    "basket": ("axe", "bow", "spear"),
}

EXCLUDED: Final = tuple((one, other) for one in _NEVER_WITH for other in _NEVER_WITH[one])
"""Pairs of options that no figure shows together."""
