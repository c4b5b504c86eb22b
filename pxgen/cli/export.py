"""``pxgen export``."""

from __future__ import annotations

import click

from pxgen.cli.options import settings_options
from pxgen.cli.session import Session, pass_session
from pxgen.cli.streams import say
from pxgen.config.requests import ExportSettings


@click.command(
    "export", short_help="Put images into one sheet, animation, Aseprite file or folder."
)
@settings_options(ExportSettings)
@pass_session
def command(session: Session, /, settings: ExportSettings) -> None:
    """Put images and clips together and print the path of each file written.

    A SOURCE is an image, an animation, an Aseprite file, an array, a sheet with JSON beside it, a
    prepared dataset, or a folder of images; tags keep their names. No colour changes unless
    --colors or --palette asks for it.

    \b
    Examples:
      pxgen export sprites/ -o sheet.png --sheet packed --data sheet.json
      pxgen export walk.gif run.gif -o hero.png --data hero.tres --padding 1 --extrude 1
      pxgen export walks.png --cell 32x48 --views down,left,right,up -o hero.aseprite
      pxgen export hero.aseprite -o frames/
    """
    from pxgen.commands.export import export

    for path in export(settings, session.remark):
        say(path)
