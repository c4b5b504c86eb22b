"""``pxgen reconstruct``."""

from __future__ import annotations

import click

from pxgen.cli.options import settings_options
from pxgen.cli.session import Session, pass_session
from pxgen.cli.showing import show_files, show_option
from pxgen.cli.streams import say
from pxgen.config.requests import ReconstructSettings


@click.command("reconstruct", short_help="Encode and decode images, side by side.")
@settings_options(ReconstructSettings)
@show_option
@pass_session
def command(session: Session, /, settings: ReconstructSettings, show: bool) -> None:
    """Encode and decode images: each beside what the model made of it and what it missed.

    Prints the path of each file; the exact share of the pixels goes to standard error.

    \b
    Examples:
      pxgen reconstruct sprites/knight.png --scale 8
      pxgen reconstruct sprites/*.png -o reconstructed.png
    """
    import json

    from pxgen.commands.reconstruct import lines, reconstruct
    from pxgen.sampling.reconstructions import totals

    made, written = reconstruct(settings, session.project, session.console)
    if settings.json:
        say(json.dumps(totals(made), indent=2, ensure_ascii=False))
        return
    show_files(written, show=show)
    for line in lines(made):
        session.console.print(line)
