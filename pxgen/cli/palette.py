"""``pxgen palette``: the shipped palettes and palette files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pxgen.cli.completing import complete_palettes
from pxgen.cli.options import PATH, WholeRange
from pxgen.cli.session import Session, pass_session
from pxgen.cli.streams import say
from pxgen.files import refuse_sources
from pxgen.palette.formats import WRITABLE, encode_palette, listed, write_palette

if TYPE_CHECKING:
    from pxgen.commands.palette import Extraction
    from pxgen.palette import Palette

_FORMATS = f"Formats by suffix: {listed(WRITABLE)}."


@click.group(
    "palette",
    short_help="List, show, convert and extract palettes.",
    help="List, show, convert and extract palettes.\n\n"
    f"A PALETTE is a shipped name such as pico-8, or a file: {listed()}.",
)
def command() -> None:
    """A group of commands."""


@command.command("list")
def list_command() -> None:
    """Name the shipped palettes, with their numbers of colours."""
    from pxgen.commands.palette import list_lines

    _print(list_lines(sys.stdout, os.environ))


@command.command("show", short_help="Draw palettes, or print their colours.")
@click.argument(
    "palettes", metavar="PALETTE...", nargs=-1, required=True, shell_complete=complete_palettes
)
def show_command(palettes: tuple[str, ...]) -> None:
    """Draw palettes; without a terminal or with NO_COLOR, print one #rrggbb a line."""
    from pxgen.commands.palette import show_lines

    for palette in palettes:
        _print(show_lines(palette, sys.stdout, os.environ))


@command.command("convert", epilog=_FORMATS)
@click.argument("source", metavar="PALETTE", shell_complete=complete_palettes)
@click.argument("target", metavar="[OUT]", required=False)
@click.option("-o", "--out", metavar="OUT", help="The file to write; - prints .hex.")
def convert_command(source: str, target: str | None, out: str | None) -> None:
    """Write a palette in another format."""
    if (target is None) == (out is None):
        raise click.UsageError("name one file to write: convert PALETTE OUT, or -o OUT")
    from pxgen.palette.library import find_palette, palette_file

    written = target or out or ""
    refuse_sources([Path(written)], filter(None, [palette_file(source)]))
    _write(find_palette(source), written)


@command.command("extract", epilog=_FORMATS)
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=PATH)
@click.option(
    "-o", "--out", metavar="OUT", default="-", help="The file to write; - (default) prints .hex."
)
@click.option(
    "--colors",
    metavar="N",
    type=WholeRange(1, 255),
    help="At most so many colours (default: all, or the best 255).",
)
@click.option(
    "--seed",
    metavar="S",
    type=WholeRange(0),
    default=0,
    help="Starts the reduction; equal seeds, equal palettes.",
)
@pass_session
def extract_command(
    session: Session, images: tuple[Path, ...], out: str, colors: int | None, seed: int
) -> None:
    """Make a palette of the colours in pictures or in larger palettes."""
    from pxgen.commands.palette import extract

    refuse_sources([Path(out)], images)
    result = extract(images, colors, seed, session.remark)
    _write(result.palette, out)
    if not session.quiet:
        click.echo(_report(result), err=True)


def _report(result: Extraction) -> str:
    from pxgen.palette.quantize import error_text

    kept = len(result.palette) - 1
    if result.exact_share == 1:
        return f"{kept} colours, exact"
    line = (
        f"{kept} of {result.distinct} colours: {result.exact_share:.1%} of the pixels exact, "
        f"{error_text(result.decibels)}"
    )
    if result.suggestion > kept:
        line += f"; --colors {result.suggestion} would do better"
    return line


def _write(palette: Palette, target: str) -> None:
    if target == "-":
        click.echo(encode_palette(palette, ".hex"), nl=False)
    else:
        say(write_palette(palette, target))


def _print(lines: list[str]) -> None:
    # The lines know what the terminal can show; click would strip FORCE_COLOR's from a pipe.
    click.echo("\n".join(lines), color=True)
