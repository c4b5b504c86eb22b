"""Output of pictures: the meaning of ``-o OUT``, the names of the files, and writing them.

A folder gets one file a picture (a clip its own sheet, if sheets are asked for), ``x.png`` one
sheet, ``x.gif``, ``x.webp``, ``x.apng``, ``x.mp4`` and ``x.webm`` the frames one after another,
``x.aseprite`` all of them with a tag a clip, and ``-`` one image on standard output. ``x.html`` is
a page to choose from, which some commands make.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from pxgen.arrays import IndexMaps
from pxgen.config.options import SheetSettings
from pxgen.config.sample_settings import SeriesSettings
from pxgen.engines.clips import Clip, check_rows
from pxgen.engines.tags import view_tags
from pxgen.errors import PxgenError, Remark, UsageError, unsaid
from pxgen.files import write_bytes
from pxgen.names import distinct, normal, unreserved
from pxgen.palette.local import united
from pxgen.palette.table import Palette
from pxgen.render.kinds import (
    BY_SUFFIX,
    SHEET,
    WRITTEN_SUFFIXES,
    check_installed,
    encode_clips,
    hardened,
    kind_of,
    shortened,
)
from pxgen.render.one_file import check_sheet, write_one_file
from pxgen.render.png import encode_png
from pxgen.render.scale import enlarge
from pxgen.render.sheet import contact_sheet

Form = Literal["folder", "sheet", "together", "stdout", "page"]
Shown = tuple[str, IndexMaps, Palette]
"""A name without a suffix, ``(T, H, W) uint8`` indices, and their palette."""

STILL, CLIP = ".png", ".gif"
"""Suffixes of the files in a folder."""
PAGE = ".html"
"""Suffix of a page to choose from."""
_SUFFIX = re.compile(r"\.[a-z]{2,5}[0-9]?")
"""What is meant for a kind of file, known or not; never a folder's name unless that is there."""
DIGITS = 4
"""Zero padding of numbers; fixed, so that a longer run names the same picture the same."""
STEM_BYTES, NAME_BYTES = 120, 160
"""Longest label part of a file name, and longest name that was given; file systems allow 255 bytes
for the whole."""
CONTACT_SHEET = SheetSettings()


@dataclass(frozen=True)
class Series:
    """The names of the pictures of one run."""

    settings: SeriesSettings
    numbers: Sequence[int]
    """The number of each picture in its seed's stream, in the order in which they come."""
    otherwise: ClassVar[str] = "leave it with --skip-existing, or choose another --seed or -o"
    """The advice where a name is taken."""

    def name(self, number: int) -> str:
        """The file name of a picture by its number, without a suffix: ``alien-0-0042``."""
        return f"{safe_stem(self.settings.label)}-{self.settings.seed}-{number:0{DIGITS}}"

    def names(self) -> Iterator[str]:
        """One file name a picture."""
        return map(self.name, self.numbers)


@dataclass(frozen=True)
class Named:
    """Pictures that were given names."""

    stems: Sequence[str]
    otherwise: ClassVar[str] = "or choose another -o"

    def names(self) -> Iterator[str]:
        """One file name a picture, without its suffix; never a path, and no two alike."""
        return distinct(unreserved(safe_stem([stem], NAME_BYTES)) for stem in self.stems)


