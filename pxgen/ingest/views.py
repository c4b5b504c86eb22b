"""Views in names: ``hero_left.png``, ``left/hero.png``, ``hero/walk-left-2.png``, tags, cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pxgen.config.settings import DataSettings
from pxgen.errors import UsageError
from pxgen.frames import frame_name
from pxgen.ingest.labels import listed

NO_VIEWS = "none"
"""In place of views: names tell none."""
WORDS = (
    *("down", "front", "south"),
    *("down-left", "front-left", "southwest"),
    *("left", "west"),
    *("up-left", "back-left", "northwest"),
    *("up", "back", "north"),
    *("up-right", "back-right", "northeast"),
    *("right", "east", "side"),
    *("down-right", "front-right", "southeast"),
)
"""Views that are looked for where nobody says which there are, in the order of a clip's frames."""
_TOKEN = re.compile(r"\d+|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+")
"""The words and numbers of a name, also those that capitals alone keep apart."""
_BETWEEN = "-_. "
MAX_DIGITS = 18
"""Of a frame's number; longer runs of digits are names."""
_FRAME_WORDS = frozenset({"f", "frame"})


@dataclass(frozen=True)
class Part:
    """One of the frames, or of the runs of frames, that make a clip."""

    view: str
    step: str
    """Its number; empty where the name has none."""
    number: int
    """Of the name, among those given."""

    @property
    def name(self) -> str:
        """The name of the frame."""
        return frame_name(self.view, self.step)


def asked_views(settings: DataSettings) -> tuple[str, ...] | None:
    """The views that names are searched for, empty for all that are known; None for no search.

    Raises:
        UsageError: views of stills.
    """
    if settings.views == NO_VIEWS:
        return None
    views = listed(settings.views)
    if settings.frames == 1:
        if views:
            raise UsageError("--frames 1 makes stills of all frames: leave out --views")
        return None
    return views


def find_views(names: Sequence[str], asked: Sequence[str]) -> dict[str, list[Part]] | None:
    """Clips by name, with the parts of each, where names tell views; None where they do not.

    A name is a path without suffix. Unless views are asked for, every name must tell one, and at
    least half of the clips must be seen from two sides: single pictures of a sword on the left and
    a shield on the right are none. With ``asked`` views names without one are left out.
    """
    words = {_plain(word): word for word in asked or WORDS}
    clips: dict[str, list[Part]] = {}
    for number, name in enumerate(names):
        found = _read(name, words)
        if found is None:
            if asked:
                continue
            return None
        key, part = found
        clips.setdefault(key, []).append(replace(part, number=number))
    if len(clips) == 1:
        clips = _by_number(clips)
    clips = {key.rstrip("/"): parts for key, parts in clips.items()}
    seen = [len({part.view for part in parts}) for parts in clips.values()]
    if not clips or (not asked and 2 * sum(views > 1 for views in seen) < len(seen)):
        return None
    order = tuple(asked or WORDS)
    for parts in clips.values():
        parts.sort(
            key=lambda part: (order.index(part.view), part.step.zfill(MAX_DIGITS), part.number)
        )
    return clips


def without_views(names: Sequence[str]) -> list[int]:
    """The numbers of the few names that tell no view, where all others would be clips by views."""
    words = {_plain(word): word for word in WORDS}
    told = [_read(name, words) is not None for name in names]
    others = [name for name, tells in zip(names, told, strict=True) if tells]
    if 2 * len(others) <= len(names) or find_views(others, ()) is None:
        return []
    return [number for number, tells in enumerate(told) if not tells]


def _by_number(clips: dict[str, list[Part]]) -> dict[str, list[Part]]:
    """Where all would be one clip of no name, as in ``front/0.png``, numbers count characters."""
    ((key, parts),) = clips.items()
    if (key and not key.endswith("/")) or not all(part.step for part in parts):
        return clips
    numbered: dict[str, list[Part]] = {}
    for part in parts:
        numbered.setdefault(key + part.step, []).append(replace(part, step=""))
    return numbered


def _read(name: str, words: dict[str, str]) -> tuple[str, Part] | None:
    """The clip's name, and the view and step of one of its names; None without a view.

    The clip of a file that is named by view and step alone has its folder's name and a slash.
    """
    *folders, stem = name.split("/")
    rest, step, marked = _without_step(stem)
    if (found := _without_view(rest, words)) is not None:
        view, rest = found
        return "/".join([*folders, rest]), Part(view, step, 0)
    for level in reversed(range(len(folders))):
        if (found := _without_view(folders[level], words)) is not None:
            view, folders[level] = found
            if rest and not marked:
                # The same file name in each folder: its number is the character's.
                rest, step = stem, ""
            return "/".join([*filter(None, folders), rest]), Part(view, step, 0)
    return None


def _without_step(stem: str) -> tuple[str, str, bool]:
    """A name without the number at its end, that number, and whether it is marked as a frame's."""
    tokens = list(_TOKEN.finditer(stem))
    last = tokens[-1][0] if tokens and tokens[-1].end() == len(stem) else ""
    if not (last.isdecimal() and len(last) <= MAX_DIGITS):
        return stem, "", False
    marked = len(tokens) > 1 and tokens[-2][0].lower() in _FRAME_WORDS
    start = tokens[-2 if marked else -1].start()
    return stem[:start].rstrip(_BETWEEN), str(int(last)), marked


def _without_view(text: str, words: dict[str, str]) -> tuple[str, str] | None:
    """The last view that a name tells, the longer of two words there, and the name without it."""
    tokens = list(_TOKEN.finditer(text))
    for end in range(len(tokens), 0, -1):
        for start in (max(0, end - 2), end - 1):
            word = "".join(token[0] for token in tokens[start:end])
            if (view := words.get(word.lower())) is not None:
                before = text[: tokens[start].start()].rstrip(_BETWEEN)
                after = text[tokens[end - 1].end() :].lstrip(_BETWEEN)
                return view, "-".join(filter(None, (before, after)))
    return None


def _plain(word: str) -> str:
    return "".join(_TOKEN.findall(word)).lower()
