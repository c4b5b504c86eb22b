"""Options that several commands share: where results go, and which part of a run is made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pxgen.config.schema import again, run_setting
from pxgen.errors import InputError, UsageError

if TYPE_CHECKING:
    from pxgen.arrays import Rgba

Arrangement = Literal["rows", "columns", "packed"]
"""``rows``: a clip a row, and stills in reading order; ``columns``: turned; ``packed``: transparent
borders cut off and equal frames kept once."""
Device = Literal["auto", "cpu", "cuda", "mps"]


@dataclass(frozen=True, eq=False)
class ImageArray:
    """An image that is at hand as an array, where a file of one is asked for."""

    rgba: Rgba
    """``(T, H, W, 4) uint8``."""
    frames: str | None = None
    """The frames of a clip that it is, where it is given as some."""
    stem: ClassVar[str] = "array"

    def __str__(self) -> str:
        return f"the array {self.rgba.shape}"


Image = Path | ImageArray


def named_frames(image: Image) -> tuple[str | None, Image]:
    """The frames that ``FRAMES=FILE`` names, and the file; a file of that very name has none.

    Raises:
        UsageError: frames without a file.
    """
    if isinstance(image, ImageArray):
        return image.frames, image
    frames, equals, path = str(image).partition("=")
    if equals and not path and not image.exists():
        raise UsageError(f"--given {image}: name a file after the =, such as {frames}=hero.png")
    return (frames, Path(path)) if equals and not image.exists() else (None, image)


def parse_size(text: str) -> tuple[int, int]:
    """``WxH`` as (height, width).

    Raises:
        ValueError: not two whole numbers from 1 to 4096 with an x between them.
    """
    match = re.fullmatch(r"(\d{1,4})[xX×](\d{1,4})", text.strip())
    size = (int(match[2]), int(match[1])) if match else (0, 0)
    if not all(1 <= side <= 4096 for side in size):
        raise ValueError(
            f"{text!r} is no size: write width x height in pixels, up to 4096 each, such as 16x16"
        )
    return size


def size_text(text: str) -> str:
    """``WxH`` as it is written, once :func:`parse_size` can read it."""
    parse_size(text)
    return text


def parse_shard(text: str) -> tuple[int, int]:
    """``I/N``, part I of N counted from 1, as ``(I - 1, N)``.

    Raises:
        ValueError: the text names no part.
    """
    part, slash, parts = text.partition("/")
    if not (slash and part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise ValueError(f"{text!r} is no part such as 1/4, 2/4, 3/4 or 4/4.")
    return int(part) - 1, int(parts)


def shard_of(count: int, shard: tuple[int, int]) -> range:
    """The numbers below ``count`` that fall to a part: neighbours, which are computed at once."""
    part, parts = shard
    return range(count * part // parts, count * (part + 1) // parts)


def parse_pair(text: str) -> tuple[int, int]:
    """``2x1``, across and down, or ``2`` for both.

    Raises:
        ValueError: the text is no such numbers of pixels.
    """
    across, x, down = text.strip().lower().partition("x")
    numbers = (across, down) if x else (across, across)
    if not all(n.isascii() and n.isdecimal() and len(n) <= 4 for n in numbers):
        raise ValueError(f"{text!r} is no number of pixels such as 2, or 2x1 for across and down.")
    return int(numbers[0]), int(numbers[1])


def pair(given: tuple[int, ...] | int) -> tuple[int, int]:
    """Across and down, of a number for both or of a pair.

    Raises:
        UsageError: it is neither.
    """
    numbers = (given, given) if isinstance(given, int) else given
    if len(numbers) != 2:
        raise UsageError(f"{numbers} are not two numbers of pixels: write 2x1 for across and down")
    return numbers


MIN_MS, MAX_MS = 10, 655_350
"""A frame may be shown so long."""


def parse_durations(text: str) -> tuple[float, ...]:
    """``100,80,250`` as milliseconds.

    Raises:
        ValueError: one of them is no time that a frame can be shown.
    """
    try:
        times = tuple(float(part) for part in text.split(","))
    except ValueError:
        times = ()
    if not times or not all(MAX_MS >= time >= MIN_MS for time in times):
        raise ValueError(f"{text!r} is no list such as 100,80,250, each {MIN_MS} to {MAX_MS}.")
    return times


@dataclass(frozen=True, kw_only=True)
class DeviceSettings:
    """The device to compute on."""

    device: Device = run_setting("auto", "where to compute")


@dataclass(frozen=True, kw_only=True)
class JobsSettings:
    """Many requests to a command, whose other options are what the requests leave out."""

    jobs: Path | None = run_setting(
        None,
        "make what each line of a file asks for, a JSON object of these options by their names; "
        "- reads a pipe",
        metavar="FILE",
        excuses=True,
    )
    at_once: int | None = run_setting(
        None,
        "jobs made at once (default: one a core)",
        low=1,
        flags=("-j", "--at-once"),
    )

    def __post_init__(self) -> None:
        """Refuse a file that is not there."""
        if self.jobs is not None and self.jobs != Path("-") and not self.jobs.exists():
            raise InputError(f"cannot read {self.jobs}: No such file or directory")


@dataclass(frozen=True, kw_only=True)
class SheetSettings:
    """The form of a sheet for engines."""

    sheet: Arrangement | None = run_setting(
        None,
        "lay a .png out for engines: a clip a row or column, or trimmed and packed",
    )
    rows: str | None = run_setting(
        None,
        "the order of a sheet's animations, such as down,left,right,up; others follow",
        metavar="A,B",
        separator=",",
    )
    padding: int = run_setting(0, "pixels between", low=0, high=256)
    extrude: int = run_setting(
        0,
        "repeat borders around frames so often, so that filtering does not bleed",
        low=0,
        high=256,
    )
    power_of_two: bool = run_setting(False, "make the sheet's sides powers of two")
    data: tuple[Path, ...] = run_setting(
        (), "describe the sheet: {descriptions} (repeatable)", metavar="FILE"
    )
    array: bool = run_setting(False, "name frames in a list in JSON")

    @property
    def arrangement(self) -> Arrangement:
        """The arrangement of frames: in rows unless told otherwise."""
        return self.sheet or "rows"

    @property
    def row_names(self) -> tuple[str, ...]:
        """The animations that come first."""
        return tuple(filter(None, map(str.strip, (self.rows or "").split(","))))

    @property
    def for_engines(self) -> bool:
        """True if anything is asked for; else a sheet is one that people look at."""
        spaced = self.padding or self.extrude or self.power_of_two
        return bool(self.sheet or self.rows or spaced or self.data)


@dataclass(frozen=True, kw_only=True)
class OutputSettings(SheetSettings, DeviceSettings):
    """The destination of pictures."""

    out: str | None = run_setting(
        None,
        "folder, .png sheet, {files} frames, or - (default: here)",
        flags=("-o", "--out"),
        metavar="OUT",
    )
    force: bool = run_setting(False, "replace files of the same names in the folder")


@dataclass(frozen=True, kw_only=True)
class BatchSettings(OutputSettings):
    """Runs of many pictures."""

    out: str | None = again(
        OutputSettings,
        "out",
        doc="folder, .png sheet, {files} frames, .html page to choose from, or - (default: here)",
    )
    sheet: Arrangement | None = again(
        OutputSettings,
        "sheet",
        doc="lay a .png out for engines, in a folder one a clip: a clip a row or column, or "
        "trimmed and packed",
    )
    skip_existing: bool = run_setting(False, "leave out what is in the folder already")
    dry_run: bool = run_setting(False, "print what would be written, and write nothing")
    batch: int = run_setting(
        256, "pictures looked at together; changes memory, never the pictures", low=1
    )
    workers: int | None = run_setting(None, "threads (default: all)", low=1)

    def __post_init__(self) -> None:
        """Refuse what excludes each other."""
        if self.skip_existing and self.force:
            raise UsageError("--skip-existing and --force exclude each other")
