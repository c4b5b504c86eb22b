"""Names of the frames of a clip: a view, a step, or both (``front``, ``3``, ``down/0``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

_NOT_IN_NAMES = re.compile(r"[\s/=,:#]+")
"""What separates names where they are written: on the command line and in one another."""


def frame_name(view: str, step: str = "") -> str:
    """The name of a step of a view; either may be empty, not both."""
    parts = (_NOT_IN_NAMES.sub("-", part.strip()).strip("-") for part in (view, step))
    return "/".join(filter(None, parts))


def view_of(name: str) -> str:
    """The view that a frame shows; empty if its name is a step alone."""
    view, slash, _ = name.partition("/")
    return "" if view.isdecimal() and not slash else view


def step_of(name: str) -> str:
    """The step that a frame is; empty if its name is a view alone."""
    return name if not view_of(name) else name.partition("/")[2]


def views_of(names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """The views of a clip in order, and the numbers of the frames of each."""
    numbers: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        numbers.setdefault(view_of(name), []).append(number)
    return {view: tuple(frames) for view, frames in numbers.items()}


def taken_frames(names: Sequence[str], asked: Sequence[str]) -> list[int]:
    """The numbers of the frames whose name, or view, is as one of the patterns; all without any."""
    if not asked:
        return list(range(len(names)))
    return [
        number
        for number, name in enumerate(names)
        if any(fnmatchcase(known, each) for known in (name, view_of(name)) for each in asked)
    ]


_OPPOSITE = {"left": "right", "west": "east", "l": "r", "w": "e"}
_OPPOSITE |= {right: left for left, right in _OPPOSITE.items()}


def mirrored_frames(names: Sequence[str]) -> tuple[int, ...]:
    """The frame that each frame of a mirrored clip is made of: the left view of the right one.

    A view without its opposite, such as ``front``, is made of itself.
    """

    def opposite(name: str) -> str:
        view, slash, step = name.partition("/")
        words = re.split(r"([^A-Za-z]+)", view)
        return "".join(_OPPOSITE.get(word.lower(), word) for word in words) + slash + step

    found = {name: number for number, name in enumerate(names)}
    return tuple(found.get(opposite(name), number) for number, name in enumerate(names))


def there_and_back(names: Sequence[str], frames: int) -> list[int]:
    """The numbers of a clip's frames with each view, or else all, played back after its last one.

    Neither end is shown twice.
    """
    runs = views_of(names).values() if names else [tuple(range(frames))]
    return [number for run in runs for number in (*run, *run[-2:0:-1])]


def common_names(names: Iterable[str]) -> dict[str, str]:
    """The frames of clips whose names were found apart: each name found, and the one it gets.

    The order is that of a clip of all frames: views as first found, and in each its numbered steps
    by number, then the others. A view of one step has its own name alone, and a view that stands
    without a step where others have several is its first.
    """
    found = list(dict.fromkeys(names))
    steps: dict[str, set[str]] = {}
    for name in found:
        steps.setdefault(view_of(name), set()).add(step_of(name) or "0")
    views = list(steps)

    def place(name: str) -> tuple[int, bool, int]:
        step = step_of(name) or "0"
        number = int(step) if step.isdecimal() else found.index(name)
        return views.index(view_of(name)), not step.isdecimal(), number

    def common(name: str) -> str:
        view = view_of(name)
        several = steps[view] != {"0"} or not view
        return frame_name(view, step_of(name) or "0") if several else view

    return {name: common(name) for name in sorted(found, key=place)}


def described_frames(names: Sequence[str], of: Sequence[str] = ()) -> list[str]:
    """Some of the frames ``of`` a clip for people: ``left/0-3``, ``down/jump``, or a whole view.

    Without ``of`` they are all of them.
    """
    whole = {view: len(numbers) for view, numbers in views_of(of).items()}
    described = []
    for view, numbers in views_of(names).items():
        steps = [step_of(names[number]) for number in numbers]
        if len(steps) == whole.get(view):
            described.append(view)
            continue
        count = sum(step.isdecimal() for step in steps)
        if count > 1 and int(steps[count - 1]) - int(steps[0]) == count - 1:
            steps[:count] = [f"{steps[0]}-{steps[count - 1]}"]
        described += [frame_name(view, step) for step in steps]
    return described
