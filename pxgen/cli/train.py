"""``pxgen train``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import click

from pxgen.cli.completing import complete_recipes
from pxgen.cli.options import PATH, device_option, nearness, setting_option
from pxgen.cli.session import Session, pass_session
from pxgen.config.settings import TrainSettings


@click.command("train", short_help="Train the project's model on a dataset.")
@click.option("--dataset", type=PATH, metavar="PATH", help="Dataset (default: the project's).")
@click.option(
    "--recipe",
    metavar="NAME",
    shell_complete=complete_recipes,
    help="Kind of model (default: the project's, or masked).",
)
@setting_option(TrainSettings, "steps", "--steps", metavar="N")
@setting_option(TrainSettings, "minutes", "--minutes", metavar="M")
@setting_option(TrainSettings, "seed", "--seed", metavar="S")
@setting_option(TrainSettings, "track", "--track")
@device_option
@click.option("--resume/--fresh", default=True, help="Go on where the run stopped, or start anew.")
@click.option("-o", "--out", type=PATH, metavar="RUN", help="Run folder (default: under runs/).")
@pass_session
@click.pass_context
def command(
    ctx: click.Context,
    session: Session,
    dataset: Path | None,
    recipe: str | None,
    steps: int | None,
    minutes: float | None,
    seed: int,
    track: Literal["none", "mlflow"],
    device: str,
    resume: bool,
    out: Path | None,
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
    from pxgen.commands.train import train
    from pxgen.training.run import TrainRequest

    steps, minutes = _budget(ctx, steps, minutes)
    request = TrainRequest(
        dataset=dataset or session.project.dataset,
        runs=session.project.runs,
        recipe=recipe,
        settings=replace(
            session.project.train, steps=steps, minutes=minutes, seed=seed, track=track
        ),
        model_table=session.project.model,
        device=device,
        resume=resume,
        out=out,
    )
    if (checkpoint := train(request, session.console)) is not None:
        click.echo(checkpoint)


def _budget(
    ctx: click.Context, steps: int | None, minutes: float | None
) -> tuple[int | None, float | None]:
    """A budget that was typed beats the other kind of budget in the project file."""
    by_steps, by_minutes = nearness(ctx, "steps"), nearness(ctx, "minutes")
    if by_steps == by_minutes > 0:
        raise click.UsageError("--steps and --minutes exclude each other: give one budget.")
    return (steps if by_steps >= by_minutes else None), (
        minutes if by_minutes >= by_steps else None
    )
