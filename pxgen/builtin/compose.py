"""Compositing: from choices, by layers over each other, to index maps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from pxgen.arrays import Bytes, IndexMaps
from pxgen.builtin.art import FRAMES, SIZE, drawings
from pxgen.builtin.colors import PALETTE, RAMP_LETTERS, SEE_THROUGH, symbol
from pxgen.builtin.kinds import RAMPS, Kind
from pxgen.builtin.space import Space, spaces

PIXELS = SIZE * SIZE
_PARTS = ("body", "head")
_BODILY = ("body", "neck-", "core-")
"""Starts of the names of what bobs with the head only in kinds that float."""
_HELD = "item-"
"""Start of the names of what never bobs."""


@dataclass(frozen=True)
class Layer:
    """One sheet of the stack: a part of the kind itself, or the options of a slot."""

    symbols: Bytes
    """``(options, 8, 576) uint8`` symbols, one option for a part of the kind itself."""
    factor: int | None
    """Number of the factor that chooses the option; None for a part of the kind itself."""


class Stack:
    """The layers and colours of one kind."""

    def __init__(self, space: Space) -> None:
        self.space = space
        kind = space.kind
        slots = [
            Layer(np.stack([_loop(kind, name) for name in options]), number + 2)
            for number, options in enumerate(kind.slots)
        ]
        parts = [Layer(_loop(kind, part)[None], None) for part in _PARTS]
        self.layers = [parts[0], *slots[: kind.under], parts[1], *slots[kind.under :]]
        """From back to front."""
        self.inks = np.stack(
            [np.stack([_ink(skin, tint) for tint in kind.tints or ("",)]) for skin in kind.skins]
        )
        """``(skins, tints, 256) uint8``: the palette index of each symbol."""

    def symbols(self, choices: Bytes, frames: slice) -> Bytes:
        """``(n, factors)`` choices to ``(n, T, 576) uint8`` symbols of these frames."""
        count = len(range(FRAMES)[frames])
        seen = np.full((len(choices), count, PIXELS), SEE_THROUGH, np.uint8)
        for layer in self.layers:
            sheets = layer.symbols[:, frames]
            over = sheets[0] if layer.factor is None else sheets[choices[:, layer.factor]]
            np.copyto(seen, over, where=over != SEE_THROUGH)
        return seen

    def compose(self, choices: Bytes, frames: slice) -> IndexMaps:
        """``(n, factors)`` choices to ``(n, T, 576) uint8`` palette indices of these frames."""
        colors = choices[:, 0].astype(np.int32) * self.inks.shape[1] + choices[:, 1]
        # One lookup in all inks laid end to end, whatever mix of colours the rows have.
        entries = self.symbols(choices, frames) + 256 * colors[:, None, None]
        drawn: IndexMaps = self.inks.reshape(-1).take(entries)
        return drawn


def _ink(skin: str, tint: str) -> Bytes:
    ink = np.zeros(256, np.uint8)
    ink[: len(PALETTE)] = np.arange(len(PALETTE))
    colors = RAMPS[skin] + (RAMPS[tint] if tint else "")
    for ramp, letter in zip(RAMP_LETTERS, colors, strict=False):
        ink[symbol(ramp)] = symbol(letter)
    return ink


def _loop(kind: Kind, name: str) -> Bytes:
    """The option's ``(8, 576)`` symbols, moved as the kind moves; a kind's own drawing wins."""
    loop = np.full((FRAMES, SIZE, SIZE), SEE_THROUGH, np.uint8)
    own = f"{kind.name}.{name}"
    drawing = drawings().get(own, drawings().get(name, loop))
    rests = name.startswith(_HELD) or (name.startswith(_BODILY) and not kind.floats)
    drop = 0 if name.startswith((*_PARTS, *_BODILY, _HELD)) else kind.drop
    for frame in range(FRAMES):
        down, right = (0, 0) if rests else (kind.bob[frame], kind.sway[frame])
        loop[frame] = _moved(drawing[frame], down + drop, right)
    return loop.reshape(FRAMES, PIXELS)


def _moved(symbols: Bytes, down: int, right: int) -> Bytes:
    moved = np.full_like(symbols, SEE_THROUGH)
    kept = symbols[: SIZE - down, max(0, -right) : SIZE - max(0, right)]
    left = max(0, right)
    moved[down:, left : left + kept.shape[1]] = kept
    return moved


@cache
def stacks() -> tuple[Stack, ...]:
    """The layers of each kind, in the order of ``KINDS``."""
    return tuple(Stack(space) for space in spaces())
