"""``lint``: faults of pixel art, and copies with the safe repairs made."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from pxgen.arrays import Rgba
from pxgen.config.requests import LintSettings
from pxgen.config.schema import nearest
from pxgen.data.dataset import open_dataset
from pxgen.engines.clips import Clip
from pxgen.errors import InputError, UsageError
from pxgen.files import write_bytes
from pxgen.ingest.arrays import ARRAY_SUFFIXES
from pxgen.ingest.aseprite_extras import extras_remark
from pxgen.ingest.decoded import DEFAULT_MS
from pxgen.ingest.file_sprites import Sprite
from pxgen.ingest.images import read_image
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.timing import FOREVER, timing_of
from pxgen.ingest.together import on_tables
from pxgen.ingest.walk import Found, find_files
from pxgen.lint.checks import RULES, TASTE, Finding, check
from pxgen.lint.customs import Customs
from pxgen.lint.repair import Repaired, repair
from pxgen.names import folded, untaken
from pxgen.palette import MAX_COLORS, Palette
from pxgen.palette.library import find_palette
from pxgen.render.apng import encode_rgba_apng
from pxgen.render.kinds import BY_SUFFIX, WRITTEN_SUFFIXES, encode_clips
from pxgen.render.png import encode_png
from pxgen.render.webp import encode_rgba_webp

ANIMATED, STILL = ".apng", ".png"
"""Copies of files of kinds that are not written: neither loses a colour."""
TRUECOLOR = (STILL, ANIMATED, ".webp")
"""Suffixes of files of any number of colours."""


@dataclass(frozen=True)
class Linted:
    """One file and its faults."""

    file: Found
    findings: tuple[Finding, ...]
    """Faults that remain, after a repair if there was one."""
    taste: tuple[str, ...]
    """Rules of taste that it breaks, where these do not count."""
    written: Path | None
    """The repaired file, where something was repaired."""
    error: str | None = None
    """Why it cannot be read."""
    lost: str | None = None
    """What the repaired file lacks of it."""


def lint(settings: LintSettings) -> Iterator[Linted]:
    """Check every image of the sources, and repair them if asked to.

    Raises:
        UsageError: an unknown rule, or a repair without a folder to write to.
        InputError: a source or the dataset does not exist, or holds no image.
    """
    for rule in settings.ignore:
        if rule not in RULES:
            raise UsageError(f"no rule '{rule}'; {nearest(rule, RULES)}")
    if settings.fix and settings.out is None:
        raise UsageError("--fix writes repaired copies: name a folder for them with -o")
    if settings.out is not None and not settings.fix:
        raise UsageError("-o is where --fix writes: give both or neither")
    if settings.out is not None and settings.out.exists() and not settings.out.is_dir():
        raise UsageError(f"{settings.out} is a file: name a folder with -o")
    palette = find_palette(settings.palette) if settings.palette else None
    customs = Customs.of(open_dataset(settings.like)) if settings.like else None
    written: set[str] = set()
    files = find_files(settings.sources).files
    kept = {file.path.resolve() for file in files}
    for file in files:
        if file.path.suffix.lower() not in ARRAY_SUFFIXES or file.path in settings.sources:
            yield _lint(file, palette, customs, settings, written, kept)


def _lint(
    file: Found,
    palette: Palette | None,
    customs: Customs | None,
    settings: LintSettings,
    written: set[str],
    kept: Collection[Path],
) -> Linted:
    """``written`` are copies so far, ``kept`` the sources: nothing replaces any of them."""
    try:
        picture = read_image(file.path)
    except InputError as error:
        return Linted(file, (), (), None, str(error))
    found, taste = _of(picture.rgba, palette, customs, settings, settings.pixel)
    if not (settings.fix and any(finding.fixable for finding in found)):
        return Linted(file, found, taste, None)
    mended = repair(
        picture.rgba,
        palette,
        picture.durations,
        settings.ignore,
        picture.tags,
        settings.pixel,
    )
    target = untaken(_target(file, mended, settings), written)
    if target.resolve() in kept:
        raise UsageError(f"{target} is one of the sources: choose another folder")
    if target.exists() and not settings.force:
        raise UsageError(f"{target} exists: replace it with --force, or choose another folder")
    try:
        onto = None if "off-palette" in settings.ignore else palette
        write_bytes(target, _encoded(mended, onto, file.path, picture.table, target.suffix))
    except InputError as error:
        return Linted(file, found, taste, None, f"{file.path}: {error}")
    written.add(folded(str(target)))
    found, taste = _of(mended.rgba, palette, customs, settings)
    return Linted(file, found, taste, target, lost=extras_remark([file.path]))


def _of(
    rgba: Rgba,
    palette: Palette | None,
    customs: Customs | None,
    settings: LintSettings,
    pixel: float | None = None,
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    found = [f for f in check(rgba, palette, pixel) if f.rule not in settings.ignore]
    if customs is not None:
        return tuple(customs.beyond(found, rgba)), ()
    taste = [f.rule for f in found if f.rule in TASTE and not settings.strict]
    return tuple(f for f in found if f.rule not in taste), tuple(taste)


def _target(file: Found, mended: Repaired, settings: LintSettings) -> Path:
    """Under the folder as it lay under the sources; of its own kind where that is written."""
    suffix = file.path.suffix.lower()
    if suffix not in WRITTEN_SUFFIXES:
        suffix = STILL if len(mended.rgba) == 1 else ANIMATED
    folder = settings.out or Path()
    return folder / PurePosixPath(file.name).with_suffix(suffix)


def _encoded(
    mended: Repaired, palette: Palette | None, source: Path, table: bytes | None, suffix: str
) -> bytes:
    """On a palette, else on the file's own table or the colours in use; played as the source is."""
    sprite = IndexedSprite.of(mended.rgba)
    if palette is not None:
        maps = sprite.onto(palette)[0]
    elif len(sprite.visible) >= MAX_COLORS:
        return _truecolor(mended, source, suffix)
    else:
        rows = None if table is None else np.frombuffer(table, np.uint8).reshape(-1, 4)
        [(maps, palette)] = on_tables([Sprite(str(source), 0, mended.rgba)], rows)
    if suffix == STILL and len(maps) == 1:
        return encode_png(maps[0], palette)
    durations = mended.durations or [DEFAULT_MS] * len(maps)
    kind = BY_SUFFIX[ANIMATED if suffix == STILL else suffix]
    clip = Clip("", maps, durations, mended.tags)
    return encode_clips(kind, [clip], palette, timing_of(source)[0] or FOREVER)


