"""Sheets that JSON describes, as Aseprite, TexturePacker and pxgen write it: frames by name."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from pxgen.arrays import Rgba
from pxgen.engines.tags import DIRECTIONS, Tag
from pxgen.errors import InputError
from pxgen.ingest.archives import is_file, text_of
from pxgen.ingest.decoded import (
    DEFAULT_MS,
    MAX_FILE_PIXELS,
    MAX_FRAMES,
    MAX_SHOWN,
    check_size,
)

SUFFIX = ".json"
MAX_BYTES = 2**26
"""Bytes of a description."""
_COLOR = re.compile("#([0-9a-f]{6})", re.IGNORECASE)
_FRAMES = ("frames", "textures")
"""Keys of which a description has one."""
OWN = "pxgen"
"""The program that writes a description, by its own words."""
Run = tuple[str, tuple[int, ...]]
"""A name, and the numbers of frames in the order in which they are shown."""


class AtlasFrame(NamedTuple):
    """A frame as its description says it."""

    name: str
    sheet: int
    """The number of the image that it is on."""
    x: int
    y: int
    width: int
    """Of what is on the sheet, before it was turned."""
    height: int
    turned: bool
    """By a quarter, clockwise."""
    left: int
    """Columns of the whole frame that were cut off before it."""
    top: int
    whole: tuple[int, int]
    """Width and height of the whole frame."""
    duration: float
    """Milliseconds."""


@dataclass(frozen=True)
class Atlas:
    """The description of a sheet, or of several."""

    path: Path
    images: tuple[Path, ...]
    frames: tuple[AtlasFrame, ...]
    tags: tuple[Tag, ...]
    animations: tuple[Run, ...]
    """Tags, or animations that are none, by name."""
    own: bool = False
    """True if pxgen wrote it: a tag is a sprite's name."""

    absent: str = ""
    """The image that it names, where that of its own name takes the place."""

    def cut(self, read: Callable[[Path], Rgba]) -> list[Rgba]:
        """The whole frames, ``(h, w, 4) uint8`` each; ``read`` gives an image so.

        Raises:
            InputError: an image cannot be read, or frames lie outside it.
        """
        if sum(frame.whole[0] * frame.whole[1] for frame in self.frames) > MAX_FILE_PIXELS:
            raise InputError(f"{self.path}: its frames are more than {MAX_FILE_PIXELS} pixels")
        cut: dict[int, Rgba] = {}
        for number, image in enumerate(self.images):
            sheet = read(image)
            for k, frame in enumerate(self.frames):
                if frame.sheet == number:
                    with _refused(self.path), _within(f"frame {frame.name}"):
                        cut[k] = self._whole(frame, sheet)
        return [cut[k] for k in range(len(self.frames))]

    def _whole(self, frame: AtlasFrame, sheet: Rgba) -> Rgba:
        wide, high = (frame.width, frame.height)[:: -1 if frame.turned else 1]
        part = sheet[frame.y : frame.y + high, frame.x : frame.x + wide]
        if part.shape[:2] != (high, wide):
            raise InputError(f"lies outside {self.images[frame.sheet].name}")
        width, height = frame.whole
        check_size(1, height, width)
        whole = np.zeros((height, width, 4), np.uint8)
        whole[frame.top : frame.top + frame.height, frame.left : frame.left + frame.width] = (
            np.rot90(part) if frame.turned else part
        )
        return whole


