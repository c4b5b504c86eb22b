"""The reference of commands, and their help."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from pxgen.cli.app import SECTIONS, pxgen
from pxgen.cli.reference import reference

ROOT = Path(__file__).parents[2]


def test_the_reference_says_what_the_commands_do() -> None:
    text = reference()
    assert (ROOT / "docs" / "commands.md").read_text("utf-8") == text, "run `make docs`"
    for names in SECTIONS.values():
        assert all(f"### pxgen {name}" in text for name in names)


def test_every_command_has_examples_in_its_help() -> None:
    for name in (name for names in SECTIONS.values() for name in names):
        told = CliRunner().invoke(pxgen, [name, "--help"]).stdout
        assert "Examples:" in told or "Commands:" in told, name
