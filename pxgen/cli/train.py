"""``pxgen train``."""

from __future__ import annotations

from dataclasses import replace

import click

from pxgen.cli.options import nearness, settings_options
from pxgen.cli.session import Session, pass_session
from pxgen.cli.streams import say
from pxgen.config.requests import TrainRunSettings
from pxgen.config.settings import TrainSettings


@click.command("train", short_help="Train the project's model on a dataset.")
@settings_options(TrainRunSettings, into="run")
@settings_options(TrainSettings)
@pass_session
@click.pass_context
def command(
    ctx: click.Context, session: Session, /, settings: TrainSettings, run: TrainRunSettings
) -> None:
    """Train every stage of the project's model and print the checkpoint's path.

    The model and its knobs stand in pxgen.toml; the budget is a number of steps or of minutes, ten
    minutes if neither is set. A diffusion ends sooner once held-out sprites come to cost more: it
    would only learn the others by heart.

    \b
    Examples:
      pxgen train --minutes 30
      pxgen train --recipe masked --steps 5000 -o runs/heads
    """
    settings = _one_budget(ctx, settings)
    from pxgen.data.dataset import open_dataset

    # What is wrong with the dataset does not wait for torch.
    open_dataset(run.dataset or session.project.dataset)
    from pxgen.commands.train import train

    checkpoint = train(settings, run, session.project, session.console)
    if checkpoint is not None:
        say(checkpoint)


def _one_budget(ctx: click.Context, settings: TrainSettings) -> TrainSettings:
    """A budget that was typed beats the other kind of budget in the project file."""
    by_steps, by_minutes = nearness(ctx, "steps"), nearness(ctx, "minutes")
    if by_steps == by_minutes > 0:
        raise click.UsageError("--steps and --minutes exclude each other: give one budget.")
    return replace(
        settings,
        steps=settings.steps if by_steps >= by_minutes else None,
        minutes=settings.minutes if by_minutes >= by_steps else None,
    )
