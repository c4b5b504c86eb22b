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
from pxgen.builtin.art import FRAMES
from pxgen.builtin.colors import SEE_THROUGH
from pxgen.builtin.compose import PIXELS, Stack, stacks

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
    """True if no other options can be nearer with these colours in this phase."""

    def in_phase(self, pixels: IndexMaps) -> CharacterFit:
        """The same character in the phase that agrees best."""
        wrong = (self.stack.compose(self.row[None], slice(FRAMES))[0] != pixels).sum(axis=1)
        phase = int(wrong.argmin())
        if wrong[phase] >= self.distance:
            return self
        return replace(self, phase=phase, distance=int(wrong[phase]), settled=False)

    def improved(self, pixels: IndexMaps) -> CharacterFit:
        """The nearest character by changing one option at a time, until no change helps."""
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
        """``(n, factors)``: the legal rows that differ from this one in one slot at most."""
        sizes = [len(options) for options in self.stack.space.kind.slots]
        rows = np.repeat(self.row[None], sum(sizes), axis=0)
        first = 0
        for slot, size in enumerate(sizes):
            rows[first : first + size, slot + 2] = np.arange(size)
            first += size
        return rows[self.stack.space.legal(rows)]


class KindReader:
    """Fits characters of one kind in one phase to pixels."""

    def __init__(self, stack: Stack, phase: int) -> None:
        self.stack = stack
        self.phase = phase
        touched = self._touched()
        self.fixed = np.logical_not(touched.any(axis=0), dtype=np.bool_)
        """``(576,)``: pixels that the kind and its colours alone decide."""
        touching = touched.sum(axis=0)
        alone = touching == 1
        self.shared = touching > 1
        """``(576,)``: pixels that several slots can touch."""
        self.owned = [np.flatnonzero(slot & alone) for slot in touched]
        """For each slot the pixels that no other slot can touch."""
        ground = self._compose(np.zeros(len(stack.space.factors), np.uint8)[None])
        self.templates = ground.reshape(-1, PIXELS)
        """``(skins * tints, 576)``: the kind in every colour; read its fixed pixels only."""
        self.signs = [self._signs(slot) for slot in range(len(touched))]
        """For each slot ``(skins * tints, options, owned)``: its own pixels for every option."""

    def _touched(self) -> Bools:
        """``(slots, 576)``: what some option of the slot covers and no part of the kind hides."""
        touched = np.zeros((len(self.stack.space.kind.slots), PIXELS), np.bool_)
        hidden = np.zeros(PIXELS, np.bool_)
        for layer in reversed(self.stack.layers):
            covers = (layer.symbols[:, self.phase] != SEE_THROUGH).any(axis=0)
            if layer.factor is None:
                hidden |= covers
            else:
                touched[layer.factor - 2] = covers & ~hidden
        return touched

    def _compose(self, rows: Bytes) -> IndexMaps:
        """``(n, factors)`` choices to ``(skins, tints, n, 576)`` indices in every colour."""
        return self.stack.inks[:, :, self.stack.symbols(rows, _frame(self.phase))[:, 0]]

    def _signs(self, slot: int) -> IndexMaps:
        options = len(self.stack.space.kind.slots[slot])
        rows = np.zeros((options, len(self.stack.space.factors)), np.uint8)
        rows[:, slot + 2] = np.arange(options)
        drawn = self._compose(rows)[..., self.owned[slot]]
        return drawn.reshape(-1, options, len(self.owned[slot]))

    def read(self, pixels: IndexMaps, colors: int) -> CharacterFit:
        """The character whose options' own pixels agree best with ``pixels`` in these colours."""
        space = self.stack.space
        row = np.zeros(len(space.factors), np.uint8)
        row[0], row[1] = divmod(colors, len(space.factors[1]))
        for slot, (owned, signs) in enumerate(zip(self.owned, self.signs, strict=True)):
            row[slot + 2] = (signs[colors] != pixels[owned]).sum(axis=1).argmin()
        legal = bool(space.legal(row[None])[0])
        if not legal:
            row = self._allowed(row)
        wrong = self.stack.compose(row[None], _frame(self.phase))[0, 0] != pixels
        # Pixels that one slot alone decides already agree as well as they can.
        settled = legal and not wrong[self.shared].any()
        return CharacterFit(self.stack, row, self.phase, int(wrong.sum()), settled)

    def _allowed(self, row: Bytes) -> Bytes:
        """The row with the later option of every excluded pair exchanged for its neighbour."""
        allowed = row.copy()
        for a, x, b, y in self.stack.space.excluded:
            if allowed[a] == x and allowed[b] == y:
                allowed[b] = (y + 1) % len(self.stack.space.factors[b])
        return allowed


def _frame(phase: int) -> slice:
    return slice(phase, phase + 1)


@cache
def _readers() -> tuple[list[tuple[KindReader, int]], IndexMaps, Bools]:
    """Every reader in every colour, ``(n, 576)`` maps of them, and which pixels are fixed."""
    readers = [
        (reader, colors)
        for phase in range(FRAMES)
        for reader in (KindReader(stack, phase) for stack in stacks())
        for colors in range(len(reader.templates))
    ]
    templates = np.stack([reader.templates[colors] for reader, colors in readers])
    return readers, templates, np.stack([reader.fixed for reader, _ in readers])


def candidates(pixels: IndexMaps) -> list[tuple[KindReader, int]]:
    """The readers and colours that fit the fixed pixels of a ``(576,) uint8`` map, best first.

    All that fit without a wrong pixel are among them, so a legal map is never missed.
    """
    readers, templates, fixed = _readers()
    wrong = ((templates != pixels) & fixed).sum(axis=1) / fixed.sum(axis=1)
    order = np.argsort(wrong, kind="stable")
    count = max(_CANDIDATES, int((wrong == 0).sum()))
    return [readers[number] for number in order[:count]]
