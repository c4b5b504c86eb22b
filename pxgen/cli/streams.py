"""Standard output and error: any code page, none at all, and names that would steer a terminal."""

from __future__ import annotations

import codecs
import os
import sys
import traceback
from typing import TextIO

import click

from pxgen.errors import PxgenError

UNENCODABLE = "pxgen.unencodable"
"""The handler of letters that a stream's code page lacks."""


def open_streams() -> None:
    """Make both streams take any text.

    A service has none: what would be printed is dropped. Windows' redirected output is UTF-8, as
    its consoles are, unless ``PYTHONIOENCODING`` names another code page.
    """
    codecs.register_error(UNENCODABLE, _escaped)
    # Opened first, so that no file that is written gets the number of a missing stream.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    named = sys.platform != "win32" or "PYTHONIOENCODING" in os.environ
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, codecs.StreamWriter) or not hasattr(stream, "reconfigure"):
            continue
        stream.reconfigure(encoding=None if named else "utf-8", errors=UNENCODABLE)


def _escaped(error: UnicodeError) -> tuple[bytes, int]:
    """Bytes of a name that is no text as they were, other letters as ``\\u3051``."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    parts = (
        letter.encode(
            "ascii", "surrogateescape" if "\udc80" <= letter <= "\udcff" else "backslashreplace"
        )
        for letter in letters
    )
    return b"".join(parts), error.end


def printable(text: str) -> str:
    """The text without characters that steer a terminal; line ends stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def say(text: object) -> None:
    """Print a line on standard output: exactly into files and pipes, harmless on a terminal."""
    click.echo(printable(str(text)) if _is_terminal(sys.stdout) else str(text))


def complain(text: object) -> None:
    """Print a harmless line on standard error."""
    click.echo(printable(str(text)), err=True)


def complain_of(error: BaseException, *, verbose: bool, where: str = "") -> None:
    """Print one line about an error, and where in the program it happened if it is unexpected.

    Args:
        error: what was raised.
        verbose: whether anybody wants to know where in the program.
        where: what was read, if the error does not say so.
    """
    if verbose and not isinstance(error, PxgenError):
        traceback.print_exception(error)
    line = _line(error)
    complain(f"pxgen: {line}" if line.startswith(where) else f"pxgen: {where}: {line}")


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, PxgenError):
        return text
    if isinstance(error, OSError) and error.strerror:
        return ": ".join(str(part) for part in (error.filename, error.strerror) if part)
    if isinstance(error, MemoryError):
        return "out of memory: try a smaller --batch, --size or --count"
    return f"unexpected {type(error).__name__}: {text} (pxgen -v ... shows where)"


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # it is closed
        return False
