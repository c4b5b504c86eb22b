"""Paths of any letters, canvases of a pixel, disks that are full, readers that go away."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pxgen.cli.app import pxgen
from tests.support.preparing import hero, save

TINY = "width = 8\ncoarse = 8\ndepth = 1\nhidden = 8\nrank = 4\nsteps = 2\n"
LIMIT = 4096
"""Bytes a file may have where the disk is as good as full."""


def run(*arguments: object, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    def restrict() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    # Python itself would keep a half-written file of compiled code.
    command = [sys.executable, "-B", "-m", "pxgen", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, preexec_fn=restrict)


@pytest.mark.parametrize(("name", "side"), [("one pixel", 1), ("Ünï [bold]x[red] ☃ %s {0} 'q'", 8)])
def test_any_path_and_the_smallest_canvas_from_end_to_end(
    tmp_path: Path, name: str, side: int
) -> None:
    folder = tmp_path / name
    for seed in range(12):
        rgba = hero(seed, side + 2, side + 2)[1 : side + 1, 1 : side + 1]
        save(f"{folder}/art/{seed} [x].png", np.where(rgba[..., 3:] == 0, 255, rgba))
    (folder / "pxgen.toml").write_text(f'[model]\nfamily = "masked"\n{TINY}[train]\nsteps = 2\n')
    project = ("-q", "--project", folder)
    for command in (
        ("prepare", folder / "art", "-o", folder / "dataset"),
        ("inspect", folder / "dataset"),
        ("train", "--dataset", folder / "dataset", "-o", folder / "run"),
        ("sample", "-m", folder / "run", "-n", 2, "-o", f"{folder}/out/"),
        ("reconstruct", folder / "art" / "3 [x].png", "-m", folder / "run", "-o", folder / "r.png"),
        ("animate", "-m", folder / "run", "--frames", 3, "-o", folder / "a.gif"),
    ):
        ended = CliRunner().invoke(pxgen, [*map(str, (*project, *command))])
        assert ended.exit_code == 0, (command, ended.stderr)
    assert len(list((folder / "out").iterdir())) == 2


@pytest.mark.parametrize(
    "command",
    [
        ("prepare", "--builtin", "-n", 200, "-o", "made"),
        ("sample", "-n", 9, "--steps", 1, "--scale", 32, "-o", "kept.png"),
        ("animate", "--frames", 4, "--scale", 32, "-o", "kept.gif"),
    ],
)
def test_a_full_disk_loses_nothing(
    command: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kept = Path(str(command[-1]))
    if kept.suffix:
        kept.write_bytes(b"what was there")
    ended = run(*command, limit=LIMIT)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith("pxgen: cannot write ")
    left = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == ({tmp_path / kept: b"what was there"} if kept.suffix else {})


def test_a_folder_that_cannot_be_written_to_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = run("sample", "--steps", 1, "-o", "/proc/x.png")
    assert ended.returncode == 1
    assert ended.stderr.startswith("pxgen: cannot write /proc/x.png: ")
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "command", ["palette list", "sample -n 3 --steps 1 -o -", "sample -n 3 --steps 1 -o out/"]
)
def test_a_reader_that_goes_away_is_no_error_to_talk_about(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program = [sys.executable, "-m", "pxgen", *command.split()]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 1
