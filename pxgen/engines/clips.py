"""Clips: sprites that have a name, and the animations among their frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from pxgen.arrays import IndexMaps
from pxgen.engines.tags import Tag, played, unlike, view_tags
from pxgen.errors import UsageError
from pxgen.names import some


@dataclass(frozen=True)
class Clip:
    """A sprite that has a name: one frame, or several that follow one another."""

    name: str
    frames: IndexMaps
    """``(T, H, W) uint8``."""
    durations: Sequence[float]
    """Milliseconds of each frame."""
    tags: tuple[Tag, ...] = ()
    """The animations among its frames; without any it is one itself."""

    @classmethod
    def of_views(
        cls, name: str, frames: IndexMaps, durations: Sequence[float], names: Sequence[str]
    ) -> Self:
        """A clip whose frames have names: each view is an animation."""
        order, tags = view_tags(names)
        return cls(name, frames[order], [durations[number] for number in order], tags)

    @property
    def played(self) -> list[int]:
        """The numbers of its frames as they follow one another where there are no tags."""
        return played(self.tags, len(self.frames))


def all_tags(clips: Sequence[Clip]) -> tuple[Tag, ...]:
    """The animations of clips, by their frames counted over all.

    A clip's tags keep their names, behind the clip's own where another clip has one of that name.
    """
    bearers = Counter(
        name for clip in clips for name in {tag.name for tag in clip.tags} or {clip.name}
    )
    tags, first = [], 0
    for clip in clips:
        own = clip.tags or (Tag(clip.name, 0, len(clip.frames) - 1),)
        for tag in own:
            prefixed = bearers[tag.name] > 1 and clip.tags and clip.name
            name = f"{clip.name}-{tag.name}" if prefixed else tag.name
            tags.append(tag.at(first + tag.first)._replace(name=name))
        first += len(clip.frames)
    return tuple(tags)


def frame_names(clip: str, frames: int) -> list[str]:
    """The names of a clip's frames: ``walk-00``, ``walk-01``; a still's is its own."""
    return [clip] if frames == 1 else [f"{clip}-{number:02}" for number in range(frames)]


def names_of_frames(clips: Sequence[Clip], tags: Sequence[Tag]) -> list[str]:
    """A name for each frame: by the first tag that it is of, else by its clip."""
    names: dict[int, str] = {}
    for tag in tags:
        numbers = range(tag.first, tag.last + 1)
        for number, name in zip(numbers, frame_names(tag.name, len(numbers)), strict=True):
            names.setdefault(number, name)
    first = 0
    for clip in clips:
        for number, name in enumerate(frame_names(clip.name, len(clip.frames)), first):
            names.setdefault(number, name)
        first += len(clip.frames)
    return [*unlike(names[number] for number in range(first))]


def check_rows(asked: Sequence[str], animations: Iterable[str]) -> None:
    """Refuse rows that are none of a sheet's animations.

    Raises:
        UsageError: names the first.
    """
    known = list(dict.fromkeys(animations))
    for name in asked:
        if name not in known:
            raise UsageError(f"--rows: no animation '{name}'; there are {some(known)}")


def in_rows(clips: Sequence[Clip], asked: Sequence[str]) -> list[Clip]:
    """Clips and the animations of each in an order: those asked for first, then the others.

    Raises:
        UsageError: an animation that none of them has, or tags that share frames.
    """
    check_rows(asked, [n for c in clips for n in [t.name for t in c.tags] or [c.name]])

    def place(name: str) -> int:
        return asked.index(name) if name in asked else len(asked)

    ordered = [_in_rows(clip, place) for clip in clips]
    return sorted(ordered, key=lambda clip: len(asked) if clip.tags else place(clip.name))


def _in_rows(clip: Clip, place: Callable[[str], int]) -> Clip:
    """A clip with its tags' frames in the order of these; frames outside all tags come last."""
    tags: list[Tag] = []
    order: list[int] = []
    for tag in sorted(clip.tags, key=lambda tag: place(tag.name)):
        tags.append(tag.at(len(order)))
        order += range(tag.first, tag.last + 1)
    if len({*order}) < len(order):
        raise UsageError(f"--rows: tags of {clip.name} share frames, so that rows have no order")
    order += sorted({*range(len(clip.frames))} - {*order})
    return Clip(clip.name, clip.frames[order], [clip.durations[n] for n in order], tuple(tags))
