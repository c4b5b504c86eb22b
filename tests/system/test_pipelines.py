"""The shell and make drive the program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MAKEFILE = """
FRAMES := $(shell seq -f sprites/left-0-%04g.png 0 2)
sheet.png: $(FRAMES)
\tpxgen -q export $^ -o $@ --sheet rows
sprites/left-0-%.png: model/checkpoint.safetensors
\tpxgen -q sample -m $< --label left --first $$(expr $* + 0) -n 1 --workers 1 -o sprites/ --force
"""


SHELL = """
set -e
for part in 1 2; do
  pxgen -q sample -m model --label left -n 3 --shard $part/2 --workers 1 \\
    -o shell/ --skip-existing > /dev/null &
done
wait
pxgen -q export shell/ -o shell.png --sheet rows
"""


@pytest.mark.skipif(sys.platform == "win32", reason="make and sh")
def test_make_and_the_shell_come_to_the_same_bytes(model: Path, tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(MAKEFILE)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    for command in (["make", "-j2"], ["sh", "-c", SHELL]):
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert (tmp_path / "sheet.png").read_bytes() == (tmp_path / "shell.png").read_bytes()
    told = subprocess.run(
        ["make", "-q"], cwd=tmp_path, env=environment, check=False, capture_output=True
    )
    assert told.returncode == 0
