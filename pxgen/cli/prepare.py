"""``pxgen prepare``."""

from __future__ import annotations

from dataclasses import replace

import click

from pxgen.cli.options import nearness, settings_options
from pxgen.cli.session import Session, pass_session
from pxgen.cli.streams import complain, say
from pxgen.config.settings import DataSettings, of_files


@click.command("prepare", short_help="Turn sprites into a dataset.")
@settings_options(DataSettings)
@pass_session
@click.pass_context
def command(ctx: click.Context, session: Session, /, settings: DataSettings) -> None:
    """Turn sprites into a dataset and print its folder.

    A SOURCE is a folder (searched to any depth), an image, a sheet (with --cell), or a .npy or
    .npz array. Labels come from label arrays or the CSV or JSON beside the sprites, else from
    subfolders. Animated images and numbered files (run_f0.png, run_f1.png) become clips, and so do
    files that show one sprite from several sides (hero_left.png, hero_front.png).

    \b
    Examples:
      pxgen prepare sprites/
      pxgen prepare sheet.png --cell 16x16 --palette pico-8
      pxgen prepare heroes/ --cell 32x48 --views down,left,right,up
      pxgen prepare heroes.npy --labels classes.npy --label-names knight,mage
      pxgen prepare --builtin -n 10000
      pxgen prepare --builtin figures -n 4000
    """
    settings = _prefer_the_command_line(ctx, settings)
    from pxgen.commands.prepare import prepare

    # Why files are bad is part of the error: -q does not silence it.
    say(prepare(settings, session.project, session.console, complain))


def _prefer_the_command_line(ctx: click.Context, settings: DataSettings) -> DataSettings:
    """Sprites named here replace the project file's built-in set, and the other way round."""
    if settings.source and settings.builtin:
        source, builtin = (nearness(ctx, name) for name in ("source", "builtin"))
        if source == builtin:
            raise click.UsageError("name sources or --builtin, not both.")
        if source > builtin:
            return replace(settings, builtin=False)
        settings = replace(settings, source=())
    if settings.builtin:
        # What a farther file or variable says of files is of others than these sprites.
        near, plain = nearness(ctx, "builtin"), DataSettings()
        farther = [name for name in of_files(settings) if nearness(ctx, name) < near]
        return replace(settings, **{name: getattr(plain, name) for name in farther})
    if not settings.source:
        raise click.UsageError("name what to learn from: a folder, images, arrays, or --builtin.")
    if nearness(ctx, "count") >= nearness(ctx, "source") > 0:
        raise click.UsageError("-n counts built-in characters: of files all are taken.")
    return settings