class _Table(dict[str, Any]):
    """An object of JSON, which may have a key twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.twice = [key for key, times in Counter(k for k, _ in pairs).items() if times > 1]


def images_described(path: Path) -> list[Path]:
    """The images that JSON plainly describes, well or badly; none if it is of something else.

    It has frames or textures, and names an image beside it or bears one's name.
    """
    own = path.with_suffix(".png")
    try:
        text = text_of(path, MAX_BYTES)
    except (OSError, ValueError, InputError):
        return []
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return [own] if any(f'"{key}"' in text for key in _FRAMES) and is_file(own) else []
    parts = [content[key] for key in _FRAMES if isinstance(content, dict) and key in content]
    images = [image for name in _named(content) for image in _beside(path, name)] if parts else []
    lists = any(isinstance(part, dict | list) for part in parts)
    return images or ([own] if lists and is_file(own) else [])


def read_atlas(path: Path) -> Atlas:
    """Read a description.

    Raises:
        InputError: unreadable, of another kind, damaged, or without its image.
    """
    with _refused(path):
        try:
            text = text_of(path, MAX_BYTES)
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror or error})") from error
        try:
            content = json.loads(text, object_pairs_hook=_Table)
        except json.JSONDecodeError as error:
            where = f"line {error.lineno} column {error.colno}"
            raise InputError(f"is no JSON from {where} on, or cut off there") from error
        if not (isinstance(content, _Table) and any(key in content for key in _FRAMES)):
            raise InputError("describes no sheet: it has neither frames nor textures")
        about = content.get("meta", {})
        sheets = content.get("textures", [content])
        frames = tuple(
            frame for n, sheet in enumerate(sheets) for frame in _frames(sheet["frames"], n)
        )
        if not frames:
            raise InputError("describes a sheet, and there are no frames")
        if len(frames) > MAX_FRAMES:
            raise InputError(f"more than {MAX_FRAMES} frames")
        tags = tuple(_tags(about.get("frameTags", ()), len(frames)))
        named_runs = {} if tags else content.get("animations", {})
        lengths = [tag.last - tag.first + 1 for tag in tags], map(len, named_runs.values())
        if sum(chain(*lengths)) > MAX_SHOWN * len(frames):
            raise InputError(f"animations show its frames more than {MAX_SHOWN} times over")
        shown = tuple((tag.name, tag.order) for tag in tags)
        shown = shown or tuple(_animations(named_runs, frames))
        own = about.get("app") == OWN
        images, absent = _images(path, _named(content))
        atlas = Atlas(path, images, frames, tags, shown, own, absent)
    return replace(atlas, animations=(*shown, *_own_stills(atlas))) if own else atlas


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    """Say of what is wrong in which file that is, and what to do."""
    try:
        with _within(""):
            yield
    except InputError as error:
        remedy = "export the sheet's JSON again, or move it away"
        raise InputError(f"{path}: {error}: {remedy}") from error


@contextmanager
def _within(part: str) -> Iterator[None]:
    """Say of what is wrong in which part of a description that is."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{part} {error}".lstrip()) from error
    except KeyError as error:
        raise InputError(f"{part or 'it'} has no {error.args[0]}") from error
    except (ValueError, ArithmeticError, AttributeError, LookupError, TypeError) as error:
        raise InputError(f"{part or 'it'} is damaged") from error
    except RecursionError as error:
        raise InputError("it is nested too deep") from error


def _named(content: Any) -> list[str]:
    """The image that each texture names; empty where one names none."""
    about = content.get("meta")
    sheets = content.get("textures", [content])
    shared = about.get("image", "") if isinstance(about, dict) else ""
    return [
        str(sheet.get("image", shared))
        for sheet in (sheets if isinstance(sheets, list) else ())
        if isinstance(sheet, dict)
    ]


def _images(path: Path, named: Sequence[str]) -> tuple[tuple[Path, ...], str]:
    """The images of a description, and the name of a lone one that has that of its JSON instead."""
    found = [[*_beside(path, name)] for name in named]
    own = path.with_suffix(".png")
    if len(named) == 1 and not found[0] and is_file(own):
        return (own,), _plain(named[0])
    for name, beside in zip(named, found, strict=True):
        if not beside:
            wanted = _plain(name) or own.name
            raise InputError(f"describes a sheet, and there is no image {wanted} beside it")
    return tuple(beside[0] for beside in found), ""


def _beside(path: Path, name: str) -> Iterator[Path]:
    """The image of a description, if it is there, whatever folder it names."""
    plain = _plain(name)
    if plain and is_file(image := path.with_name(plain)):
        yield image


