"""Use an installed pxgen as a newcomer does, in an empty folder.

``python .ci/try_wheel.py``, by the Python that it is installed for.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

COMMANDS = (
    "doctor --seconds 0.5",
    "sample --label alien",
    "animate --label ghost -o ghost.gif",
    "sample -n 24 -o sprites/",
    "init",
    "prepare sprites/ --license CC0-1.0",
    "train --steps 3",
    "sample -n 4 --scale 2 -o new.png",
    "lint sprites/ --palette pico-8 --ignore off-palette",
    "export sprites/ -o sheet.png --sheet packed --data sheet.json",
    "inspect starter-clips -o card.md",
    "palette convert pico-8 pico-8.gpl",
)
WRITTEN = (
    "ghost.gif",
    "pxgen.toml",
    "dataset/dataset.safetensors",
    "new.png",
    "sheet.json",
    "card.md",
    "pico-8.gpl",
)
LIBRARY = "import pxgen; assert pxgen.load('starter').sample('alien', n=2).indices.shape[0] == 2"
DEVELOPMENT = ("pytest", "mypy", "hypothesis", "diffusers", "mlflow", "av")


def main() -> None:
    """Run the commands and end with the first that fails."""
    if found := [name for name in DEVELOPMENT if find_spec(name)]:
        sys.exit(f"not a clean environment: it has {', '.join(found)}")
    environment = {
        k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "OMP_NUM_THREADS")
    }
    with tempfile.TemporaryDirectory() as folder:
        for line in (["-m", "pxgen", *each.split()] for each in COMMANDS):
            began = time.perf_counter()
            subprocess.run([sys.executable, *line], cwd=folder, env=environment, check=True)
            print(f"{time.perf_counter() - began:.1f} s: {' '.join(line[1:])}", flush=True)
        subprocess.run([sys.executable, "-c", LIBRARY], cwd=folder, env=environment, check=True)
        if missing := [name for name in WRITTEN if not (Path(folder) / name).is_file()]:
            sys.exit(f"not written: {', '.join(missing)}")


if __name__ == "__main__":
    main()
