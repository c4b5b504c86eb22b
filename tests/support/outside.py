"""Programs of others that read what pxgen writes; tests that lack one are skipped."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

NODE = Path(__file__).parents[1] / "node"
needs_node = pytest.mark.skipif(
    not (shutil.which("node") and (NODE / "node_modules").is_dir()),
    reason="node's libraries are not installed: npm install --prefix tests/node",
)
needs_tiled = pytest.mark.skipif(not shutil.which("tiled"), reason="Tiled is not installed")


def node(script: str, file: Path) -> Any:
    """What a script of ``tests/node`` prints of a file."""
    return json.loads(_run("node", NODE / script, file))


def tiled(tileset: Path, target: Path) -> Any:
    """A tileset as Tiled itself understands it."""
    _run("tiled", "--export-tileset", "json", tileset, target)
    return json.loads(target.read_text("utf-8"))


def _run(*command: object) -> str:
    quiet = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, env=quiet, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
