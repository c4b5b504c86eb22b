"""A cast: kinds of built-in characters that share a form, labels and the built-in palette."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

from pxgen.builtin.compose import Layer, Stack
from pxgen.builtin.space import Space, labels_of


@dataclass(frozen=True, eq=False, kw_only=True)
class Cast:
    """One of the built-in sets of characters."""

    name: str
    kinds: tuple[Any, ...]
    """Its :class:`pxgen.builtin.space.Kind` objects."""
    excluded: tuple[tuple[str, str], ...]
    """Pairs of options that no character shows together."""
    ramps: Mapping[str, str]
    """The three palette letters of every colour choice, dark to light."""
    layers: Callable[[Any], list[Layer]]
    """The layers of a kind, from back to front."""
    picture: tuple[int, int, int]
    """``(T, H, W)`` of what is composed and read at once."""
    phases: int
    """Pictures in the loop of a character; the first is the still."""
    frame_names: tuple[str, ...] = ()
    """Names of the frames of a picture, where they have some."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.picture[1:]

    @property
    def pixels(self) -> int:
        """Pixels of a picture."""
        return prod(self.picture)

    @property
    def frames(self) -> tuple[int, ...]:
        """The lengths of clips that are drawn: of one picture, and of the whole loop."""
        return tuple(self.picture[0] * phases for phases in sorted({1, self.phases}))

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Every label: the kinds in their order, then the attributes alphabetically."""
        return labels_of(self.kinds)

    @property
    def kind_names(self) -> tuple[str, ...]:
        """Names of the kinds, in the order of their labels."""
        return tuple(kind.name for kind in self.kinds)

    @cached_property
    def spaces(self) -> tuple[Space, ...]:
        """The combinations of every kind, in the order of ``kinds``."""
        return tuple(Space(kind, self.labels, self.excluded) for kind in self.kinds)

    @cached_property
    def stacks(self) -> tuple[Stack, ...]:
        """The layers of each kind, in the order of ``kinds``."""
        return tuple(Stack(space, self.layers(space.kind), self.ramps) for space in self.spaces)

    @property
    def count(self) -> int:
        """The number of legal characters."""
        return sum(space.count for space in self.spaces)
