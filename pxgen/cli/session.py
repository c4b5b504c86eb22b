"""The global options' decisions, handed to every command."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pxgen.cli.streams import complain, printable
from pxgen.config.project import Project, load_project

if TYPE_CHECKING:
    from rich.console import Console

    from pxgen.commands.context import Context


@dataclass
class Session:
    """One invocation of ``pxgen``; commands receive it through :data:`pass_session`."""

    project_path: Path | None = None
    quiet: bool = False
    verbose: bool = False
    origins: dict[str, str] = field(default_factory=dict)
    """Texts of options, and the variable or key that says them; empty of the command line."""

    @cached_property
    def project(self) -> Project:
        """The project file, read when a command first needs it.

        Raises:
            InputError: it is missing where it was named, or malformed.
        """
        return load_project(self.project_path)

    @cached_property
    def console(self) -> Console:
        """Standard error, for progress and remarks; ``-q`` silences it. Data goes to stdout."""
        # Rich takes longer to import than `pxgen --help` takes to run.
        from rich.console import Console

        class Harmless(Console):
            """Prints no character of a name that steers the terminal."""

            def print(self, *objects: Any, **options: Any) -> None:
                clean = (printable(each) if isinstance(each, str) else each for each in objects)
                super().print(*clean, **options)

        # Markup would eat the brackets of file names, and wrapping would cut paths in two.
        return Harmless(
            stderr=True, quiet=self.quiet, markup=False, highlight=False, soft_wrap=True
        )

    def remark(self, text: str) -> None:
        """Print a line for people on standard error, where no bar is."""
        if not self.quiet:
            complain(text)

    def origin(self, message: str) -> str:
        """Where a text that a message quotes comes from, if not from the command line."""
        origins = {
            origin
            for text, origin in self.origins.items()
            if re.search(rf"(?<![\w./-]){re.escape(text)}(?![\w/-]|\.\w)", message)
        }
        # Of several nobody knows which is meant.
        return origins.pop() if len(origins) == 1 else ""

    def context(self) -> Context:
        """What a command that draws is carried out with; bars are for terminals alone."""
        from pxgen.commands.context import Context
        from pxgen.commands.watching import Log

        return Context(self.project, self.console if sys.stderr.isatty() else Log(self.remark))


pass_session = click.make_pass_decorator(Session, ensure=True)
