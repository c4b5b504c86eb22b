"""Compositing: from choices, by layers over each other, to index maps.

What is composed is a picture: one frame of a head, or all frames of a figure at once. A character
has one picture for every phase of its loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from pxgen.arrays import Bytes, IndexMaps
from pxgen.builtin.colors import PALETTE, RAMP_LETTERS, SEE_THROUGH, symbol
from pxgen.builtin.space import Space


@dataclass(frozen=True)
class Layer:
    """One sheet of the stack: a part of the kind itself, or the options of a slot."""

    symbols: Bytes
    """``(options, phases, pixels) uint8`` symbols, one option for a part of the kind itself."""
    slot: int | None = None
    """Number of the slot that chooses the option; None for a part of the kind itself."""


class Stack:
    """The layers and colours of one kind.

    Args:
        space: the choices.
        layers: from back to front; a slot may have several.
        ramps: the three palette letters of every colour choice, dark to light.
    """

    def __init__(self, space: Space, layers: Sequence[Layer], ramps: Mapping[str, str]) -> None:
        self.space = space
        self.layers = layers
        self.phases, self.pixels = layers[0].symbols.shape[1:]
        self.inks = np.stack(
            [_ink([ramps.get(color, "") for color in colors]) for colors in product(*self._colors)]
        )
        """``(colours, 256) uint8``: the palette index of each symbol in every mix of colours."""

    @property
    def _colors(self) -> tuple[tuple[str, ...], ...]:
        return self.space.factors[: self.space.first_slot]

    def color_number(self, choices: Bytes) -> Bytes:
        """``(n, factors)`` choices to the ``(n,)`` numbers of their rows of ``inks``."""
        sizes = [len(options) for options in self._colors]
        chosen = choices[:, : len(sizes)].astype(np.intp)
        numbers: Bytes = np.ravel_multi_index(tuple(chosen.T), sizes)
        return numbers

    def color_choices(self, number: int) -> tuple[int, ...]:
        """The choices of colours that one row of ``inks`` stands for."""
        sizes = [len(options) for options in self._colors]
        return tuple(int(choice) for choice in np.unravel_index(number, sizes))

    def symbols(self, choices: Bytes, phases: slice) -> Bytes:
        """``(n, factors)`` choices to ``(n, T, pixels) uint8`` symbols of these phases."""
        count = len(range(self.phases)[phases])
        seen = np.full((len(choices), count, self.pixels), SEE_THROUGH, np.uint8)
        for layer in self.layers:
            sheets = layer.symbols[:, phases]
            chosen = 0 if layer.slot is None else choices[:, self.space.first_slot + layer.slot]
            np.copyto(seen, sheets[chosen], where=sheets[chosen] != SEE_THROUGH)
        return seen

    def compose(self, choices: Bytes, phases: slice) -> IndexMaps:
        """``(n, factors)`` choices to ``(n, T, pixels) uint8`` palette indices of these phases."""
        colors = self.color_number(choices).astype(np.int32)
        # One lookup in all inks laid end to end, whatever mix of colours the rows have.
        entries = self.symbols(choices, phases) + 256 * colors[:, None, None]
        drawn: IndexMaps = self.inks.reshape(-1).take(entries)
        return drawn


def _ink(ramps: Sequence[str]) -> Bytes:
    ink = np.zeros(256, np.uint8)
    ink[: len(PALETTE)] = np.arange(len(PALETTE))
    for places, ramp in zip(RAMP_LETTERS, ramps, strict=False):
        for place, letter in zip(places, ramp, strict=bool(ramp)):
            ink[symbol(place)] = symbol(letter)
    return ink
