"""``pxgen sample``."""

from __future__ import annotations

from functools import partial

import click

from pxgen.cli.making import make, recorded
from pxgen.cli.options import nearness, settings_options
from pxgen.cli.session import Session, pass_session
from pxgen.cli.showing import show_option
from pxgen.config.options import JobsSettings
from pxgen.config.sample_settings import SampleSettings


@click.command("sample", short_help="Make new sprites.")
@settings_options(SampleSettings)
@settings_options(JobsSettings, into="jobs")
@show_option
@pass_session
def command(session: Session, /, settings: SampleSettings, jobs: JobsSettings, show: bool) -> int:
    """Make new sprites and print the path of each file.

    Without a model of your own the starter model in the package is used. The same seed gives the
    same pictures, whatever the batch size, thread count or shard.

    \b
    Examples:
      pxgen sample --label alien
      pxgen sample --label alien --label hat-wizard:-1 -n 100 --seed 7 -o aliens/
      pxgen sample -n 64 --palette pico-8 --scale 4 -o sheet.png
      pxgen sample --label robot -o forming.gif
      pxgen sample --init hero.png --strength 0.5 --strength 0.9 --strength 0.98 -n 9 -o variations/
      pxgen sample --init hero.png --mask hat.png --label hat-crown
    """
    show = show and not settings.dry_run
    if settings.repeat is None:
        if jobs.jobs is None:
            from pxgen.commands.early import check_early

            check_early(settings, session.project)
        from pxgen.commands.sample import sample

        return make(sample, settings, jobs, session, show=show, recorded=recorded)
    from pxgen.commands.early import refuse_missing

    refuse_missing(settings.repeat)
    from pxgen.commands.repeat import OWN, repeat

    _refuse_beside_repeat({*OWN, "repeat", "show"})
    return make(partial(repeat, settings.repeat), settings, jobs, session, show=show)


def _refuse_beside_repeat(meant: set[str]) -> None:
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        if name not in meant and nearness(context, name):
            flag = parameter.opts[-1]
            raise click.UsageError(f"{flag} is settled by the manifest: leave it out of --repeat.")
