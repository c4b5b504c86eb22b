"""The kinds of picture files by suffix, and the encoders of those that are written.

Nothing heavy is imported before a file is written: help lists the suffixes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import PurePath
from pkgutil import resolve_name
from typing import TYPE_CHECKING, NamedTuple

from pxgen.errors import PxgenError

if TYPE_CHECKING:
    from pxgen.engines.clips import Clip
    from pxgen.palette.table import Palette


class PictureKind(NamedTuple):
    """A kind of picture file."""

    suffixes: tuple[str, ...]
    encoder: str = ""
    """``module:function`` that writes several clips as one file; empty if only read, or a sheet."""
    plays: bool = True
    """True if the clips follow one another as one animation; else each keeps its name."""
    pillow: str = ""
    """Pillow's name of the format, where Pillow reads or writes it."""
    shared: bool = False
    """True if other programs use the suffix for other things."""
    extra: str = ""
    """The extra that must be installed for it."""
    soft: bool = True
    """True if it holds half-transparent colours."""
    most_plays: int = 0
    """How often it can say that it plays; 0 if it says nothing of that."""
    longest: int = 0
    """Milliseconds that it can show a frame; 0 if any number."""

    @property
    def counts(self) -> bool:
        """True if it says how often it plays."""
        return self.most_plays > 0


SHEET = PictureKind((".png",), pillow="PNG")
"""Clips side by side on one indexed image."""

PICTURE_KINDS = (
    SHEET,
    PictureKind(
        (".gif",),
        "pxgen.render.gif:encode_gif",
        pillow="GIF",
        soft=False,
        most_plays=65_536,
        longest=655_350,
    ),
    PictureKind(
        (".webp",),
        "pxgen.render.webp:encode_webp",
        pillow="WEBP",
        most_plays=65_535,
        longest=2**24 - 1,
    ),
    PictureKind(
        (".apng",),
        "pxgen.render.apng:encode_apng",
        pillow="PNG",
        most_plays=2**31 - 1,
        longest=65_535_000,
    ),
    PictureKind((".mp4",), "pxgen.render.video:encode_mp4", extra="video"),
    PictureKind((".webm",), "pxgen.render.video:encode_webm", extra="video"),
    PictureKind(
        (".aseprite",), "pxgen.engines.aseprite:encode_aseprite", plays=False, longest=65_535
    ),
    PictureKind((".ase",), shared=True),
    PictureKind((".piskel",)),
    PictureKind((".m4v", ".mov", ".mkv"), extra="video"),
    PictureKind((".bmp",), pillow="BMP"),
    PictureKind((".jpg", ".jpeg"), pillow="JPEG"),
    PictureKind((".tga",), pillow="TGA"),
    PictureKind((".tif", ".tiff"), pillow="TIFF"),
    PictureKind((".pcx",), pillow="PCX"),
    PictureKind((".ppm", ".pgm", ".pbm"), pillow="PPM"),
)
"""Every kind; an encoder and a line here make one more that is written."""

BY_SUFFIX = {suffix: kind for kind in PICTURE_KINDS for suffix in kind.suffixes}
CLIP_SUFFIXES = tuple(kind.suffixes[0] for kind in PICTURE_KINDS if kind.encoder)
"""Suffixes of files of clips."""
WRITTEN_SUFFIXES = (*SHEET.suffixes, *CLIP_SUFFIXES)
MODULES = {"video": "av"}
"""The module of each extra."""


def kind_of(path: PurePath) -> PictureKind | None:
    """The kind of picture that a file's suffix names; None if it names none."""
    return BY_SUFFIX.get(path.suffix.lower())


def check_installed(kind: PictureKind) -> None:
    """Refuse a kind whose extra is missing, before any work is done.

    Raises:
        PxgenError: the kind's extra is not installed.
    """
    if kind.extra and find_spec(MODULES[kind.extra]) is None:
        raise PxgenError(
            f"{kind.suffixes[0]} files need {MODULES[kind.extra]}: install it with "
            f"pip install 'pxgen[{kind.extra}]'"
        )


def hardened(kind: PictureKind, palette: Palette) -> str | None:
    """A line about half-transparent colours that a kind of file cannot hold, if there are any."""
    soft = 0 if kind.soft else sum(0 < alpha < 255 for *_, alpha in palette.rows)
    if not soft:
        return None
    return (
        f"{soft} half-transparent colours: {kind.suffixes[0]} has none, so that those of less than "
        "half alpha are clear and the others opaque; .apng and .webp keep them"
    )


def shortened(kind: PictureKind, clips: Sequence[Clip]) -> str | None:
    """A line about frames that are shown for longer than a kind of file can say, if there are."""
    longest = kind.longest or math.inf
    if not (cut := sum(ms > longest for clip in clips for ms in clip.durations)):
        return None
    return (
        f"{cut} frames are cut to {longest / 1000:g} s, the longest that {kind.suffixes[0]} shows"
    )


def encode_clips(
    kind: PictureKind, clips: Sequence[Clip], palette: Palette, plays: int = 0
) -> bytes:
    """One file of clips of one size, to be shown ``plays`` times, 0 for ever, if it says so.

    Raises:
        PxgenError: frames or durations that the format cannot hold.
    """
    encode = resolve_name(kind.encoder)
    longest = kind.longest or math.inf
    clips = [replace(clip, durations=[min(ms, longest) for ms in clip.durations]) for clip in clips]
    if kind.plays:
        import numpy as np

        frames = np.concatenate([clip.frames[clip.played] for clip in clips])
        durations = [clip.durations[number] for clip in clips for number in clip.played]
        often = {"plays": min(plays, kind.most_plays)} if kind.counts else {}
        content: bytes = encode(frames, palette, durations, **often)
    else:
        content = encode(clips, palette)
    return content
