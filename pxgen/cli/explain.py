"""``pxgen explain``."""

from __future__ import annotations

from pathlib import Path

import click

from pxgen.cli.options import PATH, WholeRange
from pxgen.cli.session import Session, pass_session
from pxgen.cli.streams import say


@click.command("explain", short_help="Draw pictures of the mathematics.")
@click.argument("topic", type=click.Choice(["convolution", "simplex", "gumbel"]))
@click.option("-o", "--out", type=PATH, metavar="OUT", help="A .png, or a .gif of the simplex.")
@click.option(
    "--scale",
    type=WholeRange(1, 16),
    default=3,
    show_default=True,
    metavar="K",
    help="Enlarge each pixel to a square of this side.",
)
@click.option("--force", is_flag=True, help="Replace TOPIC.png in this folder.")
@pass_session
def command(session: Session, topic: str, out: Path | None, scale: int, force: bool) -> None:
    """Draw what the layers of the models do, and print the path of the picture.

    convolution: an X and an O through plain, padded, strided, dilated and transposed ones.
    simplex: Gumbel-softmax samples of three categories as the temperature falls.
    gumbel: how often each way of drawing draws what it should, and how far they are off.

    \b
    Examples:
      pxgen explain convolution -o convolution.png
      pxgen explain simplex -o simplex.gif
    """
    from pxgen.commands.explain import explain

    path, found = explain(topic, out, scale=scale, force=force)
    for line in found:
        session.console.print(line)
    say(path)
