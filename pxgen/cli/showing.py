"""``--show``: what was written, drawn in the terminal, too."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import click

LONGEST = 6.0
"""Seconds that an animation plays at most."""
STILL = ".png"

show_option = click.option("--show", is_flag=True, help="Draw them in the terminal too.")


def show_files(written: Iterable[Path], *, show: bool) -> None:
    """Print the path of each file once it is written, and draw it too if it is to be shown."""
    for path in written:
        click.echo(path)
        if show:
            show_file(path)


def show_file(path: Path) -> None:
    """Draw a picture on standard error; an animation plays there once, on a terminal."""
    from pxgen.render.terminal import color_depth, sprite_lines

    depth = color_depth(sys.stderr, os.environ)
    if path.suffix.lower() == STILL:
        from pxgen.render.png import decode_png

        indices, palette = decode_png(path)
        _write(sprite_lines(indices, palette, depth=depth))
        return
    from pxgen.ingest.images import USUAL_MS, read_picture
    from pxgen.ingest.spool import compact
    from pxgen.palette import Palette
    from pxgen.palette.table import unpack

    if path.suffix.lower() not in ANIMATED:
        return
    picture = read_picture(path)
    sprite = compact(picture.rgba)
    palette = Palette.of(unpack(sprite.colors[sprite.colors != 0]).tolist())
    maps = palette.lookup(unpack(sprite.colors))[0][sprite.indices]
    frames = [sprite_lines(each, palette, depth=depth) for each in maps]
    if not _can_play():
        _write(frames[0])
        return
    _play(frames, [ms / 1000 for ms in picture.durations or [USUAL_MS] * len(frames)])


ANIMATED = frozenset({".gif", ".webp", ".apng", ".aseprite"})


def _can_play() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _play(frames: list[list[str]], seconds: list[float]) -> None:
    """Each frame over the one before it."""
    started = time.monotonic()
    for number, (lines, shown) in enumerate(zip(frames, seconds, strict=True)):
        if number:
            # Up to the first line, and what stood there away.
            click.echo(f"\x1b[{len(frames[number - 1])}A\x1b[J", err=True, nl=False, color=True)
        _write(lines)
        if time.monotonic() - started + shown > LONGEST:
            return
        time.sleep(shown)


def _write(lines: list[str]) -> None:
    # The lines know what the terminal can show; click would strip colours from a pipe.
    click.echo("\n".join(lines), err=True, color=True)