def _plain(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name


def _frames(frames: Any, sheet: int) -> Iterator[AtlasFrame]:
    if not isinstance(frames, _Table | list):
        raise InputError("its frames are no list and no table")
    if isinstance(frames, _Table) and frames.twice:
        raise InputError(f"two frames are called {frames.twice[0]}, which only a list may hold")
    named = frames.items() if isinstance(frames, _Table) else _listed(frames)
    for name, frame in named:
        with _within(f"frame {name}"):
            yield _frame(str(name), sheet, frame)


def _listed(frames: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    for number, frame in enumerate(frames):
        with _within(f"frame {number} of the list"):
            name = frame["filename"]
        yield name, frame


def _frame(name: str, sheet: int, frame: Any) -> AtlasFrame:
    x, y, width, height = (_whole(frame["frame"], key) for key in "xywh")
    source = frame.get("sourceSize", {"w": width, "h": height})
    place = frame.get("spriteSourceSize", {"x": 0, "y": 0})
    whole = _whole(source, "w"), _whole(source, "h")
    left, top = _whole(place, "x"), _whole(place, "y")
    if not (width and height):
        raise InputError(f"is {width}x{height} pixels")
    if left + width > whole[0] or top + height > whole[1]:
        raise InputError(f"is {width}x{height} at {left},{top} of {whole[0]}x{whole[1]} pixels")
    turned, duration = bool(frame.get("rotated")), float(frame.get("duration", DEFAULT_MS))
    if not 0 <= duration < 2**31:
        raise InputError(f"is shown for {duration} ms")
    return AtlasFrame(name, sheet, x, y, width, height, turned, left, top, whole, duration)


def _whole(table: Any, key: str) -> int:
    value = table[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**16:
        raise InputError(f"has {str(value)[:20]} for {key}, which is 0 to 65535")
    return int(value)


def _tags(tags: Sequence[Any], count: int) -> Iterator[Tag]:
    """Aseprite's tags: from one frame to another, in a direction."""
    for number, tag in enumerate(tags):
        with _within(f"tag {number}"):
            name = str(tag["name"])
        with _within(f"tag {name}"):
            yield _tag(name, tag, count)


def _tag(name: str, tag: Any, count: int) -> Tag:
    first, last = _whole(tag, "from"), _whole(tag, "to")
    if not first <= last < count:
        raise InputError(f"goes from {first} to {last} of {count} frames, counted from 0")
    direction = str(tag.get("direction", DIRECTIONS[0]))
    direction = direction if direction in DIRECTIONS else DIRECTIONS[0]
    repeat = min(65_535, max(0, int(tag.get("repeat", 0))))
    color = _COLOR.match(str(tag.get("color")))
    red, green, blue = bytes.fromhex(color[1]) if color else bytes(3)
    return Tag(name, first, last, direction, repeat, (red, green, blue))


def _animations(animations: Mapping[str, Any], frames: Sequence[AtlasFrame]) -> Iterator[Run]:
    """TexturePacker's animations for Pixi: names of frames in order."""
    numbers: dict[str, list[int]] = {}
    for k, frame in enumerate(frames):
        numbers.setdefault(frame.name, []).append(k)
    for name, names in animations.items():
        for each in names:
            if len(numbers.get(each, ())) != 1:
                there = "is there twice" if each in numbers else "is not there"
                raise InputError(f"animation {name} shows frame {each}, which {there}")
        if names:
            yield name, tuple(numbers[each][0] for each in names)


def _own_stills(atlas: Atlas) -> Iterator[Run]:
    """Frames outside all tags, which are sprites of one frame where pxgen wrote them."""
    tagged = {number for _, order in atlas.animations for number in order}
    for number, stem in enumerate(frame_stems(atlas)):
        if number not in tagged:
            yield stem, (number,)


def frame_stems(atlas: Atlas) -> list[str]:
    """The frames' names without the suffix of the file that each was."""
    stems = []
    for frame in atlas.frames:
        path = PurePosixPath(frame.name.replace("\\", "/"))
        known = path.suffix.lower() in {".png", ".gif", ".ase", ".aseprite", ".psd"}
        stems.append(str(path.with_suffix("") if known and path.stem else path))
    return stems
