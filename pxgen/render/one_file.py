"""Clips that share one file: animations, editor files, and sheets for engines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pxgen.config.options import SheetSettings
from pxgen.engines.atlas import lay_out
from pxgen.engines.clips import Clip
from pxgen.engines.describe import DESCRIPTIONS, check_description, description, has_array
from pxgen.errors import UsageError
from pxgen.files import write_bytes, write_text
from pxgen.names import folded
from pxgen.palette.table import Palette
from pxgen.render.kinds import SHEET, PictureKind, encode_clips, kind_of
from pxgen.render.png import encode_png


def check_sheet(sheet: SheetSettings, suffix: str, *, apart: bool = False) -> None:
    """Refuse what cannot be written to a file of a suffix, before any picture is made.

    ``apart`` allows a ``folder`` of sheets, one a clip.

    Raises:
        UsageError: a sheet or its description is wanted of something else, or cannot be made.
    """
    if sheet.array and not any(map(has_array, sheet.data)):
        kinds = ", ".join(kind.suffix for kind in DESCRIPTIONS if kind.write_array)
        raise UsageError(f"--array is for {kinds}: name such a file with --data")
    if len({folded(str(file)) for file in sheet.data}) < len(sheet.data):
        raise UsageError("--data names a file twice: once is enough")
    apart = apart and suffix == "folder"
    if apart and sheet.data:
        raise UsageError("--data describes one sheet: name a .png file with -o")
    if sheet.for_engines and suffix not in SHEET.suffixes and not apart:
        raise UsageError(f"a sheet for engines is a {SHEET.suffixes[0]} file: name one with -o")
    for file in sheet.data:
        check_description(file, sheet.arrangement)


def write_one_file(
    target: Path, clips: Sequence[Clip], palette: Palette, sheet: SheetSettings, plays: int = 0
) -> Iterator[Path]:
    """Write clips to one file, and its descriptions; yield each path once it is complete.

    The clips are of one size and enlarged already; the target's suffix says what it becomes.

    Raises:
        UsageError: more than the format holds.
        PxgenError: a file cannot be written.
    """
    kind = kind_of(target) or SHEET
    if kind.encoder:
        yield write_bytes(target, encode_clips(kind, clips, palette, plays))
        return
    atlas = lay_out(clips, sheet)
    described = [(f, description(atlas, target, f, array=sheet.array)) for f in sheet.data]
    yield write_bytes(target, encode_png(atlas.pixels, palette))
    for file, text in described:
        yield write_text(file, text)


def encode_one(
    kind: PictureKind, clips: Sequence[Clip], palette: Palette, sheet: SheetSettings, plays: int
) -> bytes:
    """The content of one file of clips, without a description.

    Raises:
        UsageError: more than the format holds.
    """
    if kind.encoder:
        return encode_clips(kind, clips, palette, plays)
    return encode_png(lay_out(clips, sheet).pixels, palette)
