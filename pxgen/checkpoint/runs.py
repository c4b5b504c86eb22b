"""Run folders, each of one training, and the models in the package."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pxgen.checkpoint.card import FILE_NAME, read_card
from pxgen.errors import InputError, PxgenError, Remark
from pxgen.files import write_text

METRICS = "metrics.jsonl"
PREVIEW = "preview.png"
TABLE, TABLE_START = "project.toml", "[model]\n"
"""The settings of a run, and how they begin."""
_SHIPPED = Path(__file__).parents[1] / "builtin"
STARTERS: Mapping[str, Path] = {
    "starter": _SHIPPED / "starter.safetensors",
    "starter-clips": _SHIPPED / "starter-clips.safetensors",
    "starter-figures": _SHIPPED / "starter-figures.safetensors",
}
"""The models in the package, of stills, loops and walking figures, by what ``-m`` calls them."""
STARTER, CLIPS, FIGURES = STARTERS.values()


def run_folders(runs: Path) -> list[Path]:
    """Run folders that hold a checkpoint, the one written last at the end."""
    if not runs.is_dir():
        return []
    found = [path for path in runs.iterdir() if (path / FILE_NAME).is_file()]
    return sorted(
        found, key=lambda path: ((path / FILE_NAME).stat().st_mtime, _number(path), path.name)
    )


def shipped(model: Path) -> Path:
    """A model by its path, or by the name of one in the package if nothing lies there."""
    return model if model.exists() else STARTERS.get(str(model), model)


def model_name(path: Path) -> str:
    """What a model is called: as one of the package, else as its run or its file."""
    if path.name == FILE_NAME:
        path = path.parent
    known = (name for name, file in STARTERS.items() if file == path)
    return next(known, path.resolve().stem)


def choose_model(model: Path | None, runs: Path, remark: Remark, starter: Path = STARTER) -> Path:
    """The model asked for, else the project's newest run, else a starter in the package.

    Raises:
        InputError: nothing is called so, and a model in the package nearly is.
        PxgenError: there is none at all.
    """
    if model is not None:
        path = shipped(model)
        close = get_close_matches(str(model).lower(), STARTERS, 1, cutoff=0.75)
        if close and not path.exists():
            raise InputError(f"no model at {model}: check the path, or did you mean {close[0]}?")
        return path
    if found := run_folders(runs):
        # Which one it is changes with the folder and with each training.
        ended = read_card(found[-1])[0].training.get("finished", True)
        unended = "" if ended else ", not finished: what it draws now it cannot draw again later"
        remark(f"model: {found[-1]} (the newest run{unended}; -m names another)")
        return found[-1]
    if not starter.exists():
        raise PxgenError("no model yet: train one with `pxgen train`, or name one with -m")
    if own := next(Path().glob(f"*/{FILE_NAME}"), None):
        remark(f"model: {model_name(starter)}, of the package (-m {own.parent} names your own)")
    return starter


def told(path: Path) -> Path:
    """What messages call a model: those of the package by their bare names."""
    return Path(path.name) if path in STARTERS.values() else path


def make_run(runs: Path, recipe: str) -> Path:
    """A folder for a new run, numbered after all that exist: ``runs/0003-masked``.

    Raises:
        PxgenError: it cannot be made.
    """
    try:
        runs.mkdir(parents=True, exist_ok=True)
        while True:
            number = max(map(_number, runs.iterdir()), default=0) + 1
            folder = runs / f"{number:04}-{recipe}"
            # Another training may have taken the number since.
            with suppress(FileExistsError):
                folder.mkdir()
                return folder
    except OSError as error:
        raise PxgenError(f"cannot write {runs}: {error.strerror or error}") from error


def _number(path: Path) -> int:
    match = re.match(r"(\d{1,9})-", path.name)
    return int(match[1]) if match else 0


@dataclass
class Metrics:
    """The lines of ``metrics.jsonl``: one JSON table a report."""

    path: Path
    lines: list[Mapping[str, Any]] = field(default_factory=list)

    @classmethod
    def until(cls, path: Path, stage: int = sys.maxsize, step: int = 0) -> Metrics:
        """The lines up to a snapshot, or all of a run; none where the file is missing.

        Raises:
            InputError: the file is not one of JSON lines.
        """
        if not path.exists():
            return cls(path)
        try:
            lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            ends = [(int(line["stage_index"]), int(line["step"])) for line in lines]
            kept = [line for line, end in zip(lines, ends, strict=True) if end <= (stage, step)]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} is damaged: remove it or train with --fresh") from error
        return cls(path, kept)

    def write(self) -> None:
        """Write all lines, whole or not at all."""
        write_text(self.path, "".join(json.dumps(line) + "\n" for line in self.lines))
