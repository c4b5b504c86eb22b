"""The documents and the Makefile agree with the program."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from pxgen.cli.app import CommandLine, pxgen
from pxgen.config.project import parse_toml
from pxgen.config.schema import read_table
from pxgen.config.settings import SETTINGS

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "CONTRIBUTING.md")


def blocks(language: str) -> list[str]:
    text = "".join((ROOT / name).read_text("utf-8") for name in DOCUMENTS)
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def commands(program: str) -> list[list[str]]:
    """The arguments of every call of ``program`` in shell blocks and in inline code."""
    text = "".join((ROOT / name).read_text("utf-8") for name in DOCUMENTS)
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    lines += re.findall(rf"`({program} [^`]+)`", text)
    words = (shlex.split(line, comments=True) for line in lines)
    return [line[1:] for line in words if line and line[0] == program]


@pytest.mark.parametrize("arguments", commands("pxgen"), ids=" ".join)
def test_documented_commands_parse(arguments):
    name, *rest = arguments
    command = CommandLine.get_command(pxgen, click.Context(pxgen), name)
    assert command is not None, f"pxgen has no command {name}"
    command.make_context(name, rest)


@pytest.mark.parametrize("arguments", commands("make"), ids=" ".join)
def test_documented_targets_exist(arguments):
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.search(rf"^{arguments[0]}:", makefile, flags=re.MULTILINE)
    for assignment in arguments[1:]:
        assert f"{assignment.partition('=')[0]} ?=" in makefile


def test_documented_project_files_are_valid():
    (text,) = blocks("toml")
    table = parse_toml(text.encode(), "README.md")
    for name, settings in SETTINGS.items():
        read_table(settings, table.table(name))


@pytest.mark.parametrize("document", ["README.md", "docs/python.md"])
def test_documented_python_runs(
    document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / document).read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    assert blocks
    exec("\n".join(blocks), {})


def test_every_public_command_is_in_the_readme():
    text = (ROOT / "README.md").read_text("utf-8")
    for name in pxgen.list_commands(click.Context(pxgen)):
        assert f"| `{name}` |" in text
