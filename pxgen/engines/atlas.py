"""Texture atlases: frames laid out on one sheet, and the rectangle of each."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from pxgen.arrays import IndexMaps
from pxgen.config.options import Arrangement, SheetSettings
from pxgen.engines.clips import Clip, all_tags, in_rows, names_of_frames
from pxgen.engines.tags import Tag, runs, unlike
from pxgen.errors import UsageError

Corner = tuple[int, int]
"""Column and row of a corner on the sheet."""
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
MAX_SHEET_SIDE = 32_768
"""Pixels along a side of a sheet; more than any engine loads."""


class Cel(NamedTuple):
    """The rectangle of one frame, in pixels of the sheet."""

    name: str
    x: int
    y: int
    width: int
    height: int
    left: int
    """Transparent columns of the frame that were cut off before ``x``."""
    top: int
    duration: int
    """Milliseconds."""


@dataclass(frozen=True)
class Atlas:
    """A sheet and its frames."""

    pixels: IndexMaps
    """``(H, W) uint8``."""
    cels: tuple[Cel, ...]
    tags: tuple[Tag, ...]
    """Every animation, in order, by a name of its own."""
    source: tuple[int, int]
    """Width and height of a frame before anything was cut off."""
    settings: SheetSettings

    @property
    def animations(self) -> Iterator[Tag]:
        """The tags, and the runs of frames outside all of them, for what shows nothing else."""
        tagged = {number for tag in self.tags for number in range(tag.first, tag.last + 1)}
        yield from self.tags
        for run in runs(self.tags, len(self.cels)):
            if run.start not in tagged:
                # Counted from one, as editors do.
                yield Tag(f"frames-{run.start + 1}-{run.stop}", run.start, run.stop - 1)

    def trimmed(self, cel: Cel) -> bool:
        """True if a frame lost transparent borders."""
        return (cel.width, cel.height) != self.source


class _Box(NamedTuple):
    left: int
    top: int
    right: int
    bottom: int


def lay_out(clips: Sequence[Clip], settings: SheetSettings) -> Atlas:
    """Lay the frames of clips out on a sheet: at least one clip, all of one size.

    Raises:
        UsageError: the sheet would be larger than any engine loads.
    """
    clips = in_rows(clips, settings.row_names) if settings.row_names else clips
    clips = [_plain(clip) for clip in clips]
    tags = _distinct(all_tags(clips))
    height, width = clips[0].frames.shape[1:]
    frames = [frame for clip in clips for frame in clip.frames]
    packed = settings.arrangement == "packed"
    boxes = [_box(frame) if packed else _Box(0, 0, width, height) for frame in frames]
    cut = [
        frame[box.top : box.bottom, box.left : box.right]
        for frame, box in zip(frames, boxes, strict=True)
    ]
    gap = settings.padding + 2 * settings.extrude
    if packed:
        corners = _pack(cut, gap)
    else:
        corners = _grid(
            _rows(clips, tags), len(frames), settings.arrangement, height + gap, width + gap
        )
    names = names_of_frames(clips, tags)
    durations = [max(1, round(ms)) for clip in clips for ms in clip.durations]
    cels = tuple(
        Cel(
            name,
            x + settings.extrude,
            y + settings.extrude,
            box.right - box.left,
            box.bottom - box.top,
            box.left,
            box.top,
            duration,
        )
        for name, (x, y), box, duration in zip(names, corners, boxes, durations, strict=True)
    )
    sheet = _paint(cut, cels, settings)
    return Atlas(sheet, cels, tags, (width, height), settings)


def _distinct(tags: Sequence[Tag]) -> tuple[Tag, ...]:
    """Tags with names of their own."""
    names = unlike(tag.name for tag in tags)
    return tuple(tag._replace(name=name) for tag, name in zip(tags, names, strict=True))


def _plain(clip: Clip) -> Clip:
    """A clip whose names are of characters that XML may hold."""
    tags = (tag._replace(name=_NO_TEXT.sub(" ", tag.name)) for tag in clip.tags)
    return replace(clip, name=_NO_TEXT.sub(" ", clip.name), tags=tuple(tags))


def _rows(clips: Sequence[Clip], tags: Sequence[Tag]) -> list[int]:
    """The lengths of rows, one an animation; empty where all are stills without tags."""
    if not any(clip.tags or len(clip.frames) > 1 for clip in clips):
        return []
    return [len(run) for run in runs(tags, sum(len(clip.frames) for clip in clips))]


def _grid(
    rows: Sequence[int], stills: int, arrangement: Arrangement, height: int, width: int
) -> list[Corner]:
    """The cell of each frame."""
    if rows:
        cells = [(row, frame) for row, length in enumerate(rows) for frame in range(length)]
    else:
        # As many stills along one side as make the sheet about square.
        ratio = height / width if arrangement == "rows" else width / height
        across = min(stills, math.ceil(math.sqrt(stills * ratio)))
        cells = [divmod(number, across) for number in range(stills)]
    if arrangement == "columns":
        cells = [(column, row) for row, column in cells]
    return [(column * width, row * height) for row, column in cells]


def _pack(images: Sequence[IndexMaps], gap: int) -> list[Corner]:
    """Shelves of falling height, at the width that wastes least; equal images share a corner."""
    unique: dict[tuple[tuple[int, ...], bytes], int] = {}
    kinds = [unique.setdefault((i.shape, i.tobytes()), len(unique)) for i in images]
    sizes = [(shape[1] + gap, shape[0] + gap) for shape, _ in unique]
    area = sum(width * height for width, height in sizes)
    widest = max(width for width, _ in sizes)
    tries = {max(widest, math.ceil(math.sqrt(area) * stretch / 8)) for stretch in range(8, 17)}
    shelved = [_shelve(sizes, width) for width in sorted(tries)]
    best = min(shelved, key=lambda corners: _extent(corners, sizes))
    return [best[kind] for kind in kinds]


def _shelve(sizes: Sequence[tuple[int, int]], most: int) -> list[Corner]:
    corners = [(0, 0)] * len(sizes)
    x = y = shelf = 0
    for number in sorted(range(len(sizes)), key=lambda n: (-sizes[n][1], -sizes[n][0], n)):
        width, height = sizes[number]
        if x and x + width > most:
            x, y, shelf = 0, y + shelf, 0
        corners[number] = x, y
        x, shelf = x + width, max(shelf, height)
    return corners


def _extent(corners: Sequence[Corner], sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The area of the sheet, then its longer side."""
    across = max(x + width for (x, _), (width, _) in zip(corners, sizes, strict=True))
    down = max(y + height for (_, y), (_, height) in zip(corners, sizes, strict=True))
    return across * down, max(across, down)


def _box(frame: IndexMaps) -> _Box:
    """The bounding box of a frame's visible pixels; of an empty frame its first pixel."""
    rows, columns = np.flatnonzero(frame.any(1)), np.flatnonzero(frame.any(0))
    if not len(rows):
        return _Box(0, 0, 1, 1)
    return _Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _paint(images: Sequence[IndexMaps], cels: Sequence[Cel], settings: SheetSettings) -> IndexMaps:
    around = settings.extrude
    width = max(cel.x + cel.width for cel in cels) + around
    height = max(cel.y + cel.height for cel in cels) + around
    if settings.power_of_two:
        width, height = (1 << (side - 1).bit_length() for side in (width, height))
    if max(width, height) > MAX_SHEET_SIDE:
        raise UsageError(
            f"a sheet of {width}x{height} pixels is more than engines load: make fewer sprites, "
            "or a folder of them"
        )
    sheet = np.zeros((height, width), np.uint8)
    for image, cel in zip(images, cels, strict=True):
        rows = slice(cel.y - around, cel.y + cel.height + around)
        columns = slice(cel.x - around, cel.x + cel.width + around)
        sheet[rows, columns] = np.pad(image, around, mode="edge")
    return sheet
