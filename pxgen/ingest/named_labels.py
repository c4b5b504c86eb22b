"""Labels in texts beside images, and in the names of files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pxgen.errors import InputError, UsageError
from pxgen.ingest.archives import text_of
from pxgen.ingest.match import Matching, Unit
from pxgen.ingest.tables import KEY_COLUMN, Cell, LabelTable

CAPTION_COLUMN = "caption"
_MAX_BYTES = 2**20
_PARTS = re.compile(r"\{([^{}]*)\}|\*|#")
_PATTERNS = {"*": r"[^/]*?", "#": r"\d+"}


def by_captions(units: Sequence[Unit], captions: Mapping[str, Sequence[Path]]) -> Matching:
    """A table of the text beside each unit, whose lines are joined by commas.

    ``captions`` are files by the name of the image that they are about; of a clip of several files
    that of the first counts.

    Raises:
        InputError: a text cannot be read, or there are two.
    """
    texts: list[str] = []
    matching = Matching(LabelTable(Path("captions"), {}), KEY_COLUMN, CAPTION_COLUMN)
    for number, unit in enumerate(units):
        beside = captions.get(unit.first_file or unit.name, ())
        if len(beside) > 1:
            raise InputError(f"{beside[0]} and {beside[1]} are captions of one image: leave one")
        if beside:
            matching.rows[number] = [len(texts)]
            texts.append(_text(beside[0]))
    keys = [units[number].name for number in matching.rows]
    columns: dict[str, list[Cell]] = {KEY_COLUMN: [*keys], CAPTION_COLUMN: [*texts]}
    matching.table = LabelTable(Path("captions"), columns, flags=False)
    return matching


def _text(path: Path) -> str:
    try:
        lines = text_of(path, _MAX_BYTES).splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    return ", ".join(filter(None, (line.strip(" \t,") for line in lines)))


def by_pattern(units: Sequence[Unit], pattern: str) -> Matching:
    """A table with a column for each ``{word}`` of a pattern such as ``{kind}_{colour}_#``.

    ``*`` stands for anything, ``#`` for a number, and a word for as little as there can be. A
    pattern is of names without suffix; one with slashes is of the ends of paths.

    Raises:
        UsageError: it has no word, or one twice, or a brace without its other half.
        InputError: no name is such.
    """
    words = [match[1].strip() for match in _PARTS.finditer(pattern) if match[1] is not None]
    unpaired = re.search("[{}]", _PARTS.sub("", pattern))
    if unpaired or not words or "" in words or len({*words}) < len(words):
        raise UsageError(
            f"--label-pattern {pattern}: name what is a label in a pair of braces, each once, "
            "such as {kind}_{colour}_*"
        )
    wanted = _compiled(pattern)
    matching = Matching(LabelTable(Path("names"), {}), KEY_COLUMN, "pattern")
    found: list[tuple[str, ...]] = []
    for number, unit in enumerate(units):
        parts = _stem(unit).split("/")
        end = "/".join(parts[-1 - pattern.count("/") :])
        if (match := wanted.fullmatch(end)) is not None:
            matching.rows[number] = [len(found)]
            found.append((unit.name, *match.groups()))
    if not found:
        raise InputError(f"--label-pattern {pattern}: no name is such, as of {_stem(units[0])}")
    columns = zip(*found, strict=True)
    names = (KEY_COLUMN if KEY_COLUMN not in words else "", *words)
    matching.column = names[0]
    matching.table = LabelTable(
        Path("names"), {n: [*c] for n, c in zip(names, columns, strict=True)}
    )
    return matching


def _stem(unit: Unit) -> str:
    """The path of a unit without the suffix of its file; clips of several files have none."""
    folder, slash, name = unit.name.rpartition("/")
    stem = name.rpartition(".")[0] if not unit.first_file else ""
    return folder + slash + (stem or name)


def _compiled(pattern: str) -> re.Pattern[str]:
    parts, end = [], 0
    for match in _PARTS.finditer(pattern):
        parts.append(re.escape(pattern[end : match.start()]))
        parts.append(_PATTERNS.get(match[0], r"([^/]+?)"))
        end = match.end()
    return re.compile("".join(parts) + re.escape(pattern[end:]))
