"""Clips that share one file: animations, editor files, and sheets for engines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pxgen.config.options import SheetSettings
from pxgen.engines.atlas import Clip, Style, lay_out
from pxgen.engines.describe import KINDS, check_description, description, has_array
from pxgen.errors import UsageError
from pxgen.files import write_bytes, write_text
from pxgen.palette.table import Palette
from pxgen.render.kinds import SHEET, encode_clips, kind_of
from pxgen.render.png import encode_png


@dataclass(frozen=True)
class SheetOptions:
    """Layout of a sheet for engines, and the files that describe it."""

    style: Style | None = None
    """None is the contact sheet that people look at."""
    data: tuple[Path, ...] = ()
    """Files that say where the frames are; their suffixes say for whom."""
    array: bool = False
    """Whether JSON names its frames in a list."""

    @classmethod
    def of(cls, settings: SheetSettings) -> SheetOptions:
        """What was asked for; any wish about a sheet makes it one for engines."""
        style = None
        spaced = settings.padding or settings.extrude or settings.power_of_two
        if settings.sheet or spaced or settings.data:
            style = Style(
                settings.sheet or "rows", settings.padding, settings.extrude, settings.power_of_two
            )
        return cls(style, settings.data, settings.array)

    def check(self, suffix: str) -> None:
        """Refuse what cannot be written to a file of a suffix, before any picture is made.

        Raises:
            UsageError: a sheet or its description is wanted of something else, or cannot be made.
        """
        if self.array and not any(map(has_array, self.data)):
            kinds = ", ".join(kind.suffix for kind in KINDS if kind.write_array)
            raise UsageError(f"--array is for {kinds}: name such a file with --data")
        if len(set(self.data)) < len(self.data):
            raise UsageError("--data names a file twice: once is enough")
        if self.style is None:
            return
        if suffix not in SHEET.suffixes:
            raise UsageError(f"a sheet for engines is a {SHEET.suffixes[0]} file: name one with -o")
        for file in self.data:
            check_description(file, self.style)


CONTACT_SHEET = SheetOptions()


def write_one_file(
    target: Path, clips: Sequence[Clip], palette: Palette, options: SheetOptions
) -> Iterator[Path]:
    """Write clips to one file, and its descriptions; yield each path once it is complete.

    Args:
        target: its suffix says what it becomes.
        clips: of one size, enlarged already.
        palette: of all of them.
        options: for a sheet.

    Raises:
        UsageError: more than the format holds.
        PxgenError: a file cannot be written.
    """
    kind = kind_of(target)
    if kind is not None and kind.encoder:
        yield write_bytes(target, encode_clips(kind, clips, palette))
        return
    atlas = lay_out(clips, options.style or Style())
    described = [(f, description(atlas, target, f, array=options.array)) for f in options.data]
    yield write_bytes(target, encode_png(atlas.pixels, palette))
    for file, text in described:
        yield write_text(file, text)
