"""The legal combinations of every kind, as data.

A kind has colour choices, which recolour its ramp letters everywhere, and slots, each of which
shows exactly one of its options; ``""`` is the option of showing nothing. Within a kind every
choice is independent of the others except for the pairs of :data:`EXCLUDED`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_CHOICES = {
    "eEZ": ("skin-green", "bone-jade", "jelly-lime"),
    "vMm": ("skin-violet", "veil-lilac", "jelly-grape"),
    "tAa": ("skin-teal", "light-cyan", "veil-mint", "jelly-aqua"),
    "RPH": ("skin-rose",),
    "sSH": ("skin-fair",),
    "BTs": ("skin-tan",),
    "bBT": ("skin-brown", "fur-brown"),
    "geE": ("skin-moss",),
    "DGL": ("skin-grey", "shell-steel", "fur-grey"),
    "rRP": ("skin-red", "shell-red", "light-red", "jelly-cherry", "hair-red"),
    "uUV": ("skin-blue", "shell-blue", "veil-sky", "fur-blue", "hair-blue"),
    "oOY": ("shell-gold", "fur-ginger", "hair-blond"),
    "eZZ": ("light-lime",),
    "GLW": ("veil-white", "bone-ash", "hair-white"),
    "TSH": ("bone-ivory", "fur-cream"),
    "NDG": ("fur-black",),
    "NND": ("hair-black",),
}
"""Ramps of three palette letters (dark, middle, light), and the colour choices that take each."""

RAMPS: Final = {choice: ramp for ramp, choices in _CHOICES.items() for choice in choices}
"""The ramp of every colour choice."""

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
_EYES = ("eyes-round", "eyes-sleepy", "eyes-angry", "eyes-laser", "eyes-heart", *_GLASSES)
_MOUTHS = ("mouth-smile", "mouth-frown", "mouth-grin", "mouth-tongue", "mouth-fangs", "mouth-open")
_PIPE = ("mouth-pipe", "mouth-gum")
_NECK = ("neck-scarf", "neck-chain", "neck-bowtie", "neck-medal")
_ITEMS = ("item-wand", "item-flower", "item-sword", "item-candle", "item-balloon")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A family of characters, whose options are named by their labels."""

    name: str
    skins: tuple[str, ...]
    """Colour choices of ramp letters 1-3."""
    tints: tuple[str, ...] = ()
    """Colour choices of ramp letters 5-7, where the kind has such a part."""
    neck: tuple[str, ...] = _NECK
    eyes: tuple[str, ...]
    beards: tuple[str, ...] = ()
    mouths: tuple[str, ...] = (*_MOUTHS, *_PIPE)
    crowns: tuple[str, ...] = ()
    """Options on its head besides hats."""
    bob: tuple[int, ...] = (0, 0, 0, 1, 1, 1, 1, 0)
    """Pixels by which the head is lower in each frame of the loop."""
    sway: tuple[int, ...] = (0,) * 8
    """Pixels by which the head is further right in each frame of the loop."""
    under: int = 1
    """Number of slots, counted from the first, that are drawn behind the head."""
    floats: bool = False
    """True where the body moves with the head."""
    drop: int = 0
    """Pixels by which face and hats sit lower than usual."""

    @property
    def colors(self) -> tuple[tuple[str, ...], ...]:
        """Choices of ramp letters 1-3 and 5-7; ``""`` where the kind has no such part."""
        return self.skins, self.tints or ("",)

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """Options of each slot in drawing order; ``""`` shows nothing and has no label."""
        beards = (("", *self.beards),) if self.beards else ()
        crowns = ("", *self.crowns, *_HATS)
        return ("", *self.neck), self.eyes, *beards, self.mouths, crowns, ("", *_ITEMS)


KINDS: Final = (
    Kind(
        name="alien",
        skins=("skin-green", "skin-violet", "skin-teal", "skin-rose"),
        eyes=("eyes-almond", "eyes-cyclops", *_EYES),
        crowns=("antenna-twin", "antenna-bulb"),
    ),
    Kind(
        name="robot",
        skins=("shell-steel", "shell-red", "shell-blue", "shell-gold"),
        tints=("light-red", "light-lime", "light-cyan"),
        eyes=(
            "eyes-led",
            "eyes-round",
            "eyes-angry",
            "eyes-laser",
            "eyes-heart",
            "eyes-cyclops",
            "glasses-3d",
            "glasses-shades",
        ),
        mouths=("mouth-smile", "mouth-frown", "mouth-grin", "mouth-open", *_PIPE),
        crowns=("antenna-dish", "antenna-bulb"),
        bob=(0, 0, 1, 1, 0, 0, 1, 1),
    ),
    Kind(
        name="ghost",
        skins=("veil-white", "veil-mint", "veil-lilac", "veil-sky"),
        eyes=("eyes-hollow", "eyes-cyclops", *_EYES),
        crowns=("halo",),
        under=0,
        floats=True,
    ),
    Kind(
        name="skeleton",
        skins=("bone-ivory", "bone-ash", "bone-jade"),
        eyes=("eyes-hollow", "eyes-patch", *_EYES),
        mouths=(
            "mouth-grin",
            "mouth-frown",
            "mouth-smile",
            "mouth-fangs",
            "mouth-open",
            "mouth-pipe",
        ),
        crowns=("halo",),
    ),
    Kind(
        name="zombie",
        skins=("skin-moss", "skin-grey", "skin-violet"),
        tints=("hair-black", "hair-white", "hair-red"),
        eyes=("eyes-patch", *_EYES),
        crowns=_HAIR,
        sway=(0, 0, 1, 1, 0, 0, -1, -1),
    ),
    Kind(
        name="ape",
        skins=("fur-brown", "fur-black", "fur-ginger", "fur-grey"),
        eyes=("eyes-patch", *_EYES),
    ),
    Kind(
        name="human",
        skins=("skin-fair", "skin-tan", "skin-brown"),
        tints=("hair-black", "hair-white", "hair-blond", "hair-red", "hair-blue"),
        eyes=("eyes-patch", *_EYES),
        beards=("beard-full", "beard-goatee", "beard-moustache"),
        crowns=_HAIR,
    ),
    Kind(
        name="slime",
        skins=("jelly-lime", "jelly-aqua", "jelly-grape", "jelly-cherry"),
        neck=("core-bone", "core-coin", "core-heart", "core-fish"),
        eyes=("eyes-cyclops", *_EYES),
        mouths=(*_MOUTHS, "mouth-pipe"),
        crowns=("sprout",),
        under=0,
        drop=2,
    ),
    Kind(
        name="cat",
        skins=("fur-grey", "fur-ginger", "fur-cream", "fur-black"),
        eyes=("eyes-slit", "eyes-patch", *_EYES),
        crowns=("hat-bow",),
    ),
    Kind(
        name="imp",
        skins=("skin-red", "skin-violet", "skin-blue"),
        eyes=("eyes-slit", "eyes-cyclops", *_EYES),
        crowns=("halo",),
    ),
)

EXCLUDED: Final[tuple[tuple[str, str], ...]] = (
    ("beard-full", "hair-bob"),
    ("beard-goatee", "mouth-gum"),
)
"""Pairs of options that no character shows together."""
