"""The figures: whole characters of 16 x 24 pixels that walk in four directions.

A figure is sixteen frames, called ``down/0`` ... ``up/3`` (:data:`FRAME_NAMES`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from pxgen.arrays import Bytes
from pxgen.builtin.cast import Cast
from pxgen.builtin.colors import SEE_THROUGH, symbol
from pxgen.builtin.compose import Layer
from pxgen.builtin.figures.art import Sheet, parts_of
from pxgen.builtin.figures.kinds import EXCLUDED, KINDS, RAMPS, RECOLORED, SLOTS, Kind
from pxgen.builtin.figures.walk import (
    FRAME_NAMES,
    HEIGHT,
    STEPS,
    VIEWS,
    WIDTH,
    bobbing,
    carried,
)

_ORDER: Final = (
    "right@far",
    "left@far",
    "back@under",
    "tail@under",
    "arms@far",
    "legs",
    "outfit@legs",
    "torso",
    "outfit",
    "arms",
    "outfit@over",
    "back",
    "tail",
    "head",
    "face",
    "hair",
    "crown",
    "left",
    "right",
)
"""Parts and slots at their levels, from back to front."""
_FAR: Final = {"right": ("left", "up"), "left": ("right", "up")}
"""Views in which the body is in front of what a hand holds."""


def _layers(kind: Kind) -> list[Layer]:
    """From back to front."""
    layers = []
    for place in _ORDER:
        stem, _, level = place.partition("@")
        slot = SLOTS.index(stem) if stem in SLOTS else None
        options = (stem,) if slot is None else kind.slots[slot]
        symbols = np.stack([_picture(kind, option, stem, level) for option in options])
        if (symbols != SEE_THROUGH).any():
            layers.append(Layer(symbols[:, None], slot))
    return layers


def _picture(kind: Kind, option: str, stem: str, level: str) -> Bytes:
    """``(6144,)``: all frames of an option at one level; a kind's own drawing wins."""
    name, old, new = RECOLORED.get(option, (option, "", ""))
    parts = parts_of(f"{kind.name}.{name}") or parts_of(name)
    held = stem in _FAR
    sheet = parts.get("" if held else level, {})
    frames = np.full((len(VIEWS), STEPS, HEIGHT, WIDTH), SEE_THROUGH, np.uint8)
    for number, view in enumerate(VIEWS):
        if view not in sheet or (held and (view in _FAR[stem]) != (level == "far")):
            continue
        for step in range(STEPS):
            frames[number, step] = _moved(sheet, stem, level, view, step)
    swaps = kind.legs if stem == "legs" else dict(zip(old, new, strict=True))
    return _exchanged(frames, swaps).reshape(-1)


def _moved(sheet: Sheet, stem: str, level: str, view: str, step: int) -> Bytes:
    drawing: Bytes = sheet[view][step]
    if stem in _FAR:
        return carried(drawing, view, step, left=stem == "left")
    return drawing if "legs" in (stem, level) else bobbing(drawing, step)


def _exchanged(symbols: Bytes, swaps: Mapping[str, str]) -> Bytes:
    table = np.arange(256, dtype=np.uint8)
    for old, new in swaps.items():
        table[symbol(old)] = symbol(new)
    exchanged: Bytes = table[symbols]
    return exchanged


FIGURES: Final = Cast(
    name="figures",
    kinds=KINDS,
    excluded=EXCLUDED,
    ramps=RAMPS,
    layers=_layers,
    picture=(len(FRAME_NAMES), HEIGHT, WIDTH),
    phases=1,
    frame_names=FRAME_NAMES,
)
"""The cast of figures."""

__all__ = ["FIGURES", "FRAME_NAMES"]
