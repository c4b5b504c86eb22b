"""The ``pxgen`` command: global options, the table of commands, and how errors reach the user."""

from __future__ import annotations

import difflib
import gc
import importlib
import io
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn, cast

import click
from click.core import ParameterSource

from pxgen.cli.options import PATH
from pxgen.cli.session import Session
from pxgen.cli.streams import complain, complain_of, open_streams
from pxgen.config.schema import nearest
from pxgen.errors import PxgenError
from pxgen.version import __version__

SECTIONS = {
    "Start": ("init", "doctor"),
    "Learn and make": (
        "prepare",
        "train",
        "sample",
        "reconstruct",
        "interpolate",
        "animate",
        "evaluate",
        "compare",
    ),
    "Look and convert": ("inspect", "lint", "export", "palette", "explain"),
    "Shell": ("completion",),
}
"""Every command by its section of the help; each is ``command`` in ``pxgen.cli.<its name>``."""

DEFAULTS_FROM = {
    "prepare": "data",
    "train": "train",
    "sample": "sample",
    "reconstruct": "sample",
    "interpolate": "sample",
    "animate": "sample",
}
"""The table of the project file that fills in a command's options."""

EXAMPLES = """\b
Examples:
  pxgen sample --label alien -n 16 -o aliens.png
  pxgen prepare sprites/ && pxgen train --minutes 30 && pxgen sample -n 64 -o new/
"""

INTERRUPTED = 130
GARBAGE = 50_000
"""New objects after which garbage is looked for; torch has five times as many when imported."""
HELP_FLAGS = ["-h", "--help"]
HELP_WANTED = "pxgen.help_wanted"


class CommandLine(click.Group):
    """A group that imports a command when it is needed and turns errors into one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command in the order of the help."""
        return [name for names in SECTIONS.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command's module."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"pxgen.cli.{cmd_name}")
        return cast(click.Command, module.command)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the global options and note whether only help is wanted."""
        ctx.meta[HELP_WANTED] = bool(set(HELP_FLAGS) & set(args))
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name; a mistyped one gets the nearest names."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            hint = nearest(args[0], self.list_commands(ctx))
            raise click.UsageError(f"No such command: {args[0]}; {hint}", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands under the headings of :data:`SECTIONS`."""
        for title, names in SECTIONS.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            with formatter.section(title):
                formatter.write_dl([(n, c.get_short_help_str(80)) for n, c in commands if c])

    def main(self, args: Sequence[str] | None = None, *_: Any, **options: Any) -> NoReturn:
        """Run and exit with the status that scripts can rely on.

        The statuses are 0 done, 1 failed, 2 wrong usage, 3 input rejected, 130 interrupted.
        """
        open_streams()
        session = Session()
        options |= {"prog_name": "pxgen", "standalone_mode": False, "obj": session}
        try:
            status = super().main(args, **options)
            sys.stdout.flush()
        except (Exception, KeyboardInterrupt) as error:
            status = _report(error, session)
        sys.exit(status if isinstance(status, int) else 0)


def _report(error: BaseException, session: Session) -> int:
    """Say what happened in one line on standard error, and give the exit status for it."""
    if isinstance(error, click.NoSuchOption) and any(
        error.option_name in option.opts for option in pxgen.params
    ):
        command = error.ctx.info_name if error.ctx else "sample"
        said = f"{error.option_name} goes before the command: pxgen {error.option_name} {command}"
        error = click.UsageError(said, error.ctx)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show(shown := io.StringIO())
        complain(shown.getvalue().rstrip("\n"))
        return error.exit_code
    if isinstance(error, click.ClickException):
        complain(_in_one_line(error))
        return error.exit_code
    if isinstance(error, click.Abort | KeyboardInterrupt):
        # One that says something has been told of already.
        if not (error.__cause__ or error).args:
            complain("pxgen: interrupted")
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        # The reader has gone; without this the interpreter complains again while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    where = session.origin(str(error)) if isinstance(error, PxgenError) else ""
    complain_of(error, verbose=session.verbose, where=where)
    return error.exit_code if isinstance(error, PxgenError) else 1


def _in_one_line(error: click.ClickException) -> str:
    """What click says, by the command's name, and of which variable a bad value comes."""
    said = " ".join(map(str.strip, error.format_message().splitlines()))
    context = getattr(error, "ctx", None)
    if context is None:
        return f"pxgen: {said}"
    if said.startswith("Got unexpected extra arg"):
        taking = [
            each.opts[-1] for each in context.command.params if isinstance(each.type, click.Path)
        ]
        positional = any(isinstance(each, click.Argument) for each in context.command.params)
        said += "." if positional else f"; files and folders are given by {', '.join(taking)}."
    name = getattr(getattr(error, "param", None), "name", None)
    if name and context.get_parameter_source(name) is ParameterSource.ENVIRONMENT:
        said = f"{_ended(said)} It comes from {context.auto_envvar_prefix}_{name.upper()}"
    return f"{context.command_path}: {_ended(said)} See {context.command_path} --help."


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?", ")")) else f"{sentence}."


