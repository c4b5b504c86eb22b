"""Mutants as ``mutants.toml`` lists them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tomli

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).with_name("mutants.toml")


@dataclass(frozen=True)
class Mutant:
    """One wrong line."""

    number: int
    what: str
    """What is wrong with it."""
    file: str
    old: str
    """The line as it is, without its indentation; the file has it once."""
    new: str
    tests: list[str]
    """Files or names of tests, one of which fails."""
    equivalent: str | None = None
    """Why none can."""

    @property
    def address(self) -> str:
        return f"{self.file}: {self.what}"


def read_mutants() -> list[Mutant]:
    table = tomli.loads(LIST.read_text("utf-8"))
    return [Mutant(number, **entry) for number, entry in enumerate(table["mutant"])]


def applied(mutant: Mutant, source: str) -> str:
    """The source with one line replaced.

    Raises:
        ValueError: the line is not there, or there twice.
    """
    lines = source.splitlines(keepends=True)
    places = [place for place, line in enumerate(lines) if line.strip() == mutant.old]
    if len(places) != 1:
        raise ValueError(f"{mutant.file} has this line {len(places)} times: {mutant.old}")
    (place,) = places
    lines[place] = lines[place].replace(mutant.old, mutant.new)
    return "".join(lines)
