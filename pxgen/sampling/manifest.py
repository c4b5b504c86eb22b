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

from pxgen.checkpoint.store import Loaded, fingerprint
from pxgen.config.options import named_frames
from pxgen.config.requests import AnimateSettings, ClipSettings
from pxgen.config.sample_settings import GIVEN, PictureSettings, SampleSettings
from pxgen.config.schema import Table, Where, read_table, rules
from pxgen.errors import InputError
from pxgen.files import write_text

DECIDING: dict[str, type[PictureSettings | ClipSettings]] = {
    "sample": PictureSettings,
    "animate": ClipSettings,
}
"""Options of each command that decide a picture."""
FILES = sorted(
    {name for kind in DECIDING.values() for name, rule in rules(kind).items() if rule.is_path}
)
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
    """Fields that :data:`DECIDING` names and that were set."""
    inputs: Mapping[str, str]
    """Files that the options name, and their SHA-256."""
    numbers: tuple[int, ...] = ()
    frames: tuple[str, ...] = ()
    """The name of each frame, where the model's have names; for readers, not for drawing again."""
    command: str = "sample"
    """One of :data:`DECIDING`."""


def record(settings: SampleSettings | AnimateSettings, loaded: Loaded) -> Recorded:
    """How the pictures of a request are drawn."""
    command = "sample" if isinstance(settings, SampleSettings) else "animate"
    options = {
        entry.name: _as_json(value)
        for entry in fields(DECIDING[command])
        if (value := getattr(settings, entry.name)) != entry.default
    }
    # Traces show a sprite as it forms, and there and back is more than the frames that have names.
    named = not options.keys() & {"trace", "loop"}
    return Recorded(
        settings.seed,
        settings.label,
        fingerprint(loaded),
        options,
        inputs_of(options),
        frames=loaded.card.frame_names if named else (),
        command=command,
    )


def settings_of(recorded: Recorded, name: str) -> SampleSettings | AnimateSettings:
    """The request by which the pictures of a manifest were drawn.

    Raises:
        InputError: something that no manifest has.
    """
    options = dict(recorded.options)
    if "strengths" in options:
        # As versions before 1.0 wrote it.
        options["strength"] = options.pop("strengths")
    only = [entry.name for entry in fields(DECIDING[recorded.command])]
    kind: type[SampleSettings | AnimateSettings] = SampleSettings
    if recorded.command == "animate":
        kind = AnimateSettings
    settings = read_table(kind, Table(options, Where(name)), only)
    label, count = tuple(recorded.labels), len(recorded.numbers)
    return replace(settings, seed=recorded.seed, label=label, count=count)


def _as_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_as_json(each) for each in value]
    return str(value) if isinstance(value, Path) else value


def inputs_of(options: Mapping[str, Any]) -> dict[str, str]:
    """The files that options name, and their SHA-256."""
    named = [str(options[name]) for name in FILES if options.get(name, GIVEN) != GIVEN]
    named += [str(named_frames(Path(text))[1]) for text in options.get("given", ())]
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
        named = Path(os.path.relpath(file.absolute(), folder)).as_posix()
        lines.append(json.dumps(manifest_line(named, number, strength, recorded)) + "\n")
    return write_text(target, "".join(lines))


def manifest_line(
    file: str, number: int, strength: float | None, recorded: Recorded
) -> dict[str, Any]:
    """A picture's line, before it is JSON."""
    options = dict(recorded.options)
    if strength is not None:
        options["strength"] = [strength]
    line = {
        "file": file,
        "seed": recorded.seed,
        "index": number,
        "labels": list(recorded.labels),
        "model": recorded.model,
        "options": options,
        "inputs": dict(recorded.inputs),
    }
    if recorded.frames:
        line["frames"] = list(recorded.frames)
    if recorded.command != "sample":
        line["command"] = recorded.command
    return line


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


def is_manifest(file: Path) -> bool:
    """Whether a file may be replaced by a manifest: it begins as one does, or holds nothing."""
    try:
        with file.open(encoding="utf-8") as lines:
            first = next((line for line in lines if line.strip()), None)
        return first is None or bool(_line(first, ""))
    except (OSError, UnicodeDecodeError, InputError):
        return False


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
            "command": _command(line.get("command", "sample")),
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


def _command(value: Any) -> str:
    if value not in DECIDING:
        raise _WrongKindError(f"{value!r} is none of {', '.join(DECIDING)}")
    return str(value)


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
