"""The project file ``pxgen.toml``: strict tables that become frozen settings."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli

from pxgen.config.sample_settings import SampleSettings
from pxgen.config.schema import Table, Where, read_table, rules
from pxgen.config.settings import SETTINGS, DataSettings, TrainSettings
from pxgen.errors import InputError

FILE_NAME = "pxgen.toml"
LIMIT = 2**20
"""Bytes of project file accepted; real ones have a few thousand."""


@dataclass(frozen=True)
class Project:
    """A project file as settings, and the folder that its paths are relative to."""

    root: Path
    """The file's folder; the current one where there is no file. Relative if it was found."""
    data: DataSettings
    model: Table
    """``[model]`` as written; it is checked against the recipe's own settings."""
    train: TrainSettings
    sample: SampleSettings
    given: Mapping[str, Table]
    """Settings of the file itself by table, with paths made relative to the current folder."""

    @property
    def dataset(self) -> Path:
        """The folder that ``prepare`` writes and ``train`` reads unless told otherwise."""
        return self.root / "dataset"

    @property
    def runs(self) -> Path:
        """The folder in which ``train`` makes one folder a run unless told otherwise."""
        return self.root / "runs"


def load_project(path: Path | None = None) -> Project:
    """Read a project file, or the one in a folder.

    None looks from the current folder upwards and falls back to the defaults.

    Raises:
        InputError: the file is missing, malformed, or sets something unknown or impossible.
    """
    file = _find() if path is None else (path / FILE_NAME if path.is_dir() else path)
    if file is None:
        return _project(Table({}, Where(FILE_NAME)), Path())
    return _project(read_toml(file), file.parent)


def read_toml(file: Path) -> Table:
    """A TOML file as a table that knows its lines.

    Raises:
        InputError: it cannot be read or is not TOML; names the line.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(LIMIT + 1)
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from error
    if len(content) > LIMIT:
        raise InputError(f"{file}: a project file has at most {LIMIT} bytes")
    return parse_toml(content, str(file))


def parse_toml(content: bytes, name: str) -> Table:
    """TOML as a table; ``name`` is what errors call the file.

    Raises:
        InputError: it is not UTF-8 or not TOML; names the line.
    """
    try:
        text = content.decode("utf-8-sig")
        return Table(tomli.loads(text), Where(name, text))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(f"{name}:{line}: not UTF-8 text") from error
    except tomli.TOMLDecodeError as error:
        message = str(error)
        found = re.search(r" \(at line (\d+), column \d+\)$", message)
        line = int(found[1]) if found else text.count("\n") + 1
        reason = message[: found.start()] if found else message
        if re.search("overwrite|declare", reason):
            reason = "a key or table is there twice"
        raise InputError(f"{name}:{line}: {reason}") from error
    except RecursionError as error:
        raise InputError(f"{name}: nested too deeply") from error


def _find() -> Path | None:
    """The nearest project file, as a relative path so that what is printed stays short."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FILE_NAME).is_file():
            return Path(os.path.relpath(folder)) / FILE_NAME
    return None


def _project(table: Table, root: Path) -> Project:
    table.only(["data", "model", "train", "sample"])
    tables = {name: table.table(name) for name in SETTINGS}
    train = read_table(TrainSettings, tables["train"])
    if train.steps is not None and train.minutes is not None:
        raise InputError(f"{tables['train'].where.key('minutes')}: set steps or minutes, not both")
    return Project(
        root=root,
        data=read_table(DataSettings, tables["data"]),
        model=table.table("model"),
        train=train,
        sample=read_table(SampleSettings, tables["sample"]),
        given={name: _resolved(SETTINGS[name], tables[name], root) for name in SETTINGS},
    )


def _resolved(settings: type, table: Table, root: Path) -> Table:
    known = rules(settings)
    values = {
        name: _from_root(value, root) if known[name].is_path else value
        for name, value in table.items()
    }
    return Table(values, table.where)


def _from_root(value: Any, root: Path) -> Any:
    """A path in the file means a path beside the file; a word such as ``auto`` stays a word."""
    if isinstance(value, list):
        return [_from_root(item, root) for item in value]
    beside = root / value
    return str(beside) if beside.exists() else value
