"""``pxgen animate``."""

from __future__ import annotations

import click

from pxgen.cli.making import make, recorded
from pxgen.cli.options import settings_options
from pxgen.cli.session import Session, pass_session
from pxgen.cli.showing import show_option
from pxgen.config.options import JobsSettings
from pxgen.config.requests import AnimateSettings


@click.command("animate", short_help="Make sprites move.")
@settings_options(AnimateSettings)
@settings_options(JobsSettings, into="jobs")
@show_option
@pass_session
def command(session: Session, /, settings: AnimateSettings, jobs: JobsSettings, show: bool) -> int:
    """Make sprites move and print the path of each file.

    A model of clips draws clips, or the rest of given frames, which stay as they are. A model of
    stills walks from sprite to sprite and back to the first, without a seam. Without a model of
    your own the starter of clips is used, or with --frames that of stills.

    \b
    Examples:
      pxgen animate --label ghost -o ghost.gif
      pxgen animate --given walk.gif --keep 2 -n 4 -o out/
      pxgen animate --given down=hero.png -o hero.png --sheet rows
      pxgen animate --given 0=start.png --given 7=end.png -o between.gif
      pxgen animate --label slime --frames 32 --fps 12 --scale 4 -o slime.gif
      pxgen animate --scale 4 --jobs gifs.jsonl
    """
    if jobs.jobs is None:
        from pxgen.commands.early import check_early

        check_early(settings, session.project)
    from pxgen.commands.animate import animate

    return make(
        animate, settings, jobs, session, show=show and not settings.dry_run, recorded=recorded
    )
