"""Runs of pxgen sample."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from pxgen.cli.app import pxgen


def run(
    model: Path, *arguments: object, command: str = "sample", text: str | None = None
) -> Result:
    line = [command, "-m", str(model), "--workers", "1", *map(str, arguments)]
    return CliRunner().invoke(pxgen, line, input=text)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
