"""``pxgen export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pxgen.cli.options import FILES, PATH, FiniteRange, setting_option, sheet_options
from pxgen.cli.session import Session, pass_session
from pxgen.config.settings import SampleSettings

if TYPE_CHECKING:
    from pxgen.render.one_file import SheetOptions


@click.command("export", short_help="Put images into one sheet, animation or Aseprite file.")
@click.argument("sources", nargs=-1, required=True, type=PATH, metavar="SOURCE...")
@click.option(
    "--frames", type=click.IntRange(1), metavar="N", help="Frames a clip (default: as found)."
)
@click.option(
    "--fps",
    type=FiniteRange(0.02, 50),
    metavar="F",
    help="Frames a second (default: as the files say).",
)
@setting_option(SampleSettings, "scale", "--scale", metavar="K")
@click.option(
    "-o",
    "--out",
    type=PATH,
    required=True,
    metavar="FILE",
    help=f".png sheet, or {FILES}.",
)
@sheet_options
@pass_session
def command(
    session: Session,
    sources: tuple[Path, ...],
    frames: int | None,
    fps: float | None,
    scale: int,
    out: Path,
    sheet: SheetOptions,
) -> None:
    """Put images and clips into one file and print the path of each file written.

    A SOURCE is an image, an animation, an Aseprite file, an array or a folder of them; every tag
    of an Aseprite file is a clip of its own. No colour changes.

    \b
    Examples:
      pxgen export sprites/ -o sheet.png --sheet packed --data sheet.json
      pxgen export walk.gif run.gif -o hero.png --data hero.tres --padding 1 --extrude 1
      pxgen export frames/ -o hero.aseprite
    """
    from pxgen.commands.export import ExportRequest, export

    request = ExportRequest(
        sources=sources, out=out, sheet=sheet, frames=frames, fps=fps, scale=scale
    )
    for path in export(request, session.console.print):
        click.echo(path)
