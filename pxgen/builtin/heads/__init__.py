"""The heads: portraits of 24 x 24 pixels with an idle loop of eight frames."""

from __future__ import annotations

from typing import Final

import numpy as np

from pxgen.arrays import Bytes
from pxgen.builtin.cast import Cast
from pxgen.builtin.colors import SEE_THROUGH
from pxgen.builtin.compose import Layer
from pxgen.builtin.grids import moved
from pxgen.builtin.heads.art import FRAMES, SIZE, drawings
from pxgen.builtin.heads.kinds import EXCLUDED, KINDS, RAMPS, Kind

_PARTS = ("body", "head")
_BODILY = ("body", "neck-", "core-")
"""Starts of the names of what bobs with the head only in kinds that float."""
_HELD = "item-"
"""Start of the names of what never bobs."""


def _layers(kind: Kind) -> list[Layer]:
    """From back to front."""
    slots = [
        Layer(np.stack([_loop(kind, name) for name in options]), number)
        for number, options in enumerate(kind.slots)
    ]
    body, head = (Layer(_loop(kind, part)[None]) for part in _PARTS)
    return [body, *slots[: kind.under], head, *slots[kind.under :]]


def _loop(kind: Kind, name: str) -> Bytes:
    """The option's ``(8, 576)`` symbols, moved as the kind moves; a kind's own drawing wins."""
    loop = np.full((FRAMES, SIZE, SIZE), SEE_THROUGH, np.uint8)
    own = f"{kind.name}.{name}"
    drawing = drawings().get(own, drawings().get(name, loop))
    rests = name.startswith(_HELD) or (name.startswith(_BODILY) and not kind.floats)
    drop = 0 if name.startswith((*_PARTS, *_BODILY, _HELD)) else kind.drop
    for frame in range(FRAMES):
        down, right = (0, 0) if rests else (kind.bob[frame], kind.sway[frame])
        loop[frame] = moved(drawing[frame], down + drop, right)
    return loop.reshape(FRAMES, -1)


HEADS: Final = Cast(
    name="heads",
    kinds=KINDS,
    excluded=EXCLUDED,
    ramps=RAMPS,
    layers=_layers,
    picture=(1, SIZE, SIZE),
    phases=FRAMES,
)
"""The cast of heads."""
