"""The legal combinations of figures, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_CHOICES = {
    "sSH": ("skin-fair",),
    "BTs": ("skin-tan",),
    "bBT": ("skin-brown", "hair-brown"),
    "geE": ("skin-moss", "cloth-green"),
    "eEZ": ("skin-green", "scales-green"),
    "DGL": ("shell-steel", "fur-grey"),
    "tAa": ("skin-teal", "scales-teal"),
    "rRP": ("skin-red", "shell-red", "light-red", "hair-red", "cloth-red"),
    "vMm": ("skin-violet", "scales-violet", "cloth-violet"),
    "uUV": ("skin-blue", "shell-blue", "hair-blue", "cloth-blue"),
    "oOY": ("shell-gold", "fur-ginger", "hair-blond", "cloth-gold"),
    "GLW": ("bone-ash", "wrap-white", "hair-white", "cloth-white"),
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
        faces=(*_FACES, "face-beard", "face-moustache", "face-blush"),
        crowns=_CROWNS,
    ),
    Kind(
        name="elf",
        skins=("skin-fair", "skin-brown", "skin-violet"),
        tints=_HAIR_COLORS,
        hair=_HAIR,
        faces=(*_FACES, "face-blush"),
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

_ONLY_WITH: Final = (
    (
        _HATS,
        {
            "face-glasses": ("hat-wizard", "hat-cap"),
            "face-mask": ("hat-straw", "hat-feather"),
            "face-patch": ("hat-bandana", "hat-hood"),
            "face-pipe": ("hat-straw", "hat-feather"),
            "outfit-armor": ("hat-helm", "hat-horns", "hat-crown", "hat-hood", "hat-feather"),
        },
    ),
    (
        _BACKS,
        {
            "outfit-armor": ("cape-red", "cape-blue", "pack", "quiver"),
            "outfit-dress": ("cape-red", "cape-blue", "wings"),
            "outfit-fur": ("cape-red", "cape-blue", "pack", "quiver"),
        },
    ),
    (
        _WEAPONS,
        {
            "shield-round": ("sword", "axe", "spear"),
            "shield-kite": ("sword", "axe", "spear"),
            "shield-tower": ("sword", "spear"),
            "lantern": ("sword", "staff"),
            "basket": ("rose", "staff"),
        },
    ),
)
"""Options, and those of another slot that each may be shown with."""

_UNSEEN: Final = {
    (skin, color)
    for kind in KINDS
    for skin in kind.skins
    for color in (*kind.tints, *_CLOTHS)
    if color and RAMPS[skin] == RAMPS[color]
}
"""Colours of hair and clothes that a skin has, too."""

EXCLUDED: Final[tuple[tuple[str, str], ...]] = (
    *sorted(_UNSEEN),
    *(
        (option, other)
        for others, pairs in _ONLY_WITH
        for option, allowed in pairs.items()
        for other in others
        if other not in allowed
    ),
)
"""Pairs of options that no figure shows together."""
