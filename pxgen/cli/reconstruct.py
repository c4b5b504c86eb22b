"""``pxgen reconstruct``."""

from __future__ import annotations

import click

from pxgen.cli.making import make
from pxgen.cli.options import settings_options
from pxgen.cli.session import Session, pass_session
from pxgen.cli.showing import show_option
from pxgen.config.options import JobsSettings
from pxgen.config.requests import ReconstructSettings


@click.command("reconstruct", short_help="Encode and decode images, side by side.")
@settings_options(ReconstructSettings)
@settings_options(JobsSettings, into="jobs")
@show_option
@pass_session
def command(
    session: Session, /, settings: ReconstructSettings, jobs: JobsSettings, show: bool
) -> int:
    """Encode and decode images: each beside what the model made of it and what it missed.

    Prints the path of each file; the exact share of the pixels goes to standard error.

    \b
    Examples:
      pxgen reconstruct sprites/knight.png --scale 8
      pxgen reconstruct sprites/*.png -o reconstructed.png
    """
    from pxgen.commands.reconstruct import reconstruct

    return make(reconstruct, settings, jobs, session, show=show)
