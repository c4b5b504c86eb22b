"""The command line: thin Click shells over :mod:`pxgen.commands`; nothing heavy at import."""

from pxgen.cli.app import main

__all__ = ["main"]
