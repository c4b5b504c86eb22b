"""``--jobs``: many requests, a JSON object a line, by one process that keeps its models open.

A job is what the command would do alone with the same options. Jobs are looked through in the order
of their lines, before they are drawn beside one another, so that no result depends on the timing.
"""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import BoundedSemaphore, Event, Lock
from typing import Any

from pxgen.commands.context import Context
from pxgen.config.options import BatchSettings
from pxgen.config.schema import option_name, rules, settings_over
from pxgen.devices import thread_pool
from pxgen.errors import InputError, UsageError

Made = Path | str
"""A file that was written, or a line for standard output."""
Command = Callable[[Any, Context], Iterable[Made]]
"""Looks a request through at once, and draws while its result is iterated over."""
Recorded = Callable[[str, str, Any, Context], Iterable[Made]]
"""The same of a line of a manifest: its name, its text, and what is asked of all of them."""
RECORDED = {"seed", "index", "labels", "model", "options", "inputs"}
"""Keys that tell a line of a manifest from a job."""
JOB_FORM = 'a job is an object in JSON, such as {"seed": 3, "out": "3.gif"}'
AHEAD = 2
"""Jobs in hand for each that is made, so that none waits to be looked through."""


@dataclass(frozen=True)
class Ended:
    """A job that was made, or could not be."""

    name: str
    """File and line."""
    made: Sequence[Made] = ()
    error: Exception | None = None


def read_jobs(file: Path) -> Iterator[tuple[str, bytes]]:
    """Names and lines of the jobs in a file, or of those that come from standard input, ``-``.

    Raises:
        InputError: the file cannot be read.
    """
    if file == Path("-"):
        yield from _numbered("stdin", sys.stdin.buffer)
        return
    try:
        with file.open("rb") as lines:
            yield from _numbered(str(file), lines)
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror or error}") from error


def _numbered(name: str, lines: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield f"{name}:{number}", line


@dataclass(frozen=True)
class Planner:
    """Looks jobs through."""

    command: Command
    recorded: Recorded | None
    base: Any
    """Settings with the options that a job leaves out."""
    context: Context

    def plan(self, name: str, line: bytes) -> Iterable[Made]:
        """Look a job through; it is drawn while the result is iterated over.

        Raises:
            InputError: it is no object in JSON, or what it names is rejected.
            UsageError: an option is unknown, missing, out of range, or refused by the command.
        """
        options, context = _options(line, type(self.base)), replace(self.context, job=name)
        if self.recorded is None or not options.keys() >= RECORDED:
            return self.command(self._settings(name, options, type(self.base)), context)
        own = {key: value for key, value in options.items() if key in rules(BatchSettings)}
        settings = self._settings(name, own, BatchSettings)
        return self.recorded(name, json.dumps(options), settings, context)

    def _settings(self, name: str, options: dict[str, Any], part: type) -> Any:
        """The settings of a job whose options may be those that ``part`` declares."""
        only = [option_name(known) for known in rules(part) if known != "repeat"]
        settings = settings_over(self.base, options, name, only)
        if settings.out == "-":
            raise UsageError("a job writes files: name one, or a folder, as its out")
        return settings


def _options(line: bytes, settings: type) -> dict[str, Any]:
    """The values of a line by the options' names, for which it may have their flags: ``n``."""
    try:
        job = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError("a job is text in UTF-8") from error
    except (ValueError, RecursionError) as error:
        # Its line is that of the file, of which the parser sees only this one.
        raise InputError(f"{JOB_FORM}: {getattr(error, 'msg', error)}") from error
    if not isinstance(job, dict):
        raise InputError(JOB_FORM)
    spelled = [(flag, name) for name, rule in rules(settings).items() for flag in rule.flags]
    names = {flag.lstrip("-").replace("-", "_"): option_name(name) for flag, name in spelled}
    keys = [key.lstrip("-").replace("-", "_") for key in job]
    named = {names.get(key, key): value for key, value in zip(keys, job.values(), strict=True)}
    if len(named) < len(keys):
        raise UsageError(f"an option is there twice: {', '.join(job)}")
    return named


def make_jobs(
    jobs: Iterable[tuple[str, bytes]],
    planner: Planner,
    at_once: int,
    tell: Callable[[Ended], None],
) -> None:
    """Make every job, and tell of each in the order of the lines, as soon as that can be.

    Args:
        jobs: names and lines; they are read as they are needed.
        planner: looks them through, here and one after another.
        at_once: how many are made at once; a lone one waits until the one before is there.
        tell: is told of one at a time, in any thread.
    """
    ends, stopping = _InOrder(tell), Event()
    slots = BoundedSemaphore(at_once if at_once == 1 else AHEAD * at_once)
    running: deque[Future[None]] = deque()

    def make(turn: int, name: str, planned: Iterable[Made]) -> None:
        made, error = [], None
        try:
            for each in planned:
                made.append(each)
                if stopping.is_set():
                    return
        except Exception as failure:
            error = failure
        try:
            ends.add(turn, Ended(name, made, error))
        finally:
            # Also where nobody listens any more, which the pool then says.
            slots.release()

    with thread_pool(at_once) as pool:
        try:
            for turn, (name, line) in enumerate(jobs):
                slots.acquire()
                while running and running[0].done():
                    running.popleft().result()
                try:
                    planned = planner.plan(name, line)
                except Exception as error:
                    ends.add(turn, Ended(name, error=error))
                    slots.release()
                else:
                    running.append(pool.submit(make, turn, name, planned))
            for future in running:
                future.result()
        finally:
            stopping.set()


@dataclass
class _InOrder:
    """Passes on by their turns what comes in any order."""

    tell: Callable[[Ended], None]
    following: int = 0
    waiting: dict[int, Ended] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def add(self, turn: int, ended: Ended) -> None:
        with self.lock:
            self.waiting[turn] = ended
            while self.following in self.waiting:
                self.tell(self.waiting.pop(self.following))
                self.following += 1
