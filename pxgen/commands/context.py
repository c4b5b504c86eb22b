"""What commands that draw are carried out with: the project, a console, open models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pxgen.checkpoint.card import checkpoint_file
from pxgen.checkpoint.runs import STARTER, choose_model
from pxgen.checkpoint.store import Loaded
from pxgen.commands.watching import Log
from pxgen.config.project import Project
from pxgen.devices import one_thread
from pxgen.errors import Remark, UsageError
from pxgen.files import check_writable, refuse_sources
from pxgen.names import folded
from pxgen.sampling.model_choice import ready_model

if TYPE_CHECKING:
    from rich.console import Console

MAX_MODELS = 8
"""Models that are kept open."""


@dataclass(frozen=True)
class Context:
    """The surroundings of a request, which all requests of a process share."""

    project: Project
    console: Console | Log
    """Where remarks and progress go."""
    job: str = ""
    """The line that asks, where one of many does."""
    models: dict[tuple[Path, str, int, int], Loaded] = field(default_factory=dict)
    """Open ones, the latest at the end, by file, device, and the file's time and size."""
    claims: dict[str, str] = field(default_factory=dict)
    """The job that writes each file."""

    @property
    def remark(self) -> Remark:
        """Takes lines for people."""
        return self.console.print

    def open(self, model: Path | None, device: str, starter: Path = STARTER) -> Loaded:
        """The model that is chosen, ready to draw; it is read again only if its file has changed.

        Raises:
            UsageError: no such device here.
            InputError: it is missing or malformed.
            PxgenError: there is none at all.
        """
        path = choose_model(model, self.project.runs, self.remark, starter)
        file = checkpoint_file(path)
        if not file.exists():
            return ready_model(path, device, self.remark)
        now = file.stat()
        key = file, device, now.st_mtime_ns, now.st_size
        # To start threads inside operations takes longer than what they would share.
        with one_thread():
            loaded = self.models.pop(key, None) or ready_model(path, device, self.remark)
        self.models[key] = loaded
        if len(self.models) > MAX_MODELS:
            del self.models[next(iter(self.models))]
        return loaded

    def claim(self, paths: Sequence[Path], read: Iterable[Path | None] = ()) -> None:
        """Note what a job will write, before anything is drawn, and what it has ``read``.

        Raises:
            UsageError: another job writes one of the files, and which of them came last would tell;
                or one of them has been read.
            PxgenError: one of them cannot be written.
        """
        refuse_sources(paths, filter(None, read))
        # One file tells for all of its folder.
        for path in {path.parent: path for path in paths}.values():
            check_writable(path)
        for path in paths if self.job else ():
            other = self.claims.setdefault(folded(str(path.absolute())), self.job)
            if other != self.job:
                raise UsageError(f"{path} is what {other} writes: name another file with -o")
