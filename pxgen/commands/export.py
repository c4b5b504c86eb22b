"""``export``: images and clips that exist, as one sheet, animation, editor file or folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from pxgen.arrays import IndexMaps
from pxgen.canvas import Canvas
from pxgen.commands.watching import counted
from pxgen.config.requests import ExportSettings
from pxgen.config.settings import DataSettings
from pxgen.data.dataset import FILE_NAME, open_dataset
from pxgen.engines.clips import Clip, all_tags, names_of_frames
from pxgen.engines.tags import unlike
from pxgen.errors import InputError, Remark, UsageError
from pxgen.files import refuse_sources, write_bytes
from pxgen.frames import taken_frames
from pxgen.ingest.aseprite_extras import extras_remark
from pxgen.ingest.decoded import DEFAULT_MS
from pxgen.ingest.describe import describe_renamed, describe_rests
from pxgen.ingest.file_sprites import Sprite
from pxgen.ingest.grid import in_cells
from pxgen.ingest.labels import listed
from pxgen.ingest.layout import check_canvas, pad_to_canvas
from pxgen.ingest.sources import Sources
from pxgen.ingest.tally import Tally
from pxgen.ingest.timing import FOREVER, timing_of
from pxgen.ingest.together import Shown, on_one, on_palette, on_tables
from pxgen.ingest.views import NO_VIEWS
from pxgen.ingest.walk import Listing, find_files
from pxgen.names import distinct, unreserved
from pxgen.palette.library import find_palette, palette_file
from pxgen.palette.local import own_palette
from pxgen.render.kinds import BY_SUFFIX, PictureKind, hardened, shortened
from pxgen.render.one_file import encode_one, write_one_file
from pxgen.render.outputs import Named, Output, plan_output, safe_stem, to_stdout
from pxgen.render.png import encode_png
from pxgen.render.scale import enlarge

MAX_OUTPUT_PIXELS = 2**30
"""Pixels of one file, before they are packed."""
IN_FOLDER = ".png"
"""What a folder holds, one a frame."""


def export(settings: ExportSettings, report: Remark) -> Iterator[Path]:
    """Read everything, write it together, and yield each path once its file is complete.

    Standard output, and a folder without a frame, yield no path.

    Raises:
        UsageError: OUT is none of the files that are written, or holds less than all of it.
        InputError: a source is missing or bad, or there are too many colours for one file.
    """
    output = plan_output(settings.out, Named(()), sheet=settings, force=settings.force)
    read = [*(s for s in settings.sources if s.is_file()), palette_file(settings.palette)]
    refuse_sources((output.target, *settings.data), filter(None, read))
    sprites, listing, tally = _read(settings, report)
    places = _places(sprites, listing)
    named = [replace(sprite, name=place) for sprite, place in zip(sprites, places, strict=True)]
    shown = _reduced(settings, sprites, report) or on_tables(named, tally.shared_table)
    moving = any(len(sprite.rgba) > 1 for sprite in sprites)
    kind = _kind(output, moving=moving)
    plays = _plays(settings, listing, kind, report, moving=moving)
    drawn = sum(maps.size for maps, _ in shown) * settings.scale**2
    if drawn > MAX_OUTPUT_PIXELS:
        raise UsageError(f"{drawn} pixels are too many for one file: enlarge less, or export fewer")
    if output.form == "folder":
        clips = _clips(settings, sprites, [maps for maps, _ in shown])
        yield from _folder(output, clips, shown, settings.force)
        return
    shown = on_one(shown)
    palette = shown[0][1]
    maps = _on_one_ground(places, [maps for maps, _ in shown], report)
    clips = _clips(settings, sprites, maps)
    # Whoever asks for another kind of file knows that it has no layers.
    flattens = kind is BY_SUFFIX[".aseprite"]
    lost = extras_remark(file.path for file in listing.files) if flattens else None
    for line in (hardened(kind, palette), shortened(kind, clips), lost):
        if line:
            report(line)
    if output.form == "stdout":
        to_stdout(encode_one(kind, clips, palette, settings, plays))
    else:
        yield from write_one_file(output.target, clips, palette, settings, plays)


def _kind(output: Output, *, moving: bool) -> PictureKind:
    """The kind of file that the clips become."""
    if output.form == "stdout":
        return BY_SUFFIX[".gif" if moving else ".png"]
    return BY_SUFFIX[IN_FOLDER if output.form == "folder" else output.target.suffix.lower()]


def _read(settings: ExportSettings, report: Remark) -> tuple[list[Sprite], Listing, Tally]:
    """All sprites of the sources, those of prepared datasets last."""
    datasets = [s for s in settings.sources if s.name == FILE_NAME or (s / FILE_NAME).is_file()]
    files = [source for source in settings.sources if source not in datasets]
    wanted = DataSettings(
        frames=settings.frames,
        cell=settings.cell,
        margin=settings.margin,
        spacing=settings.spacing,
        views=settings.views or (None if settings.layout else NO_VIEWS),
        by=settings.by,
        layout=settings.layout,
        take=settings.take,
    )
    listing = find_files(files, described=not in_cells(settings)) if files else Listing((), (), 0)
    sources = Sources(listing, wanted, _refuse, whole=True)
    sprites = list(counted(sources.sprites(), "sprites read", report))
    for line in (*describe_renamed(sources.tally), *describe_rests(sources.tally)):
        report(line)
    if settings.views not in {None, NO_VIEWS} and in_cells(settings):
        clips = Counter(sprite.name.partition("#")[0] for sprite in sprites if sprite.frames)
        for sheet, count in clips.items():
            if count > 1:
                report(
                    f"{sheet}: {count} clips of {settings.views}: its rows or columns are more "
                    "than these views"
                )
    for path in datasets:
        sprites += _prepared(path, sources.tally, listed(settings.take))
    if not sprites:
        if settings.take:
            raise InputError(f"--take {settings.take} fits no frame of the sources")
        raise InputError("no sprite in the sources: every cell of their sheets is empty")
    if settings.views not in {None, NO_VIEWS} and not any(sprite.frames for sprite in sprites):
        raise UsageError(
            f"--views {settings.views}: no frame of the sources has a name; of sheets say how "
            "large a cell is, too: --cell WxH"
        )
    if settings.take and settings.take != "*" and not any(sprite.frames for sprite in sprites):
        raise UsageError(
            f"--take {settings.take}: no frame of the sources has a name; of a sheet --views says "
            "which view each row is"
        )
    return sprites, listing, sources.tally


def _places(sprites: Sequence[Sprite], listing: Listing) -> list[str]:
    """Where each sprite is, for messages: its file as it was named, and its part of that."""
    paths = {file.name: str(file.path) for file in listing.files}
    parts = (sprite.name.partition("#") for sprite in sprites)
    return [f"{paths.get(file, file)}{mark}{part}" for file, mark, part in parts]


def _refuse(error: InputError) -> None:
    raise error


def _prepared(path: Path, tally: Tally, take: Sequence[str]) -> Iterator[Sprite]:
    """The sprites of a dataset, of named frames those asked for."""
    dataset = open_dataset(path)
    if dataset.pixels.size > MAX_OUTPUT_PIXELS:
        raise InputError(f"{path}: {len(dataset)} sprites are too many for one file")
    tally.saw_table(dataset.palette.rgba.tobytes() if dataset.palettes is None else None)
    names = dataset.frame_names
    taken = taken_frames(names, take)
    for row, name in enumerate(dataset.names):
        palette = (
            dataset.palette if dataset.palettes is None else own_palette(dataset.palettes[row])
        )
        rgba = palette.colors(dataset.pixels[row])
        if not names:
            yield Sprite(name, row, rgba)
        elif taken:
            yield Sprite(name, row, rgba[taken], frames=tuple(names[k] for k in taken))


def _reduced(
    settings: ExportSettings, sprites: Sequence[Sprite], report: Remark
) -> list[Shown] | None:
    """The sprites in the colours asked for; None if none are, or they have no others."""
    if settings.palette is not None:
        if settings.colors is not None:
            raise UsageError("--colors chooses a palette, --palette names one: give one of them")
        return on_palette(sprites, find_palette(settings.palette), settings.dither, report)
    if settings.colors is not None:
        return on_palette(sprites, settings.colors, settings.dither, report)
    return None


def _plays(
    settings: ExportSettings,
    listing: Listing,
    kind: PictureKind,
    report: Remark,
    *,
    moving: bool,
) -> int:
    """How often the file is shown: as is asked, or as all animations among the sources are.

    Tells of times that cannot be kept.
    """
    if settings.plays is not None and not kind.counts:
        raise UsageError(f"--plays: {kind.suffixes[0]} does not say how often it is shown")
    timings = [timing_of(file.path) for file in listing.files] if moving else []
    undelayed = sum(count for _, count in timings)
    if undelayed and settings.fps is None:
        report(
            f"{undelayed} frames without a delay are shown for {DEFAULT_MS:.0f} ms, as browsers do"
        )
    found = {plays for plays, _ in timings if plays is not None}
    if settings.plays is not None:
        return settings.plays
    if len(found) == 1 and max(found) <= kind.most_plays:
        return found.pop()
    if found:
        words = {FOREVER: "for ever", 1: "once"}
        often = " or ".join(words.get(n, f"{n} times") for n in sorted(found))
        if not kind.counts:
            why = f"{kind.suffixes[0]} cannot say so"
        elif len(found) == 1:
            why = f"{kind.suffixes[0]} counts to {kind.most_plays}, so that they are for ever"
        else:
            why = "the file is shown for ever; --plays N says how often"
        report(f"the animations are shown {often}: {why}")
    return FOREVER


def _on_one_ground(
    names: Sequence[str], maps: Sequence[IndexMaps], report: Remark
) -> list[IndexMaps]:
    """Every sprite at the bottom of the smallest canvas that holds all."""
    height, width = (max(each.shape[axis] for each in maps) for axis in (1, 2))
    sizes = [Canvas(*each.shape) for each in maps]
    check_canvas(Canvas(1, height, width), zip(names, sizes, strict=True))
    if any(each.shape[1:] != (height, width) for each in maps):
        report(f"sprites of several sizes stand at the bottom of {width}x{height}")
    return [pad_to_canvas(each, Canvas(len(each), height, width), "bottom") for each in maps]


def _clips(
    settings: ExportSettings, sprites: Sequence[Sprite], maps: Sequence[IndexMaps]
) -> list[Clip]:
    """The sprites with names of their own, at their times, and with the animations in them."""
    clips = []
    for name, sprite, each in zip(_names(sprites), sprites, maps, strict=True):
        frames, count = enlarge(each, settings.scale), len(each)
        durations = [*sprite.durations] or [DEFAULT_MS] * count
        if settings.fps is not None:
            durations = [1000 / settings.fps] * count
        if not sprite.frames:
            clips.append(Clip(name, frames, durations, sprite.tags))
            continue
        # Frames that a character lacks are transparent.
        there = [number for number in range(count) if each[number].any()] or [0]
        clips.append(
            Clip.of_views(
                name,
                frames[there],
                [durations[number] for number in there],
                [sprite.frames[number] for number in there],
            )
        )
    return clips


def _names(sprites: Sequence[Sprite]) -> list[str]:
    """A name for each sprite, free of suffixes and folders, and no two alike."""
    stems = []
    for sprite in sprites:
        file, mark, part = sprite.name.partition("#")
        stem = safe_stem([f"{PurePosixPath(file).with_suffix('')}{mark}{part}".replace("/", "-")])
        # A mere number would lose its place in the objects of JavaScript.
        stems.append(f"sprite-{stem}" if stem.isdecimal() else stem)
    return [*unlike(stems)]


def _folder(
    output: Output, clips: Sequence[Clip], shown: Sequence[Shown], force: bool
) -> Iterator[Path]:
    """A picture a frame, named by its animation and its number there."""
    tags = all_tags(clips)
    # Each animation has a name of its own first, or its numbers would go on in another's.
    named = [tag.name for tag in tags] + [clip.name for clip in clips]
    own = distinct(safe_stem([name]) for name in named)
    tags = tuple(tag._replace(name=next(own)) for tag in tags)
    clips = [replace(clip, name=next(own)) for clip in clips]
    stems = [*distinct(unreserved(safe_stem([name])) for name in names_of_frames(clips, tags))]
    paths = [output.target / (stem + IN_FOLDER) for stem in stems]
    existing = [path for path in paths if path.exists()]
    if existing and not force:
        raise UsageError(f"{existing[0]} exists: replace it with --force, or choose another folder")
    frames = [
        (frame, palette)
        for clip, (_, palette) in zip(clips, shown, strict=True)
        for frame in clip.frames
    ]
    for path, (frame, palette) in zip(paths, frames, strict=True):
        yield write_bytes(path, encode_png(frame, palette))
