"""The palettes that come with pxgen, found by name."""

from __future__ import annotations

import difflib
import os
from functools import cache
from pathlib import Path

from pxgen.errors import UsageError
from pxgen.palette.formats import read_palette
from pxgen.palette.table import Palette


def names() -> list[str]:
    """The names of the shipped palettes, sorted."""
    return sorted(_files())


def find_palette(name_or_path: str | os.PathLike[str]) -> Palette:
    """A shipped palette by name, else a palette file by path.

    Names match without regard to case, spaces, hyphens and underscores: ``PICO 8`` is ``pico-8``.
    A shipped name wins over a file of that name; ``./pico-8`` is the file.

    Raises:
        UsageError: neither a shipped name nor a file; the message lists the nearest names.
        InputError: the file is no good palette.
    """
    wanted = os.fspath(name_or_path)
    shipped = {_key(name): name for name in names()}
    name = shipped.get(_key(wanted))
    if name is not None:
        return read_palette(_files()[name], name)
    if os.path.exists(wanted):
        return read_palette(wanted)
    if os.path.basename(wanted) != wanted:
        raise UsageError(f"no palette file {wanted}: `pxgen palette list` shows shipped ones")
    close = difflib.get_close_matches(_key(wanted), shipped, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(shipped[key] for key in close)}? " if close else ""
    raise UsageError(
        f"no palette {wanted!r}, shipped or file: {hint}`pxgen palette list` shows all"
    )


def palette_file(named: str | None) -> Path | None:
    """The file that :func:`find_palette` reads; None where it is a shipped one, or none at all."""
    if named is None or _key(named) in map(_key, names()) or not os.path.isfile(named):
        return None
    return Path(named)


def _key(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter not in " -_")


@cache
def _files() -> dict[str, Path]:
    package = Path(__file__).resolve().parents[1]
    # The wheel carries the files inside the package; a checkout, also one installed in editable
    # mode, has them at its top, where people look for data.
    for folder in (package / "palettes", package.parent / "palettes"):
        files = {path.stem: path for path in sorted(folder.glob("*.gpl"))}
        if files:
            return files
    return {}
