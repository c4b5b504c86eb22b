"""``pxgen interpolate``."""

from __future__ import annotations

import click

from pxgen.cli.making import make
from pxgen.cli.options import settings_options
from pxgen.cli.session import Session, pass_session
from pxgen.cli.showing import show_option
from pxgen.config.options import JobsSettings
from pxgen.config.requests import InterpolateSettings


@click.command("interpolate", short_help="Go from one sprite to another.")
@settings_options(InterpolateSettings)
@settings_options(JobsSettings, into="jobs")
@show_option
@pass_session
def command(
    session: Session, /, settings: InterpolateSettings, jobs: JobsSettings, show: bool
) -> int:
    """Go from one sprite to another and print the path of each file.

    A sprite is an image, which the model encodes, or a seed, whose first picture is drawn as
    `sample` draws it. Every frame is of palette colours.

    \b
    Examples:
      pxgen interpolate --from 1 --to 2 --label alien -o morph.gif
      pxgen interpolate --from a.png --through b.png --to c.png --loop --frames 48 -o loop.gif
    """
    from pxgen.commands.interpolate import interpolate

    return make(interpolate, settings, jobs, session, show=show)
