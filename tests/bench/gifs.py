"""A hundred GIFs: a command each in a shell's loop, by make, and as jobs of one process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.child import ROOT
from tests.bench.rows import Row

COUNT = 100
LABELS = ("alien", "ape", "cat", "ghost", "human", "imp", "robot", "skeleton", "slime", "zombie")
ANIMATE = "pxgen -q animate -m starter-clips"
LOOP = f"""set -e
while read -r label seed; do
  {ANIMATE} --label "$label" --seed "$seed" -o "loop/$label-$seed.gif"
done < gifs.txt
"""
MAKEFILE = f"""gifs: $(patsubst %,make/%.gif,$(shell tr ' ' - < gifs.txt))
make/%.gif:
\t{ANIMATE} --label $(word 1,$(subst -, ,$*)) --seed $(word 2,$(subst -, ,$*)) --workers 1 -o $@
"""


def rows(folder: Path) -> Iterator[Row]:
    """The same clips each way, which are the same bytes."""
    gifs = [(LABELS[number % len(LABELS)], number) for number in range(COUNT)]
    (folder / "gifs.txt").write_text("".join(f"{label} {seed}\n" for label, seed in gifs))
    (folder / "Makefile").write_text(MAKEFILE)
    jobs = ({"label": name, "seed": n, "out": f"jobs/{name}-{n}.gif"} for name, n in gifs)
    (folder / "gifs.jsonl").write_text("".join(json.dumps(job) + "\n" for job in jobs))
    loop, busy = _seconds(folder, "sh", "-c", LOOP)
    yield Row(
        f"{COUNT} GIFs, a command each",
        loop,
        "s",
        note=f"in a shell's loop; {busy:.0f} s of a core",
    )
    for name, command in {
        "make": "make -s -j2 gifs",
        "jobs": f"{ANIMATE} --jobs gifs.jsonl -j 1",
        "jobs, two at once": f"{ANIMATE} --jobs gifs.jsonl -j 2",
    }.items():
        seconds, busy = _seconds(folder, *command.split())
        made = "make" if name == "make" else "jobs"
        if _contents(folder / made) != _contents(folder / "loop"):
            raise RuntimeError(f"{command} made other bytes than a command each")
        what = command.removeprefix(ANIMATE).strip()
        note = f"{what}: {COUNT / seconds:.1f} a second, {busy:.0f} s of a core"
        yield Row(f"{COUNT} GIFs, {name}", seconds, "s", times=loop / seconds, note=note)


def _seconds(folder: Path, *command: str) -> tuple[float, float]:
    """How long a command takes, and how long cores are busy with it."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}
    began, before = time.perf_counter(), os.times()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    after, seconds = os.times(), time.perf_counter() - began
    spent = after.children_user + after.children_system
    return seconds, spent - before.children_user - before.children_system


def _contents(folder: Path) -> list[tuple[str, bytes]]:
    return [(path.name, path.read_bytes()) for path in sorted(folder.iterdir())]
