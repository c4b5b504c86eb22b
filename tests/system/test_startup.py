"""What a command loads before it does its work, and what it never needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pxgen.cli import main
sys.argv[1:] = sys.argv[1].split()
try:
    main()
finally:
    print("loaded", *{"torch", "rich"} & sys.modules.keys(), file=sys.stderr)
"""


def loaded(command: str, status: int = 0) -> set[str]:
    """Those of torch and rich that a command has loaded by its end."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, command], capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    *_, last = done.stderr.splitlines()
    word, *modules = last.split()
    assert word == "loaded"
    return set(modules)


def test_commands_that_draw_nothing_need_no_torch(work: Path) -> None:
    for command in (
        "prepare --builtin -n 30 -o cast",
        "export cast/sheet.png -o sheet.png",
        "prepare sheet.png --colors 8 -o small",
        "inspect cast -o cast.png",
        "inspect cast --labels --audit",
        "inspect cast.png",
        "inspect starter",
        "lint cast.png --fix -o mended",
        "export cast.png -o cast.gif",
        "palette list",
        "palette convert pico-8 pico-8.gpl",
        "palette extract cast.png",
        "init --schema",
    ):
        assert "torch" not in loaded(command), command


@pytest.mark.parametrize("command", ["sample", "animate"])
def test_what_would_replace_a_file_is_refused_without_torch(command: str, work: Path) -> None:
    (work / ("alien-0-0000.gif" if command == "animate" else "alien-0-0000.png")).touch()
    assert "torch" not in loaded(f"{command} --label alien", status=2)


@pytest.mark.parametrize("command", ["sample --mask a.png", "animate --lock given -o a.gif"])
def test_options_that_need_another_are_refused_without_torch(command: str, work: Path) -> None:
    assert "torch" not in loaded(command, status=2)


@pytest.mark.parametrize("command", ["sample", "animate", "interpolate", "reconstruct"])
def test_jobs_that_are_not_there_are_told_without_torch(command: str, work: Path) -> None:
    assert "torch" not in loaded(f"{command} --jobs none.jsonl", status=3)


def test_a_manifest_that_is_not_there_is_told_without_torch(work: Path) -> None:
    assert "torch" not in loaded("sample --repeat none.jsonl", status=3)


@pytest.mark.parametrize("command", ["sample --label alien", "animate --label alien -o a.gif"])
def test_a_lone_picture_loads_nothing_for_bars(command: str, work: Path) -> None:
    assert loaded(command) == {"torch"}
