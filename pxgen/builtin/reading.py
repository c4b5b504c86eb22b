"""Reads a character's choices off its pixels.

The art is made so that every choice has pixels of its own: both colours show in pixels that no
slot can touch, and each slot's option shows in pixels that no other slot can touch. So the choices
are read one by one, without search, and drawing them again proves the reading.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from pxgen.arrays import Bools, Bytes, IndexMaps
from pxgen.builtin.cast import Cast
from pxgen.builtin.colors import SEE_THROUGH
from pxgen.builtin.compose import Stack

_CANDIDATES = 3
"""Best-fitting (kind, phase, colours) that are tried in full for an illegal map."""


@dataclass(frozen=True)
class CharacterFit:
    """A legal character fitted to pixels."""

    stack: Stack
    row: Bytes
    """``(factors,) uint8`` choices."""
    phase: int
    distance: int
    """Pixels that differ."""
    settled: bool
    """True if no other choices are known to be nearer in this phase."""

    def in_phase(self, pixels: IndexMaps) -> CharacterFit:
        """The same character in the phase that agrees best."""
        wrong = (self.stack.compose(self.row[None], slice(self.stack.phases))[0] != pixels).sum(
            axis=1
        )
        phase = int(wrong.argmin())
        if wrong[phase] >= self.distance:
            return self
        return replace(self, phase=phase, distance=int(wrong[phase]), settled=False)

    def improved(self, pixels: IndexMaps) -> CharacterFit:
        """The nearest character by changing one choice at a time, until no change helps."""
        best = self
        while not best.settled:
            rows = best._neighbours()
            wrong = (self.stack.compose(rows, _frame(self.phase))[:, 0] != pixels).sum(axis=1)
            nearest = int(wrong.argmin())
            settled = bool(wrong[nearest] >= best.distance)
            if not settled:
                best = replace(best, row=rows[nearest], distance=int(wrong[nearest]))
            best = replace(best, settled=settled)
        return best

    def _neighbours(self) -> Bytes:
        """``(n, factors)``: the legal rows that differ from this one in one choice at most."""
        space = self.stack.space
        sizes = [len(options) for options in space.factors]
        rows = np.repeat(self.row[None], sum(sizes), axis=0)
        first = 0
        for factor, size in enumerate(sizes):
            rows[first : first + size, factor] = np.arange(size)
            first += size
        return rows[space.legal(rows)]


class KindReader:
    """Fits characters of one kind in one phase to pixels."""

    def __init__(self, stack: Stack, phase: int) -> None:
        self.stack = stack
        self.phase = phase
        touched = self._touched()
        self.fixed = np.flatnonzero(~touched.any(axis=0))
        """Pixels that the kind and its colours alone decide."""
        touching = touched.sum(axis=0)
        alone = touching == 1
        self.shared = touching > 1
        """``(pixels,)``: pixels that several slots can touch."""
        self.owned = [np.flatnonzero(slot & alone) for slot in touched]
        """For each slot the pixels that no other slot can touch."""
        ground = np.zeros(len(stack.space.factors), np.uint8)[None]
        self.templates = stack.inks[:, self._symbols(ground)[0, self.fixed]]
        """``(colours, fixed)``: the kind's fixed pixels in every mix of colours."""
        self.signs = [self._signs(slot) for slot in range(len(touched))]
        """For each slot ``(options, owned)``: symbols of its own pixels for every option."""

    def _touched(self) -> Bools:
        """``(slots, pixels)``: what an option of the slot covers and no part of the kind hides."""
        slots = len(self.stack.space.kind.slots)
        touched = np.zeros((slots, self.stack.pixels), np.bool_)
        hidden = np.zeros(self.stack.pixels, np.bool_)
        for layer in reversed(self.stack.layers):
            covers = (layer.symbols[:, self.phase] != SEE_THROUGH).any(axis=0)
            if layer.slot is None:
                hidden |= covers
            else:
                touched[layer.slot] |= covers & ~hidden
        return touched

    def _symbols(self, rows: Bytes) -> Bytes:
        """``(n, factors)`` choices to ``(n, pixels)`` symbols of this phase."""
        return self.stack.symbols(rows, _frame(self.phase))[:, 0]

    def _signs(self, slot: int) -> Bytes:
        space = self.stack.space
        options = len(space.kind.slots[slot])
        rows = np.zeros((options, len(space.factors)), np.uint8)
        rows[:, space.first_slot + slot] = np.arange(options)
        return self._symbols(rows)[:, self.owned[slot]]

    def read(self, pixels: IndexMaps, colors: int) -> CharacterFit:
        """The character whose options' own pixels agree best with ``pixels`` in these colours."""
        space, ink = self.stack.space, self.stack.inks[colors]
        row = np.zeros(len(space.factors), np.uint8)
        row[: space.first_slot] = self.stack.color_choices(colors)
        for slot, (owned, signs) in enumerate(zip(self.owned, self.signs, strict=True)):
            wrong = ink[signs] != pixels[owned]
            row[space.first_slot + slot] = wrong.sum(axis=1).argmin()
        legal = bool(space.legal(row[None])[0])
        if not legal:
            row = self._allowed(row)
        off = self.stack.compose(row[None], _frame(self.phase))[0, 0] != pixels
        # Pixels that one slot alone decides already agree as well as they can.
        settled = legal and not off[self.shared].any() and not off[self.fixed].any()
        return CharacterFit(self.stack, row, self.phase, int(off.sum()), settled)

    def _allowed(self, row: Bytes) -> Bytes:
        """The row with options of excluded pairs exchanged for others until none is left."""
        space = self.stack.space
        for a, x, b, y in space.excluded:
            if row[a] == x and row[b] == y:
                count = len(space.factors[b])
                others = np.repeat(row[None], count - 1, axis=0)
                others[:, b] = (y + np.arange(1, count)) % count
                row = others[space.faults(others).argmin()]
        return row


def _frame(phase: int) -> slice:
    return slice(phase, phase + 1)


@cache
def readers(cast: Cast) -> list[KindReader]:
    """A reader of every kind in every phase."""
    return [KindReader(stack, phase) for phase in range(cast.phases) for stack in cast.stacks]


@cache
def _colored(cast: Cast) -> list[tuple[KindReader, int]]:
    """Every reader in every mix of colours."""
    return [(reader, number) for reader in readers(cast) for number in range(len(reader.templates))]


def candidates(cast: Cast, pixels: IndexMaps) -> list[tuple[KindReader, int]]:
    """The readers and colours that fit the fixed pixels of a ``(pixels,)`` map, best first.

    All that fit without a wrong pixel are among them, so a legal map is never missed.
    """
    fits = [(reader.templates != pixels[reader.fixed]).mean(axis=1) for reader in readers(cast)]
    wrong = np.concatenate(fits)
    order = np.argsort(wrong, kind="stable")
    count = max(_CANDIDATES, int((wrong == 0).sum()))
    return [_colored(cast)[number] for number in order[:count]]
