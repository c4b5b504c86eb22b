"""``export``: images and clips that exist, as one sheet, animation or editor file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

from pxgen.arrays import IndexMaps, Rgba
from pxgen.canvas import Canvas
from pxgen.config.requests import ExportSettings
from pxgen.config.settings import DataSettings
from pxgen.engines.atlas import Clip, frame_names
from pxgen.errors import InputError, UsageError
from pxgen.ingest.decoded import DEFAULT_MS
from pxgen.ingest.file_sprites import Sprite
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.layout import MAX_SPRITE_SIDE, pad_to_canvas
from pxgen.ingest.sources import Sources
from pxgen.ingest.timing import FOREVER, timing_of
from pxgen.ingest.views import NO_VIEWS
from pxgen.ingest.walk import find_files
from pxgen.palette import Palette
from pxgen.palette.local import united
from pxgen.palette.table import MAX_COLORS
from pxgen.render.kinds import (
    BY_SUFFIX,
    WRITTEN_SUFFIXES,
    PictureKind,
    check_installed,
    hardened,
)
from pxgen.render.one_file import check_sheet, write_one_file
from pxgen.render.outputs import safe_stem
from pxgen.render.scale import enlarge

MAX_OUTPUT_PIXELS = 2**30
"""Pixels of one file, before they are packed."""


def export(settings: ExportSettings, report: Callable[[str], None]) -> Iterator[Path]:
    """Read everything, write it together, and yield each path once its file is complete.

    Raises:
        UsageError: OUT is none of the files that are written, or holds less than all of it.
        InputError: a source is missing or bad, or there are too many colours for one file.
    """
    suffix = settings.out.suffix.lower()
    if suffix not in WRITTEN_SUFFIXES:
        raise UsageError(
            f"cannot write {settings.out}: name a {', '.join(WRITTEN_SUFFIXES)} file with -o"
        )
    check_installed(BY_SUFFIX[suffix])
    check_sheet(settings, suffix)
    for path in (settings.out, *settings.data):
        if any(path.exists() and path.samefile(s) for s in settings.sources if s.is_file()):
            raise UsageError(f"{path} is one of the sources: name another file with -o")

    def refuse(error: InputError) -> None:
        raise error

    found = find_files(settings.sources, described=True)
    wanted = DataSettings(frames=settings.frames, views=NO_VIEWS)
    sources = Sources(found, wanted, refuse, untagged=True)
    sprites = list(sources.sprites())
    kind = BY_SUFFIX[suffix]
    plays = _plays(settings, [file.path for file in found.files], sprites, kind, report)
    maps, palette = _together(sprites, sources.tally.shared_table)
    canvas = _canvas(maps)
    if any(each.shape[1:] != canvas[1:] for each in maps):
        report(f"sprites of several sizes stand at the bottom of {canvas.width}x{canvas.height}")
    drawn = sum(len(each) for each in maps) * canvas.pixels * settings.scale**2
    if drawn > MAX_OUTPUT_PIXELS:
        raise UsageError(f"{drawn} pixels are too many for one file: enlarge less, or export fewer")
    if line := hardened(kind, palette):
        report(line)
    clips = [
        Clip(name, enlarge(_placed(each, canvas), settings.scale), _durations(sprite, settings.fps))
        for name, sprite, each in zip(_names(sprites), sprites, maps, strict=True)
    ]
    yield from write_one_file(settings.out, clips, palette, settings, plays)


def _plays(
    settings: ExportSettings,
    paths: Sequence[Path],
    sprites: Sequence[Sprite],
    kind: PictureKind,
    report: Callable[[str], None],
) -> int:
    """How often the file is shown: as is asked, or as all animations among the sources are.

    Tells of times that cannot be kept.
    """
    if settings.plays is not None and not kind.counts:
        raise UsageError(f"--plays: {settings.out.suffix} does not say how often it is shown")
    moving = any(len(sprite.rgba) > 1 for sprite in sprites)
    timings = [timing_of(path) for path in paths] if moving else []
    undelayed = sum(count for _, count in timings)
    if undelayed and settings.fps is None:
        report(
            f"{undelayed} frames without a delay are shown for {DEFAULT_MS:.0f} ms, as browsers do"
        )
    found = {plays for plays, _ in timings} - {None}
    if settings.plays is not None:
        return settings.plays
    if len(found) == 1 and (kind.counts or found == {FOREVER}):
        return found.pop() or FOREVER
    if found:
        words = {FOREVER: "for ever", 1: "once"}
        often = " or ".join(words.get(n, f"{n} times") for n in sorted(n or 0 for n in found))
        why = "one number with --plays" if kind.counts else f"{kind.suffixes[0]} cannot say so"
        report(f"the animations are shown {often}: {why}")
    return FOREVER


def _together(sprites: Sequence[Sprite], table: Rgba | None) -> tuple[list[IndexMaps], Palette]:
    """``(T, H, W) uint8`` maps on one palette: the files' own, or all colours as they come."""
    indexed = [IndexedSprite.of(sprite.rgba) for sprite in sprites]
    # A table that leaves transparent no place is no palette; the colours in use may be one.
    if table is not None and (table[:, 3] != 0).sum() < MAX_COLORS:
        shared = Palette.of(table.tolist())
        drawn = [each.onto(shared) for each in indexed]
        if not any(lacking for _, lacking in drawn):
            return [maps for maps, _ in drawn], shared
    own = []
    for sprite, each in zip(sprites, indexed, strict=True):
        try:
            palette = each.own_palette()
        except InputError as error:
            raise InputError(f"{sprite.name}: {error}") from None
        own.append((each.onto(palette)[0], palette))
    return united(own)


def _canvas(maps: Sequence[IndexMaps]) -> Canvas:
    """The smallest canvas that holds every sprite."""
    height, width = (max(each.shape[axis] for each in maps) for axis in (1, 2))
    if max(height, width) > MAX_SPRITE_SIDE:
        raise InputError(
            f"sprites of {width}x{height} are larger than {MAX_SPRITE_SIDE} pixels a side"
        )
    return Canvas(1, height, width)


def _placed(pixels: IndexMaps, canvas: Canvas) -> IndexMaps:
    return pad_to_canvas(pixels, canvas._replace(frames=len(pixels)), "bottom")


def _durations(sprite: Sprite, fps: float | None) -> list[float]:
    if fps is not None:
        return [1000 / fps] * len(sprite.rgba)
    return [*sprite.durations] or [DEFAULT_MS] * len(sprite.rgba)


def _names(sprites: Sequence[Sprite]) -> list[str]:
    """A unique name for each sprite, free of suffixes and folders; frames' names count, too."""
    taken: set[str] = set()
    names = []
    for sprite in sprites:
        file, mark, part = sprite.name.partition("#")
        stem = safe_stem([f"{Path(file).with_suffix('')}{mark}{part}".replace("/", "-")])
        # A mere number would lose its place in the objects of JavaScript.
        stem = f"sprite-{stem}" if stem.isdecimal() else stem
        tries = (stem if n == 1 else f"{stem}-{n}" for n in count(1))
        name = next(n for n in tries if not taken & _taken_by(n, len(sprite.rgba)))
        taken |= _taken_by(name, len(sprite.rgba))
        names.append(name)
    return names


def _taken_by(name: str, frames: int) -> set[str]:
    return {name, *frame_names(name, frames)}
