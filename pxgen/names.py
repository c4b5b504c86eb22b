"""Names of files and labels: their normal form, their order, and names that are told apart."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, count
from pathlib import Path, PurePosixPath

_NUMBER = re.compile(r"[0-9]+")
_LETTERS = partial(re.compile(r"\W+").sub, "")
"""What a shell of some languages compares of a name."""
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(?![^.])", re.I)
"""Names that Windows keeps for devices, whatever their suffix."""


def normal(text: str) -> str:
    """Unicode's form NFC: macOS takes names apart that keyboards type composed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def folded(text: str) -> str:
    """Equal for texts that differ in case, accents or their Unicode form alone."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def natural_key(name: str) -> tuple[list[str], str, str]:
    """A key that sorts paths by folder, stem, then suffix, and numbers in all by their value.

    Against anything else a number stands where its first digit would.
    """
    *folders, last = _NUMBER.sub(_sortable, normal(name).replace("\\", "/")).split("/")
    stem, dot, suffix = last.rpartition(".")
    return [*folders, stem if dot and stem else last], suffix, name


def _sortable(number: re.Match[str]) -> str:
    digits = number[0].lstrip("0")
    return f"0{len(digits):06}{digits}"


def distinct(names: Iterable[str]) -> Iterator[str]:
    """The names, numbered from the second on where several are equal once :func:`folded`."""
    taken: dict[str, int] = {}
    for name in names:
        start = taken.get(folded(name), 1)
        tries = ((n, name if n == 1 else f"{name}-{n}") for n in count(start))
        number, free = next((n, each) for n, each in tries if folded(each) not in taken)
        taken[folded(name)] = number + 1
        taken.setdefault(folded(free), 2)
        yield free


def untaken(path: Path, taken: Container[str]) -> Path:
    """A path that is none of those taken once :func:`folded`, numbered from two on if it is."""
    tries = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    return next(each for each in chain([path], tries) if folded(str(each)) not in taken)


def apart(paths: Iterable[str]) -> Iterator[str]:
    """Paths of files, of which those that are equal are told apart before the suffix."""
    taken: set[str] = set()
    for path in paths:
        file = PurePosixPath(path)
        tries = (str(file.with_stem(f"{file.stem}-{number}")) for number in count(2))
        free = next(each for each in chain([path], tries) if each not in taken)
        taken.add(free)
        yield free


MAX_NAMED = 12


def some(names: Sequence[str]) -> str:
    """The first names, for a line."""
    more = f", ... ({len(names) - MAX_NAMED} more)" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more


def counted(paths: Sequence[Path]) -> list[Path]:
    """Files as they were named, but by the value of their numbers where a shell sorted them.

    ``*.png`` lists ``10.png`` before ``2.png``; any other order is the caller's own.
    """
    keys = [[str(path), _LETTERS(str(path).casefold())] for path in paths]
    if any(own == sorted(own) for own in map(list, zip(*keys, strict=True))):
        return sorted(paths, key=lambda path: natural_key(str(path)))
    return [*paths]


def unreserved(stem: str) -> str:
    """A name that every system takes for a file: those of Windows' devices get a dash before."""
    return f"file-{stem}" if _RESERVED.match(stem) else stem
