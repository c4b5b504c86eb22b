"""Pictures in the terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pxgen.cli.app import pxgen
from pxgen.cli.showing import show_file
from pxgen.palette import Palette
from pxgen.render.gif import encode_gif
from tests.support.checkpoints import save
from tests.support.tiny import PALETTE


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
