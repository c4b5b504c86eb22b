"""Tables become settings, and every mistake in one is an error with an address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pytest

from pxgen.config.project import parse_toml
from pxgen.config.schema import Table, Where, find_line, read_table, setting
from pxgen.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Inner:
    depth: int = 2
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Outer:
    width: int = setting(64, "how wide", low=1, high=512)
    rate: float = setting(0.5, "how fast", low=0, high=1)
    kind: Literal["plain", "fancy"] = setting("plain", "which kind")
    way: str = setting("up", "which way", choices=("up", "down"))
    free: float = 1.0
    limit: int | None = setting(None, "at most")
    quick: bool = False
    inner: Inner = Inner()


@dataclass(frozen=True)
class Needy:
    name: str


def read(text: str, cls=Outer):
    return read_table(cls, parse_toml(text.encode(), "file.toml"))


def test_an_empty_table_gives_the_defaults():
    assert read("") == Outer()


def test_values_of_every_type_are_taken():
    text = """
        width = 512
        rate = 1
        kind = "fancy"
        limit = 3
        quick = true
        [inner]
        depth = 5
        names = ["a", "b"]
    """
    expected = Outer(
        width=512,
        rate=1.0,
        kind="fancy",
        limit=3,
        quick=True,
        inner=Inner(depth=5, names=("a", "b")),
    )
    settings = read(text)
    assert settings == expected
    assert isinstance(settings.rate, float)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nwidht = 3", "file.toml:2: widht: unknown key; did you mean width?"),
        ("zzz = 3", "file.toml:1: zzz: unknown key; known are width, rate"),
        ("# c\nwidth = '3'", "file.toml:2: width: expected a whole number, got '3'"),
        ("width = 3.0", "file.toml:1: width: expected a whole number, got 3.0"),
        ("width = true", "file.toml:1: width: expected a whole number, got True"),
        ("rate = true", "file.toml:1: rate: expected a number, got True"),
        ("rate = nan", "file.toml:1: rate: expected a finite number, got nan"),
        ("free = inf", "file.toml:1: free: expected a finite number, got inf"),
        ("quick = 1", "file.toml:1: quick: expected true or false, got 1"),
        ("kind = 'odd'", "file.toml:1: kind: expected one of plain, fancy; got 'odd'"),
        ("way = 'left'", "file.toml:1: way: expected one of up, down; got 'left'"),
        ("kind = [1]", "file.toml:1: kind: expected one of plain, fancy; got [1]"),
        ("width = 0", "file.toml:1: width: at least 1, got 0"),
        ("width = 1000", "file.toml:1: width: at most 512, got 1000"),
        ("inner = 4", "file.toml:1: inner: expected a table, got 4"),
        ("[inner]\n\ndeep = 4", "file.toml:3: inner.deep: unknown key; did you mean depth?"),
        ("inner = {deep = 4}", "file.toml:1: inner.deep: unknown key; did you mean depth?"),
        ("inner.deep = 4", "file.toml:1: inner.deep: unknown key; did you mean depth?"),
        ("[inner]\nnames = 'a'", "file.toml:2: inner.names: expected a list in brackets, got 'a'"),
        ("[inner]\nnames = [1]", "file.toml:2: inner.names: expected text in quotes, got 1"),
    ],
)
def test_mistakes_are_errors_with_file_line_and_key(text, message):
    with pytest.raises(InputError) as caught:
        read(text)
    assert str(caught.value).startswith(message)


def test_a_missing_key_without_default_is_named():
    with pytest.raises(InputError, match=r"file\.toml: the key name is missing"):
        read("", Needy)


def test_tables_without_text_are_named_by_their_file():
    table = Table({"inner": {"depth": "x"}}, Where("model.safetensors"))
    with pytest.raises(InputError, match=r"^model.safetensors: inner.depth: expected a whole"):
        read_table(Outer, table)


def test_lines_are_found_by_table_and_key():
    text = 'steps = 1\n[model]\nsteps = 2\n[ train ]\n"steps" = 3\n[model.latent]\nsteps=4\n'
    assert find_line(text, ("steps",)) == 1
    assert find_line(text, ("model", "steps")) == 3
    assert find_line(text, ("train", "steps")) == 5
    assert find_line(text, ("model", "latent", "steps")) == 7
    assert find_line(text, ("model", "latent", "unheard")) == 6
    assert find_line(text, ("nowhere",)) is None
