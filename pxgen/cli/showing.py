"""``--show``: what was written, drawn in the terminal, too."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import click

from pxgen.cli.streams import say
from pxgen.render.kinds import kind_of

MAX_SECONDS = 6.0
"""Duration of an animation."""

show_option = click.option("--show", is_flag=True, help="Draw them in the terminal too.")


def show_files(written: Iterable[Path | str], *, show: bool) -> None:
    """Print lines, the path of each file once it is written, and draw it if it is to be shown."""
    for path in written:
        say(path)
        if show and isinstance(path, Path):
            show_file(path)


def show_file(path: Path) -> None:
    """Draw a picture on standard error; an animation plays there once, on a terminal."""
    if kind_of(path) is None:
        return
    from pxgen.ingest.decoded import DEFAULT_MS
    from pxgen.ingest.images import read_image
    from pxgen.ingest.indexed import IndexedSprite
    from pxgen.render.terminal import color_depth, sprite_lines

    depth, image = color_depth(sys.stderr, os.environ), read_image(path)
    sprite = IndexedSprite.of(image.rgba)
    palette = sprite.own_palette()
    frames = [sprite_lines(each, palette, depth=depth) for each in sprite.onto(palette)[0]]
    can_play = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    if len(frames) == 1 or not can_play:
        _write(frames[0])
        return
    _play(frames, [ms / 1000 for ms in image.durations or [DEFAULT_MS] * len(frames)])


def _play(frames: list[list[str]], seconds: list[float]) -> None:
    """Each frame over the one before it."""
    started = time.monotonic()
    for number, (lines, shown) in enumerate(zip(frames, seconds, strict=True)):
        if number:
            # Up to the first line, and what stood there away.
            click.echo(f"\x1b[{len(frames[number - 1])}A\x1b[J", err=True, nl=False, color=True)
        _write(lines)
        if time.monotonic() - started + shown > MAX_SECONDS:
            return
        time.sleep(shown)


def _write(lines: list[str]) -> None:
    # The lines know what the terminal can show; click would strip colours from a pipe.
    click.echo("\n".join(lines), err=True, color=True)