@click.group(
    cls=CommandLine,
    epilog=EXAMPLES,
    context_settings={
        "help_option_names": HELP_FLAGS,
        "auto_envvar_prefix": "PXGEN",
        "max_content_width": 100,
    },
)
@click.option(
    "--project", type=PATH, metavar="PATH", help="Project file or folder (default: found upwards)."
)
@click.option("-q", "--quiet", is_flag=True, help="No progress and no remarks, only errors.")
@click.option("-v", "--verbose", is_flag=True, help="Show where an unexpected error happened.")
@click.version_option(__version__, prog_name="pxgen", message="%(prog)s %(version)s")
@click.pass_context
def pxgen(ctx: click.Context, project: Path | None, quiet: bool, verbose: bool) -> None:
    """Learn pixel art from a folder of sprites and make more of it.

    Every pixel that pxgen writes is a colour of the palette. Settings come from flags, then from
    PXGEN_<COMMAND>_<OPTION>, then from pxgen.toml, then from the defaults.
    """
    if quiet and verbose:
        raise click.UsageError("-q and -v exclude each other.")
    session = ctx.ensure_object(Session)
    session.project_path, session.quiet, session.verbose = project, quiet, verbose
    command = ctx.invoked_subcommand or ""
    # A broken project file must not keep the help from being read.
    if command in DEFAULTS_FROM and not ctx.meta[HELP_WANTED]:
        ctx.default_map = {command: session.project.given[DEFAULTS_FROM[command]]}
    named = pxgen.get_command(ctx, command)
    if named is not None:
        for text in (*_mistaken(named), *_misspelt(ctx)):
            session.remark(text)


def _mistaken(command: click.Command) -> Iterator[str]:
    """A remark on each variable of the environment that looks like an option and is none."""
    prefix = f"PXGEN_{command.name}_".upper()
    known = [*_variables(command, prefix)]
    for variable in sorted(os.environ):
        if variable.startswith(prefix) and variable not in known:
            close = difflib.get_close_matches(variable, known, n=1)
            hint = f": did you mean {close[0]}?" if close else ""
            yield f"{variable} is no option of {command.name}, and changes nothing{hint}"


def _misspelt(ctx: click.Context) -> Iterator[str]:
    """A remark on each variable of the environment that is an option but for its command's name."""
    known = {name.upper(): name for name in pxgen.list_commands(ctx)}
    for variable in sorted(os.environ):
        prefix, _, rest = variable.partition("_")
        name, _, option = rest.partition("_")
        if prefix != "PXGEN" or not option or name in known:
            continue
        for close in difflib.get_close_matches(name, known, n=1, cutoff=0.75):
            meant, command = f"PXGEN_{close}_{option}", pxgen.get_command(ctx, known[close])
            if command is not None and meant in _variables(command, f"PXGEN_{close}_"):
                yield f"{variable} changes nothing: did you mean {meant}?"


def _variables(command: click.Command, prefix: str) -> Iterator[str]:
    """The variables that a command reads, or those below it."""
    yield from (prefix + (parameter.name or "").upper() for parameter in command.params)
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from _variables(below, f"{prefix}{name}_".upper().replace("-", "_"))


def main() -> None:
    """The entry point of the ``pxgen`` script."""
    # Looking for garbage among all that torch is made of takes longer than loading a model.
    gc.set_threshold(GARBAGE)
    try:
        pxgen()
    finally:
        # What is left goes with the process: the interpreter would look through it once more.
        gc.freeze()
