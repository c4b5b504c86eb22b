"""Errors that a user can act on.

Every message is one line that says what is wrong, where, and what to do. The command line prints
it without a traceback and exits with the class's ``exit_code``.
"""

from __future__ import annotations

from collections.abc import Callable

Remark = Callable[[str], None]
"""Takes a line for people."""


def unsaid(line: str) -> None:
    """The :data:`Remark` of the library, which prints nothing."""


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
