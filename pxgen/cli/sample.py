"""``pxgen sample``."""

from __future__ import annotations

import click

from pxgen.cli.options import nearness, settings_options
from pxgen.cli.session import Session, pass_session
from pxgen.cli.showing import show_files, show_option
from pxgen.config.settings import SampleSettings


@click.command("sample", short_help="Make new sprites.")
@settings_options(SampleSettings)
@show_option
@pass_session
def command(session: Session, /, settings: SampleSettings, show: bool) -> None:
    """Make new sprites and print the path of each file.

    Without a model of your own the starter model in the package is used. The same seed gives the
    same pictures, whatever the batch size, thread count or shard.

    \b
    Examples:
      pxgen sample --label alien
      pxgen sample --label alien --label hat-wizard:-1 -n 100 --seed 7 -o aliens/
      pxgen sample -n 64 --palette pico-8 --scale 4 -o sheet.png
      pxgen sample --label robot -o forming.gif
      pxgen sample --init hero.png --strength 0.3 --strength 0.6 --strength 0.9 -n 9 -o variations/
      pxgen sample --init hero.png --mask hat.png --label hat-crown
    """
    if settings.repeat is None:
        from pxgen.commands.sample import sample

        written = sample(settings, session.project, session.console)
    else:
        from pxgen.commands.repeat import OWN, repeat

        _refuse_beside_repeat({*OWN, "repeat", "show"})
        written = repeat(settings.repeat, settings, session.project, session.console)
    show_files(written, show=show and not settings.dry_run)


def _refuse_beside_repeat(meant: set[str]) -> None:
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        if name not in meant and nearness(context, name):
            flag = parameter.opts[-1]
            raise click.UsageError(f"{flag} is settled by the manifest: leave it out of --repeat.")
