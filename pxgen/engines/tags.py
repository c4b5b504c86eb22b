"""Tags: animations by name, as runs of frames that are shown in some direction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count, pairwise
from typing import NamedTuple

from pxgen.frames import views_of

DIRECTIONS = ("forward", "reverse", "pingpong", "pingpong_reverse")
"""As Aseprite numbers and calls them."""


class Tag(NamedTuple):
    """An animation: its first and last frame, and how it goes."""

    name: str
    first: int
    last: int
    direction: str = DIRECTIONS[0]
    repeat: int = 0
    """Times that it is shown, 0 for ever."""
    color: tuple[int, int, int] = (0, 0, 0)
    """That an editor shows it in."""
    note: bytes = b""
    """What an Aseprite file says of it besides, as it stands there."""

    @property
    def moves(self) -> bool:
        """True of several frames."""
        return self.last > self.first

    @property
    def order(self) -> tuple[int, ...]:
        """The numbers of its frames as they are shown once; neither end twice in a row."""
        order = tuple(range(self.first, self.last + 1))
        order = order[::-1] if self.direction in {"reverse", "pingpong_reverse"} else order
        return order + (order[-2:0:-1] if "pingpong" in self.direction else ())

    def at(self, first: int) -> Tag:
        """The tag where its frames begin elsewhere."""
        return self._replace(first=first, last=self.last + first - self.first)


def view_tags(names: Sequence[str]) -> tuple[list[int], tuple[Tag, ...]]:
    """A tag a view of a clip's named frames, and the frames in an order in which views are runs."""
    order: list[int] = []
    tags = []
    for view, numbers in views_of(names).items():
        if view:
            tags.append(Tag(view, len(order), len(order) + len(numbers) - 1))
        order += numbers
    return order, tuple(tags)


def runs(tags: Iterable[Tag], frames: int) -> list[range]:
    """The frames in runs, of which a new one begins wherever a tag begins or has ended."""
    starts = {0, frames}
    for tag in tags:
        starts |= {tag.first, tag.last + 1}
    edges = sorted(starts)
    return [range(a, b) for a, b in pairwise(edges)]


def played(tags: Iterable[Tag], frames: int) -> list[int]:
    """The frames as one animation: tags in their directions, without those inside of others."""
    longest: dict[int, Tag] = {}
    for tag in tags:
        longest[tag.first] = max(tag, longest.get(tag.first, tag), key=lambda each: each.last)
    order: list[int] = []
    at = 0
    while at < frames:
        if at in longest:
            order += longest[at].order
            at = longest[at].last + 1
        else:
            order.append(at)
            at += 1
    return order


def unlike(names: Iterable[str], taken: Iterable[str] = ()) -> Iterator[str]:
    """The names; those that others have before them are numbered from two on."""
    known = set(taken)
    for name in names:
        free = next(n for k in count(1) if (n := name if k == 1 else f"{name}-{k}") not in known)
        known.add(free)
        yield free
