"""What the shell is told: completions, the reference of commands, pictures in the terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pxgen.builtin import LABELS
from pxgen.cli.app import SECTIONS, pxgen
from pxgen.cli.reference import reference
from pxgen.cli.showing import show_file
from pxgen.config.recipe import recipe_names
from pxgen.palette import Palette, library
from pxgen.render.gif import encode_gif
from tests.checkpoint.test_store import save
from tests.tiny import PALETTE

ROOT = Path(__file__).parents[2]


def completions(*words: str, folder: Path) -> list[str]:
    """What bash is offered for the last of the words."""
    environment = {
        **os.environ,
        "_PXGEN_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["pxgen", *words]),
        "COMP_CWORD": str(len(words)),
    }
    command = [sys.executable, "-m", "pxgen"]
    told = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=True
    )
    assert told.stderr == ""
    return [line.split(",", 1)[1] for line in told.stdout.splitlines() if line]


def test_commands_recipes_and_palettes_are_completed(tmp_path: Path) -> None:
    assert completions("in", folder=tmp_path) == ["init", "interpolate", "inspect"]
    found = completions("train", "--recipe", "vq", folder=tmp_path)
    assert found == [name for name in recipe_names() if name.startswith("vq")]
    found = completions("sample", "--palette", "game", folder=tmp_path)
    assert set(found) >= {name for name in library.names() if name.startswith("game")}


def test_labels_are_those_of_the_model_that_would_be_taken(tmp_path: Path) -> None:
    starter = completions("sample", "--label", "a", folder=tmp_path)
    assert starter == [name for name in LABELS if name.startswith("a")]
    save(tmp_path / "runs" / "mine-1")
    assert completions("sample", "--label", "", folder=tmp_path) == ["left", "right"]
    assert completions("animate", "--label", "le", folder=tmp_path) == ["left"]
    named = completions("sample", "-m", "starter", "--label", "a", folder=tmp_path)
    assert named == starter
    assert completions("sample", "-m", "none", "--label", "a", folder=tmp_path) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(shell: str) -> None:
    result = CliRunner().invoke(pxgen, ["completion", shell])
    assert result.exit_code == 0
    assert "_PXGEN_COMPLETE" in result.stdout


def test_the_reference_says_what_the_commands_do() -> None:
    text = reference()
    assert (ROOT / "docs" / "commands.md").read_text("utf-8") == text, "run `make docs`"
    for names in SECTIONS.values():
        assert all(f"### pxgen {name}" in text for name in names)


def test_every_command_has_examples_in_its_help() -> None:
    for name in (name for names in SECTIONS.values() for name in names):
        told = CliRunner().invoke(pxgen, [name, "--help"]).stdout
        assert "Examples:" in told or "Commands:" in told, name


def clip(folder: Path) -> Path:
    maps = np.zeros((2, 2, 3), np.uint8)
    maps[0, 0], maps[1, 1] = 1, 2
    (folder / "a.gif").write_bytes(encode_gif(maps, Palette.of([(250, 0, 0), (0, 0, 90)]), 20))
    return folder / "a.gif"


def test_a_clip_without_a_terminal_shows_its_first_frame(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    show_file(clip(tmp_path))
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.splitlines()
    assert len(lines) == 2
    assert lines[0].strip()
    assert not lines[1]


def test_a_clip_plays_on_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "3")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    show_file(clip(tmp_path))
    told = capsys.readouterr().err
    # The second frame over the first.
    first, second = told.split("\x1b[1A\x1b[J")
    assert "38;2;250;0;0" in first
    assert "38;2;0;0;90" in second


def test_commands_that_write_pictures_show_them(tmp_path: Path) -> None:
    model = save(tmp_path / "model")
    common = ["-m", str(model), "--show"]
    frames = ["--frames", "3", "-o", str(tmp_path / "w.gif")]
    for asked in (
        ["sample", *common, "-o", str(tmp_path / "s.png")],
        ["animate", *common, *frames],
        ["interpolate", *common, "--from", "1", "--to", "2", *frames],
    ):
        result = CliRunner().invoke(pxgen, asked, env={"NO_COLOR": "1"})
        assert result.exit_code == 0, result.output
        assert len(result.stdout.splitlines()) == 1
        assert len(result.stderr.splitlines()) >= len(PALETTE) - 2
