"""The legal combinations of a kind as the numbers ``0 .. count - 1``."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import product
from math import prod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import I64, Bools, Bytes, Marks


class Kind(Protocol):
    """A family of characters, whose options are named by their labels."""

    @property
    def name(self) -> str:
        """Its own label."""

    @property
    def colors(self) -> tuple[tuple[str, ...], ...]:
        """Colour choices of each ramp; ``""`` has no label."""

    @property
    def slots(self) -> tuple[tuple[str, ...], ...]:
        """Options of each slot; ``""`` shows nothing and has no label."""


def labels_of(kinds: Iterable[Kind]) -> tuple[str, ...]:
    """Every label: the kinds in their order, then the attributes alphabetically."""
    kinds = tuple(kinds)
    factors = [factor for kind in kinds for factor in (*kind.colors, *kind.slots)]
    shown = {option for factor in factors for option in factor if option}
    return (*(kind.name for kind in kinds), *sorted(shown))


class Space:
    """All legal combinations of one kind.

    A combination is a row of choices: for every factor the number of the option taken. Factors
    that an exclusion ties together are enumerated as one, so that every number is a legal row.
    """

    def __init__(
        self, kind: Kind, labels: tuple[str, ...], excluded: tuple[tuple[str, str], ...]
    ) -> None:
        self.kind = kind
        self.labels = labels
        self.factors = (*kind.colors, *kind.slots)
        """The choices that make a character: its colours, then its slots in drawing order."""
        self.first_slot = len(kind.colors)
        """Number of the factor that is the first slot."""
        position = {
            name: (f, o)
            for f, options in enumerate(self.factors)
            for o, name in enumerate(options)
            if name
        }
        self.excluded = [
            (*position[a], *position[b]) for a, b in excluded if a in position and b in position
        ]
        """Forbidden pairs as (factor, option, other factor, other option)."""
        self._groups = [(group, self._legal_rows(group)) for group in self._tied()]
        self.count = prod(len(rows) for _, rows in self._groups)
        """The number of legal combinations."""

    def _tied(self) -> list[list[int]]:
        groups = [[factor] for factor in range(len(self.factors))]
        for a, _, b, _ in self.excluded:
            joined = [group for group in groups if a in group or b in group]
            groups = [group for group in groups if group not in joined]
            groups.append(sorted({factor for group in joined for factor in group}))
        return groups

    def _legal_rows(self, group: list[int]) -> Bytes:
        rows = product(*(range(len(self.factors[factor])) for factor in group))
        table = np.array(list(rows), np.uint8)
        wide = np.zeros((len(table), len(self.factors)), np.int64) - 1
        wide[:, group] = table
        return table[self.legal(wide)]

    def faults(self, choices: NDArray[np.integer]) -> I64:
        """``(n,)``: how many excluded pairs each row of ``(n, factors)`` choices has."""
        faults = np.zeros(len(choices), np.int64)
        for a, x, b, y in self.excluded:
            faults += (choices[:, a] == x) & (choices[:, b] == y)
        return faults

    def legal(self, choices: NDArray[np.integer]) -> Bools:
        """``(n,)``: the rows of ``(n, factors)`` choices without an excluded pair."""
        return np.asarray(self.faults(choices) == 0, np.bool_)

    def choices(self, ranks: I64) -> Bytes:
        """``(n,)`` combination numbers to ``(n, factors) uint8`` choices."""
        rows = np.empty((len(ranks), len(self.factors)), np.uint8)
        rest = ranks
        for group, table in self._groups:
            rest, digit = np.divmod(rest, len(table))
            rows[:, group] = table[digit]
        return rows

    def marks(self, choices: Bytes) -> Marks:
        """``(n, factors)`` choices to ``(n, L) uint8`` marks of the labels they show."""
        marks = np.zeros((len(choices), len(self.labels)), np.uint8)
        marks[:, self.labels.index(self.kind.name)] = 1
        for factor, shown in enumerate(self._marks):
            marks |= shown[choices[:, factor]]
        return marks

    @cached_property
    def _marks(self) -> list[Marks]:
        """``(options, L)`` of every factor."""
        return [np.array(options)[:, None] == self.labels for options in self.factors]

    def names(self, row: Bytes) -> frozenset[str]:
        """The labels that one row of choices shows."""
        shown = {options[o] for options, o in zip(self.factors, row, strict=True)}
        return frozenset(shown - {""} | {self.kind.name})
