"""``pxgen completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

VARIABLE = "_PXGEN_COMPLETE"
"""By which the shell's script asks for completions."""


@click.command("completion", short_help="Print a shell's completion script.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the script by which a shell completes commands, options, labels and palettes.

    \b
    Examples:
      pxgen completion bash >> ~/.bashrc
      pxgen completion fish > ~/.config/fish/completions/pxgen.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"this version of click knows no completion for {shell}.")
    click.echo(kind(context.find_root().command, {}, "pxgen", VARIABLE).source())
