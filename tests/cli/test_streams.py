"""Standard output in any code page or none at all, and names that would steer a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.checkpoints import save
from tests.support.preparing import hero
from tests.support.preparing import save as drawn

STEERING = "a\x1b]0;owned\x07b\x9b31mc"
"""A name that would set the window's title and turn what follows red."""
WINDOWS = """
import io, sys
sys.stdout = io.TextIOWrapper(sys.stdout.buffer, "cp1252")
from pxgen.cli.streams import open_streams
sys.platform = "win32"
open_streams()
print("けんし")
"""


def run(*arguments: object, **env: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "pxgen", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, env=os.environ | env)


@pytest.mark.parametrize("page", ["cp1252", "cp437", "cp932", "utf-8"])
def test_output_goes_through_any_code_page(tmp_path: Path, page: str) -> None:
    folder = tmp_path / "けんし ☃"
    drawn(f"{folder}/é.png", hero(1))
    done = run("lint", folder, "--ignore", "orphan-pixels", "--json", PYTHONIOENCODING=page)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "é.png" in done.stdout.decode(page) or b"\\xe9.png" in done.stdout
    done = run("export", folder, "-o", folder / "a.gif", PYTHONIOENCODING=page)
    assert (done.returncode, (folder / "a.gif").exists()) == (0, True)
    expected = str(folder / "a.gif").encode(page, "backslashreplace")
    assert done.stdout.rstrip() == expected
    assert run("lint", "--help", PYTHONIOENCODING=page).returncode == 0


def test_windows_redirected_output_is_utf_8() -> None:
    done = subprocess.run([sys.executable, "-c", WINDOWS], check=True, capture_output=True)
    assert done.stdout.decode("utf-8").strip() == "けんし"


def test_names_that_are_no_text_are_printed_byte_for_byte(tmp_path: Path) -> None:
    drawn(f"{tmp_path}/in/a.png", hero(1))
    out = os.fsencode(tmp_path) + b"/\xff.gif"
    command = [sys.executable.encode(), b"-m", b"pxgen", b"export", os.fsencode(tmp_path / "in")]
    done = subprocess.run([*command, b"-o", out], check=True, capture_output=True)
    assert done.stdout == out + b"\n"


def test_a_service_without_standard_output_succeeds(tmp_path: Path) -> None:
    drawn(f"{tmp_path}/in/a.png", hero(1))
    for closed in (">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"):
        for command in (f"export in -o '{closed}.gif'", "palette list", "lint in"):
            line = f"{sys.executable} -m pxgen {command} {closed}"
            assert subprocess.run(["sh", "-c", line], cwd=tmp_path, check=False).returncode == 0
        assert (tmp_path / f"{closed}.gif").read_bytes()[:3] == b"GIF"


def test_a_picture_is_not_drawn_into_no_standard_output(tmp_path: Path) -> None:
    save(tmp_path)
    line = f"{sys.executable} -m pxgen sample -m . -o - >&-"
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, check=False, capture_output=True)
    assert (done.returncode, b"name a file with -o" in done.stderr) == (2, True)


@pytest.mark.parametrize("command", ["prepare", "lint", "export", "reconstruct", "inspect", "nix"])
def test_names_never_steer_a_terminal(tmp_path: Path, command: str) -> None:
    save(tmp_path)
    folder = tmp_path / STEERING
    folder.mkdir()
    (folder / f"{STEERING}.png").write_bytes(b"no picture")
    options = {"prepare": ["-o", "set", "--skip-bad"], "export": ["-o", "a.gif"]}.get(command, [])
    target = [f"{folder}/{STEERING}.png"] if command != "lint" else [str(folder)]
    command_line = [sys.executable, "-m", "pxgen", command, *target, *options]
    if command == "reconstruct":
        command_line += ["-m", "."]
    owner, terminal = pty.openpty()
    done = subprocess.run(command_line, cwd=tmp_path, check=False, stdout=terminal, stderr=terminal)
    os.close(terminal)
    said = os.read(owner, 1 << 16).decode()
    os.close(owner)
    assert done.returncode in {2, 3}
    assert "owned" in said or command == "nix"
    assert not {"\x07", "\x9b"} & {*said}
    assert "\x1b]" not in said


def test_paths_are_printed_whole_into_a_pipe_and_harmless_on_a_terminal(tmp_path: Path) -> None:
    drawn(f"{tmp_path}/in/a.png", hero(1))
    target = tmp_path / f"{STEERING}.gif"
    assert run("export", tmp_path / "in", "-o", target).stdout.decode().strip() == str(target)