@dataclass(frozen=True)
class Output:
    """One run's pictures and their destination; build it with :func:`plan_output`."""

    form: Form
    target: Path
    series: Series | Named
    """The pictures to come; they name the files of a folder."""
    scale: int
    """The enlargement of each pixel."""
    delay_ms: float | Sequence[float]
    """Milliseconds a frame is shown, or each frame of a clip."""
    columns: int | None = None
    """Of a sheet; None is about as wide as high."""
    sheet: SheetSettings = CONTACT_SHEET
    frames: Sequence[str] = ()
    """The names of each clip's frames, where they have names: a view is an animation."""
    report: Remark = unsaid
    """Takes a line about what a file cannot hold."""

    @property
    def together(self) -> bool:
        """True if clips keep their names in one file."""
        return self.form == "together" or (self.form != "folder" and self.sheet.for_engines)

    @property
    def moves(self) -> bool:
        """True if pictures become the frames of one animation."""
        kind = kind_of(self.target)
        return self.form == "together" and kind is not None and kind.plays

    def write(self, pictures: Iterable[Shown]) -> Iterator[Path]:
        """Write pictures and yield each path once its file is complete.

        A folder is written picture by picture in bounded memory; the other forms are one file and
        wait for the last picture. Standard output yields no path.

        Raises:
            UsageError: pictures of one file hold more colours than it can.
            PxgenError: a file cannot be written.
        """
        if self.form == "folder":
            for name, clip, palette in self._hardened(pictures):
                path = self.target / (name + self._suffix(moving=len(clip) > 1))
                if self.sheet.for_engines:
                    clips = self._clips([name], clip[None])
                    yield from write_one_file(path, clips, palette, self.sheet)
                else:
                    yield write_bytes(path, self._one_image(clip[None], palette))
            return
        names, maps, palettes = zip(*self._hardened(pictures), strict=True)
        pixels, palette = np.stack(maps), palettes[0]
        if any(each != palette for each in palettes):
            several, palette = united(zip(maps, palettes, strict=True))
            pixels = np.stack(several)
        if self.form == "stdout":
            to_stdout(self._one_image(pixels, palette))
        elif self.together:
            clips = self._clips(names, pixels)
            if line := shortened(BY_SUFFIX[self.target.suffix.lower()], clips):
                self.report(line)
            yield from write_one_file(self.target, clips, palette, self.sheet)
        else:
            yield write_bytes(self.target, self._sheet(pixels, palette))

    def _hardened(self, pictures: Iterable[Shown]) -> Iterator[Shown]:
        """The pictures; the first that loses half-transparency is told of."""
        said = False
        for shown in pictures:
            _, clip, palette = shown
            own = kind_of(self.target) if self.form == "together" else None
            moving = len(clip) > 1 and self.form == "folder"
            kind = own or BY_SUFFIX[self._suffix(moving=moving)]
            line = None if said else hardened(kind, palette)
            if line:
                self.report(line)
                said = True
            yield shown

    def of_frames(self, names: Sequence[str]) -> Output:
        """The same of clips whose frames have names, if they have.

        Raises:
            UsageError: rows of a sheet are asked for that it will not have.
        """
        if asked := self.sheet.row_names:
            _, tags = view_tags(names)
            check_rows(asked, [tag.name for tag in tags] or self.series.names())
        return replace(self, frames=names)

    def refuse_existing(self) -> None:
        """Derived names never replace a file; call this before the pictures are made.

        Raises:
            UsageError: one of the files exists.
        """
        if self.form != "folder" or not self.target.is_dir():
            return
        other = CLIP if self.sheet.for_engines else None
        existing = {path.stem: path for path in self.target.iterdir() if path.suffix != other}
        for name in self.series.names() if existing else ():
            # The file system knows what it takes for one name: case or accents may not count.
            there = (path for path in self._paths(name) if path.exists())
            if path := existing.get(name) or next(there, None):
                raise UsageError(f"{path} exists: replace it with --force, {self.series.otherwise}")

    def missing(self, numbers: Sequence[int], *, moving: bool) -> list[int]:
        """Those numbers of the series whose pictures, which move or not, the folder lacks yet.

        Raises:
            UsageError: it is no folder that is written to.
        """
        if self.form != "folder":
            raise UsageError("--skip-existing needs a folder of pictures: name one with -o")
        # An animation that is there already is no sheet, nor a sheet an animation.
        planned = zip(numbers, self.paths(moving=moving), strict=True)
        return [number for number, path in planned if not path.exists()]

    def _paths(self, name: str) -> list[Path]:
        """The files that a picture of this name may become in the folder."""
        suffixes = (STILL,) if self.sheet.for_engines else (STILL, CLIP)
        return [self.target / (name + suffix) for suffix in suffixes]

    def paths(self, *, moving: bool) -> list[Path]:
        """The files to be written of clips that move or of stills: one a picture, or one."""
        if self.form == "stdout":
            return []
        if self.form != "folder":
            return [self.target, *self.sheet.data]
        suffix = self._suffix(moving=moving)
        return [self.target / (name + suffix) for name in self.series.names()]

    def _suffix(self, *, moving: bool) -> str:
        """The suffix of a file in a folder."""
        return CLIP if moving and not self.sheet.for_engines else STILL

    def _one_image(self, pixels: IndexMaps, palette: Palette) -> bytes:
        """A lone clip moves; everything else is a picture."""
        clips, frames = pixels.shape[:2]
        if clips == 1 and frames > 1:
            clip = Clip("", enlarge(pixels[0], self.scale), self._delays(frames))
            return encode_clips(BY_SUFFIX[CLIP], [clip], palette)
        return self._sheet(pixels, palette)

    def _sheet(self, pixels: IndexMaps, palette: Palette) -> bytes:
        clips, frames, height, width = pixels.shape
        strips = pixels.swapaxes(1, 2).reshape(clips, height, frames * width)
        sheet = strips[0] if clips == 1 else contact_sheet(strips, self.columns)
        return encode_png(enlarge(sheet, self.scale), palette)

    def _clips(self, names: Sequence[str], pixels: IndexMaps) -> list[Clip]:
        delays = self._delays(pixels.shape[1])
        named = zip(names, enlarge(pixels, self.scale), strict=True)
        if len(self.frames) == pixels.shape[1]:
            return [Clip.of_views(name, frames, delays, self.frames) for name, frames in named]
        return [Clip(name, frames, delays) for name, frames in named]

    def _delays(self, frames: int) -> list[float]:
        """Milliseconds of each frame of a clip."""
        if isinstance(self.delay_ms, int | float):
            return [float(self.delay_ms)] * frames
        return [*self.delay_ms]