def _truecolor(mended: Repaired, source: Path, suffix: str) -> bytes:
    """A file in RGBA, for images of more colours than a palette holds."""
    if suffix not in TRUECOLOR:
        raise InputError(
            "more than 255 colours in a clip: reduce them with `pxgen export --colors 255`"
        )
    if suffix == STILL and len(mended.rgba) == 1:
        Image.fromarray(mended.rgba[0]).save(out := io.BytesIO(), "PNG")
        return out.getvalue()
    kind = BY_SUFFIX[ANIMATED if suffix == STILL else suffix]
    durations = mended.durations or [DEFAULT_MS] * len(mended.rgba)
    durations = [min(ms, kind.longest) for ms in durations]
    encode = encode_rgba_webp if kind is BY_SUFFIX[".webp"] else encode_rgba_apng
    return encode(mended.rgba, durations, min(timing_of(source)[0] or FOREVER, kind.most_plays))


def line(name: str, finding: Finding) -> str:
    """A finding for people: where, what, and whether it can be repaired."""
    at = ""
    if finding.where is not None:
        frame, x, y = finding.where
        at = f" (first at {x},{y}" + (f" of frame {frame})" if frame else ")")
    mend = "; --fix repairs it" if finding.fixable else ""
    return f"{name}: {finding.rule}: {finding.count} {finding.what}{at}{mend}"
