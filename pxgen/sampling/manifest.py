"""Manifests: for each picture of a run a line of JSON from which it can be made again.

A line has no time, host or absolute place in it, so equal runs write equal manifests.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from pxgen.config.schema import Table, Where, read_table, rules
from pxgen.config.settings import PictureSettings, SampleSettings
from pxgen.errors import InputError
from pxgen.files import write_text

FILES = [name for name, rule in rules(PictureSettings).items() if rule.is_path]
"""Options that may name a file, whose content then counts."""
MAX_INDEX = 2**62


class _WrongKindError(Exception):
    """A value of a kind that no manifest has there."""


@dataclass(frozen=True)
class Recorded:
    """Pictures that were drawn in one way."""

    seed: int
    labels: Sequence[str]
    model: str
    """The fingerprint of the model."""
    options: Mapping[str, Any]
    """Fields of :class:`PictureSettings` that were set."""
    inputs: Mapping[str, str]
    """Files that the options name, and their SHA-256."""
    numbers: tuple[int, ...] = ()
    frames: tuple[str, ...] = ()
    """The name of each frame, where the model's have names; for readers, not for drawing again."""


def options_of(settings: PictureSettings) -> dict[str, Any]:
    """The options that are set, as JSON has them."""
    return {
        entry.name: str(value) if isinstance(value, Path) else value
        for entry in fields(PictureSettings)
        if (value := getattr(settings, entry.name)) != entry.default
    }


def settings_of(recorded: Recorded, name: str) -> SampleSettings:
    """The request by which the pictures of a manifest were drawn.

    Raises:
        InputError: something that no manifest has.
    """
    options = dict(recorded.options)
    if "strengths" in options:
        # As versions before 1.0 wrote it.
        options["strength"] = options.pop("strengths")
    only = [entry.name for entry in fields(PictureSettings)]
    settings = read_table(SampleSettings, Table(options, Where(name)), only)
    label, count = tuple(recorded.labels), len(recorded.numbers)
    return replace(settings, seed=recorded.seed, label=label, count=count)


def inputs_of(options: Mapping[str, Any]) -> dict[str, str]:
    """The files that options name, and their SHA-256."""
    named = (str(options[name]) for name in FILES if name in options)
    return {path: _digest(Path(path)) for path in sorted(named) if Path(path).is_file()}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_manifest(
    target: Path, drawn: Iterable[tuple[Path, int, float | None]], recorded: Recorded
) -> Path:
    """Write a line for each picture: file, number, and strength where it has one of several.

    ``recorded`` is what they share; its numbers do not count.

    Raises:
        PxgenError: the file cannot be written.
    """
    folder, lines = target.absolute().parent, []
    for file, number, strength in drawn:
        options = dict(recorded.options)
        if strength is not None:
            options["strength"] = [strength]
        line = {
            "file": Path(os.path.relpath(file.absolute(), folder)).as_posix(),
            "seed": recorded.seed,
            "index": number,
            "labels": list(recorded.labels),
            "model": recorded.model,
            "options": options,
            "inputs": dict(recorded.inputs),
        }
        if recorded.frames:
            line["frames"] = list(recorded.frames)
        lines.append(json.dumps(line) + "\n")
    return write_text(target, "".join(lines))


def read_manifest(text: str, name: str) -> Iterator[Recorded]:
    """Pictures in the order of the lines, those in a row that are drawn in one way together.

    Raises:
        InputError: a line that no manifest has, or a file in it that has changed or is gone.
    """
    lines = [
        _line(line, f"{name}, line {number}")
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip()
    ]
    if not lines:
        raise InputError(f"{name} holds no picture")
    for key, group in groupby(lines, key=lambda line: line[0]):
        recorded = Recorded(**json.loads(key), numbers=tuple(number for _, number in group))
        _check_inputs(recorded, name)
        yield recorded


def _line(text: str, where: str) -> tuple[str, int]:
    """A picture's options as JSON, which others may share, and its number."""
    try:
        line = json.loads(text)
        shared = {
            "seed": _whole(line["seed"], 2**63),
            "labels": [_string(label) for label in _list(line["labels"])],
            "model": _string(line["model"]),
            "options": {_string(k): v for k, v in line["options"].items()},
            "inputs": {_string(k): _string(v) for k, v in line["inputs"].items()},
        }
        return json.dumps(shared, sort_keys=True), _whole(line["index"], MAX_INDEX)
    except KeyError as error:
        raise InputError(f"{where} is no line of a manifest: it lacks {error}") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{where} is no line of a manifest: it is not JSON") from error
    except _WrongKindError as error:
        raise InputError(f"{where} is no line of a manifest: {error}") from error
    except (AttributeError, RecursionError, TypeError) as error:
        raise InputError(f"{where} is no line of a manifest: it is no object of one") from error


def _whole(value: Any, below: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < below:
        raise _WrongKindError(f"{value!r} is no number of a picture")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _WrongKindError(f"{value!r} is no list")
    return value


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise _WrongKindError(f"{value!r} is no text")
    return value


def _check_inputs(recorded: Recorded, name: str) -> None:
    for path, digest in recorded.inputs.items():
        if not Path(path).is_file():
            raise InputError(f"{name} needs {path}, which is not there")
        if _digest(Path(path)) != digest:
            raise InputError(f"{name} needs {path} as it was; it has changed since")
