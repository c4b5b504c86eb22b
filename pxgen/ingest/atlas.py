"""Sheets that JSON describes, as Aseprite, TexturePacker and pxgen write it: frames by name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from pxgen.arrays import Rgba
from pxgen.engines.tags import DIRECTIONS, Tag
from pxgen.errors import InputError
from pxgen.ingest.decoded import DEFAULT_MS, MAX_FILE_PIXELS, check_size
from pxgen.ingest.images import read_image

SUFFIX = ".json"
MAX_BYTES = 2**26
"""Bytes of a description."""
MAX_FRAMES = 2**16
_COLOR = re.compile("#([0-9a-f]{6})", re.IGNORECASE)
Run = tuple[str, tuple[int, ...]]
"""A name, and the numbers of frames in the order in which they are shown."""


class AtlasFrame(NamedTuple):
    """A frame as its description says it."""

    name: str
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
    """The description of a sheet."""

    path: Path
    image: Path
    frames: tuple[AtlasFrame, ...]
    tags: tuple[Tag, ...]
    """Animations by name."""

    def cut(self) -> list[Rgba]:
        """The whole frames, ``(h, w, 4) uint8`` each.

        Raises:
            InputError: the image cannot be read, or frames lie outside it.
        """
        sheet = read_image(self.image).rgba[0]
        if sum(frame.whole[0] * frame.whole[1] for frame in self.frames) > MAX_FILE_PIXELS:
            raise InputError(f"{self.path}: its frames are more than {MAX_FILE_PIXELS} pixels")
        return [self._whole(frame, sheet) for frame in self.frames]

    def _whole(self, frame: AtlasFrame, sheet: Rgba) -> Rgba:
        wide, high = (frame.width, frame.height)[:: -1 if frame.turned else 1]
        part = sheet[frame.y : frame.y + high, frame.x : frame.x + wide]
        if part.shape[:2] != (high, wide):
            raise InputError(f"{self.path}: frame {frame.name} lies outside {self.image.name}")
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
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: more than {MAX_BYTES >> 20} MB describe no sheet")
        content = json.loads(path.read_text("utf-8-sig"))
        about = content.get("meta", {})
        parts = content.get("textures", [content])
        if len(parts) != 1:
            raise InputError(f"{path}: describes several sheets: export one a file")
        frames = tuple(_frames(parts[0]["frames"]))
        tags = tuple(_tags(about.get("frameTags", ()), len(frames)))
        image = parts[0].get("image", about.get("image", ""))
        named = PurePosixPath(str(image).replace("\\", "/")).name
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, AttributeError, IndexError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{path}: describes no sheet that pxgen knows") from error
    beside = [path.with_name(named)] if named else []
    found = [file for file in (*beside, path.with_suffix(".png")) if file.is_file()]
    if not frames or not found:
        what = "no frames" if not frames else f"no image {named or path.stem + '.png'} beside it"
        raise InputError(f"{path}: describes a sheet, and there is {what}")
    return Atlas(path, found[0], frames, tags)


def _frames(frames: Any) -> Iterator[AtlasFrame]:
    named = (
        frames.items()
        if isinstance(frames, Mapping)
        else ((frame["filename"], frame) for frame in frames)
    )
    for number, (name, frame) in enumerate(named):
        if number >= MAX_FRAMES:
            raise ValueError("too many frames")
        x, y, width, height = (_whole(frame["frame"][key]) for key in "xywh")
        source = frame.get("sourceSize", {"w": width, "h": height})
        place = frame.get("spriteSourceSize", {"x": 0, "y": 0})
        whole = _whole(source["w"]), _whole(source["h"])
        left, top = _whole(place["x"]), _whole(place["y"])
        if not (width and height and left + width <= whole[0] and top + height <= whole[1]):
            raise ValueError("a frame larger than the whole of it")
        turned, duration = bool(frame.get("rotated")), float(frame.get("duration", DEFAULT_MS))
        yield AtlasFrame(str(name), x, y, width, height, turned, left, top, whole, duration)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**16:
        raise ValueError("no number of pixels")
    return int(value)


def _tags(tags: Sequence[Any], count: int) -> Iterator[Tag]:
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


def frame_stems(atlas: Atlas) -> list[str]:
    """The frames' names without the suffix of the file that each was."""
    stems = []
    for frame in atlas.frames:
        path = PurePosixPath(frame.name.replace("\\", "/"))
        known = path.suffix.lower() in {".png", ".gif", ".ase", ".aseprite", ".psd"}
        stems.append(str(path.with_suffix("") if known and path.stem else path))
    return stems
