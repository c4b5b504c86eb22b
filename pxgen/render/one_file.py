"""Clips that share one file: animations, editor files, and sheets for engines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pxgen.arrays import U8
from pxgen.config.options import SheetSettings
from pxgen.engines.atlas import Clip, Style, lay_out
from pxgen.errors import UsageError
from pxgen.files import write_bytes, write_text
from pxgen.palette.table import Palette
from pxgen.render.png import encode_png

ANIMATIONS = frozenset({".gif", ".webp", ".apng"})
EDITOR = ".aseprite"
SHEET = ".png"


@dataclass(frozen=True)
class SheetOptions:
    """How a sheet is laid out for engines, and which files tell them about it."""

    style: Style | None = None
    """None is the contact sheet that people look at."""
    data: tuple[Path, ...] = ()
    """Files that say where the frames are; their suffixes say for whom."""
    array: bool = False
    """JSON names its frames in a list."""

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
        if self.array and not any(file.suffix.lower() == ".json" for file in self.data):
            raise UsageError("--array is of JSON: name a .json file with --data")
        if len(set(self.data)) < len(self.data):
            raise UsageError("--data names a file twice: once is enough")
        if self.style is None:
            return
        if suffix != SHEET:
            raise UsageError("a sheet for engines is a .png file: name one with -o")
        if self.data:
            from pxgen.engines.describe import check_description

            for file in self.data:
                check_description(file, self.style)


CONTACT_SHEET = SheetOptions()


def write_together(
    target: Path, clips: Sequence[Clip], palette: Palette, options: SheetOptions
) -> Iterator[Path]:
    """Write clips to one file, and what describes it; yield each path once it is complete.

    Args:
        target: its suffix says what it becomes.
        clips: of one size, enlarged already.
        palette: of all of them.
        options: for a sheet.

    Raises:
        UsageError: more than the format holds.
        PxgenError: a file cannot be written.
    """
    suffix = target.suffix.lower()
    if suffix in ANIMATIONS:
        frames = np.concatenate([clip.frames for clip in clips])
        delays = [ms for clip in clips for ms in clip.durations]
        yield write_bytes(target, animation(frames, palette, suffix, delays))
    elif suffix == EDITOR:
        from pxgen.engines.aseprite import encode_aseprite

        yield write_bytes(target, encode_aseprite(clips, palette))
    else:
        from pxgen.engines.describe import description

        atlas = lay_out(clips, options.style or Style())
        described = [(f, description(atlas, target, f, array=options.array)) for f in options.data]
        yield write_bytes(target, encode_png(atlas.pixels, palette))
        for file, text in described:
            yield write_text(file, text)


def animation(frames: U8, palette: Palette, suffix: str, delays: Sequence[float]) -> bytes:
    """``(T, H, W) uint8`` frames as a file of one of :data:`ANIMATIONS`."""
    # Stills need none of this, and Pillow takes as long to import as a sprite to draw.
    from pxgen.render.apng import encode_apng
    from pxgen.render.gif import encode_gif
    from pxgen.render.webp import encode_webp

    encode = {".gif": encode_gif, ".webp": encode_webp, ".apng": encode_apng}[suffix]
    return encode(frames, palette, delays)
