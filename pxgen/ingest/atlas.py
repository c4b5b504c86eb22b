"""Sheets that JSON describes, as Aseprite, TexturePacker and pxgen write it: frames by name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
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
                    cut[k] = self._whole(frame, sheet)
        return [cut[k] for k in range(len(self.frames))]

    def _whole(self, frame: AtlasFrame, sheet: Rgba) -> Rgba:
        wide, high = (frame.width, frame.height)[:: -1 if frame.turned else 1]
        part = sheet[frame.y : frame.y + high, frame.x : frame.x + wide]
        if part.shape[:2] != (high, wide):
            image = self.images[frame.sheet].name
            raise InputError(f"{self.path}: frame {frame.name} lies outside {image}")
        width, height = frame.whole
        check_size(1, height, width)
        whole = np.zeros((height, width, 4), np.uint8)
        whole[frame.top : frame.top + frame.height, frame.left : frame.left + frame.width] = (
            np.rot90(part) if frame.turned else part
        )
        return whole


def read_atlas(path: Path) -> Atlas:
    """Read a description.

    Raises:
        InputError: unreadable, of another kind, damaged, or without its image.
    """
    try:
        content = json.loads(text_of(path, MAX_BYTES))
        about = content.get("meta", {})
        sheets = content.get("textures", [content])
        frames = tuple(
            frame for n, sheet in enumerate(sheets) for frame in _frames(sheet["frames"], n)
        )
        if len(frames) > MAX_FRAMES:
            raise ValueError("too many frames")
        tags = tuple(_tags(about.get("frameTags", ()), len(frames)))
        named_runs = {} if tags else content.get("animations", {})
        lengths = [tag.last - tag.first + 1 for tag in tags], map(len, named_runs.values())
        if sum(chain(*lengths)) > MAX_SHOWN * len(frames):
            raise InputError(f"{path}: animations show its frames more than {MAX_SHOWN} times over")
        shown = tuple((tag.name, tag.order) for tag in tags)
        shown = shown or tuple(_animations(named_runs, frames))
        named = [str(sheet.get("image", about.get("image", ""))) for sheet in sheets]
        own = about.get("app") == OWN
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (
        ValueError,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        RecursionError,
    ) as error:
        raise InputError(f"{path}: describes no sheet that pxgen knows") from error
    if not frames:
        raise InputError(f"{path}: describes a sheet, and there are no frames")
    images = tuple(_image_beside(path, name) for name in named)
    atlas = Atlas(path, images, frames, tags, shown, own)
    return replace(atlas, animations=(*shown, *_own_stills(atlas))) if own else atlas


def _image_beside(path: Path, name: str) -> Path:
    """The image of a description, whatever folder it names."""
    plain = PurePosixPath(name.replace("\\", "/")).name
    beside = [path.with_name(plain)] if plain else []
    for file in (*beside, path.with_suffix(".png")):
        if is_file(file):
            return file
    wanted = plain or path.stem + ".png"
    raise InputError(f"{path}: describes a sheet, and there is no image {wanted} beside it")


def _frames(frames: Any, sheet: int) -> Iterator[AtlasFrame]:
    named = (
        frames.items()
        if isinstance(frames, Mapping)
        else ((frame["filename"], frame) for frame in frames)
    )
    for name, frame in named:
        x, y, width, height = (_whole(frame["frame"][key]) for key in "xywh")
        source = frame.get("sourceSize", {"w": width, "h": height})
        place = frame.get("spriteSourceSize", {"x": 0, "y": 0})
        whole = _whole(source["w"]), _whole(source["h"])
        left, top = _whole(place["x"]), _whole(place["y"])
        if not (width and height and left + width <= whole[0] and top + height <= whole[1]):
            raise ValueError("a frame larger than the whole of it")
        turned, duration = bool(frame.get("rotated")), float(frame.get("duration", DEFAULT_MS))
        if not 0 <= duration < 2**31:
            raise ValueError("no time")
        yield AtlasFrame(str(name), sheet, x, y, width, height, turned, left, top, whole, duration)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**16:
        raise ValueError("no number of pixels")
    return int(value)


def _tags(tags: Sequence[Any], count: int) -> Iterator[Tag]:
    """Aseprite's tags: from one frame to another, in a direction."""
    for tag in tags:
        first, last = _whole(tag["from"]), _whole(tag["to"])
        if not first <= last < count:
            raise ValueError("a tag of frames that are not there")
        direction = str(tag.get("direction", DIRECTIONS[0]))
        direction = direction if direction in DIRECTIONS else DIRECTIONS[0]
        repeat = min(65_535, max(0, int(tag.get("repeat", 0))))
        color = _COLOR.match(str(tag.get("color")))
        red, green, blue = bytes.fromhex(color[1]) if color else bytes(3)
        yield Tag(str(tag["name"]), first, last, direction, repeat, (red, green, blue))


def _animations(animations: Mapping[str, Any], frames: Sequence[AtlasFrame]) -> Iterator[Run]:
    """TexturePacker's animations for Pixi: names of frames in order."""
    number = {frame.name: k for k, frame in enumerate(frames)}
    for name, names in animations.items():
        if shown := tuple(number[each] for each in names):
            yield name, shown


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