def plan_output(
    out: str | None,
    series: Series | Named,
    *,
    scale: int = 1,
    force: bool = False,
    delay_ms: float | Sequence[float] = 100.0,
    columns: int | None = None,
    sheet: SheetSettings = CONTACT_SHEET,
    report: Remark = unsaid,
) -> Output:
    """Decide from ``-o OUT`` what will be written, before any picture is made.

    OUT is a folder, a file of one of ``kinds.WRITTEN_SUFFIXES``, ``-``, or None for the current
    folder; for a series a page, too, which its command writes. Files whose names are derived are
    replaced by ``force`` alone. A folder of sheets, one a clip, is for a series. The other
    arguments are the fields of :class:`Output`.

    Raises:
        UsageError: OUT has a suffix that is not written, or a derived name is taken and ``force``
            is off.
        PxgenError: an extra must be installed for such files.
    """
    pages = () if isinstance(series, Named) else (PAGE,)
    form, target = _destination(out, (*WRITTEN_SUFFIXES, *pages))
    if form == "page" and isinstance(series, Named):
        raise UsageError(
            f"cannot write {out}: sample, animate and evaluate make pages; name a folder or a "
            f"{', '.join(WRITTEN_SUFFIXES)} file"
        )
    output = Output(form, target, series, scale, delay_ms, columns, sheet, report=report)
    suffix = target.suffix.lower() if form == "sheet" else form
    check_sheet(sheet, suffix, apart=isinstance(series, Series))
    if not force:
        output.refuse_existing()
    return output


def to_stdout(content: bytes) -> None:
    """Write a whole file to standard output.

    Raises:
        PxgenError: it cannot be written; a BrokenPipeError, where nobody reads it any more.
    """
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise PxgenError(f"cannot write to standard output: {error.strerror or error}") from error


def _destination(out: str | None, suffixes: Sequence[str]) -> tuple[Form, Path]:
    if out == "-":
        if sys.__stdout__ is None:
            raise UsageError("there is no standard output to write to: name a file with -o")
        return "stdout", Path(out)
    if out == "":
        raise UsageError("-o is empty: name a file or a folder")
    target = Path(out or ".")
    if out is None or out.endswith(("/", os.sep)) or target.is_dir():
        return "folder", target
    suffix = target.suffix.lower()
    if suffix == PAGE:
        return "page", target
    if suffix in WRITTEN_SUFFIXES:
        check_installed(BY_SUFFIX[suffix])
        return "sheet" if suffix in SHEET.suffixes else "together", target
    if suffix in BY_SUFFIX or _SUFFIX.fullmatch(suffix):
        kinds = ", ".join(suffixes)
        raise UsageError(f"cannot write {out}: name a folder or a {kinds} file; {out}/ is a folder")
    return "folder", target


def safe_stem(labels: Sequence[str], most: int = STEM_BYTES) -> str:
    """A file name part for these labels that is never a path, hidden, an option or too long.

    Letters and digits of any script stay; every other run of characters becomes one dash.
    """
    # A forbidden label must not be called as an asked one.
    parts = (_slug(label.replace(":-", " minus ")) for label in labels)
    stem = "+".join(part for part in parts if part)
    shortened = stem.encode("utf-8")[:most].decode("utf-8", errors="ignore")
    return shortened.strip("-+.") or "sprite"


def _slug(label: str) -> str:
    kept = ""
    for letter in normal(label):
        # Vowel signs and accents that Unicode keeps apart belong to the letter before.
        mark = kept[-1:].strip() and unicodedata.category(letter)[0] == "M"
        kept += letter if mark or letter.isalnum() or letter in "._" else " "
    return "-".join(kept.split()).strip("-.")
