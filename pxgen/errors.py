"""Errors that a user can act on.

Every message is one line that says what is wrong, where, and what to do. The command line prints
it without a traceback and exits with the class's ``exit_code``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Remark = Callable[[str], None]
"""Takes a line for people."""


Progress = Callable[[int, str], None]
"""Takes a number now and then, and of what so many are done."""


def unsaid(line: str) -> None:
    """The :data:`Remark` of the library, which prints nothing."""


def unwatched(count: int, what: str) -> None:
    """The :data:`Progress` that nobody waits for."""


class PxgenError(Exception):
    """Something failed that the user can understand and act on."""

    exit_code = 1


class UsageError(PxgenError):
    """The request itself is wrong: an unknown label, an impossible option."""

    exit_code = 2


class InputError(PxgenError):
    """A file or folder was rejected: missing, malformed, or not what was asked for."""

    exit_code = 3


class BusyError(PxgenError):
    """Another process is at work in the same place."""


_FLAG = re.compile(r"`[^`]*`|(?<![^\s(])--?([a-z][a-z-]*)(?![\w./\\])")
"""A command in quotes, which stays as it is, or a flag."""
_KEYWORDS = {"o": "out", "m": "model", "n": "count", "fresh": "resume=False"}


@contextmanager
def in_keywords(**short: str) -> Iterator[None]:
    """Errors of the block, or of the function that this decorates, name options as Python does.

    Args:
        short: what other names than those of the options are called, such as ``o="path"``.
    """
    names = _KEYWORDS | short

    def keyword(found: re.Match[str]) -> str:
        return names.get(found[1], found[1].replace("-", "_")) if found[1] else found[0]

    try:
        yield
    except PxgenError as error:
        error.args = (_FLAG.sub(keyword, str(error)),)
        raise
