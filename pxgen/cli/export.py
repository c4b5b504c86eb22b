"""``pxgen export``."""

from __future__ import annotations

import click

from pxgen.cli.options import settings_options
from pxgen.cli.session import Session, pass_session
from pxgen.cli.streams import say
from pxgen.config.requests import ExportSettings


@click.command("export", short_help="Put images into one sheet, animation or Aseprite file.")
@settings_options(ExportSettings)
@pass_session
def command(session: Session, /, settings: ExportSettings) -> None:
    """Put images and clips into one file and print the path of each file written.

    A SOURCE is an image, an animation, an Aseprite file, an array or a folder of them; every tag
    of an Aseprite file is a clip of its own. No colour changes.

    \b
    Examples:
      pxgen export sprites/ -o sheet.png --sheet packed --data sheet.json
      pxgen export walk.gif run.gif -o hero.png --data hero.tres --padding 1 --extrude 1
      pxgen export frames/ -o hero.aseprite
    """
    from pxgen.commands.export import export

    for path in export(settings, session.console.print):
        say(path)
