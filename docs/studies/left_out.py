"""Characters left out in turn: how the rest of those never seen is drawn from what is given.

    python docs/studies/left_out.py ../data/ninja/characters --layout ninja --parts 5 --minutes 2

The folder's files are dealt into so many parts; each part is held out once, while a model learns
the others for so many CPU-minutes of one thread. The table has the exact share of the foreground
that was not given, the mean over the parts. What is done already is kept: the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import pxgen

TRIAL = 20
"""Steps whose time tells how many fill a budget."""
COLUMNS = ("drawn", "held", "mirrored", "nearest")


def dealt(sources: Path, parts: int, part: int, out: Path) -> Path:
    """A folder with every ``parts``-th file in ``test`` and the others in ``train``."""
    files = sorted(path for path in sources.iterdir() if path.suffix == ".png")
    for number, file in enumerate(files):
        folder = out / ("test" if number % parts == part else "train")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder)
    return out


def trained(dataset: Path, run: Path, options: argparse.Namespace) -> Path:
    """A model of the dataset, after so many CPU-minutes."""
    kind: dict[str, Any] = {"recipe": options.recipe, "augment": options.augment}
    if options.start is not None:
        kind["start"] = options.start
    reports = [*pxgen.train(dataset, steps=TRIAL, out=run / "trial", resume=False, **kind)]
    first, last = reports[TRIAL // 2 - TRIAL].position, reports[-1].position
    pace = (last.cpu_seconds - first.cpu_seconds) / (last.step - first.step)
    steps = round(60 * options.minutes / pace)
    *_, end = pxgen.train(dataset, steps=steps, out=run / "model", resume=False, **kind)
    print(f"{run.name}: {steps} steps, {end.position.cpu_seconds:.0f} CPU-seconds", flush=True)
    return run / "model"


def shares(model: Path, dataset: Path) -> dict[str, dict[str, float]]:
    """Of each task the exact share, drawn and by the means that need no model."""
    found = pxgen.evaluate(model, dataset, count=16, workers=1).facts["rest"]["tasks"]
    return {
        name: {"drawn": task["exact"]["share"]}
        | {means: task[means]["share"] for means in COLUMNS[1:] if means in task}
        for name, task in found.items()
    }


def part_shares(part: int, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """The shares of one part; they are kept beside its model."""
    run = options.out / f"part-{part}"
    kept = run / "shares.json"
    if not kept.exists():
        files = dealt(options.sources, options.parts, part, run / "files")
        dataset = run / "dataset"
        layout = {"layout": options.layout, "labels": "none"}
        pxgen.prepare(files, out=dataset, force=True, **layout)
        kept.write_text(json.dumps(shares(trained(dataset, run, options), dataset)))
    read: dict[str, dict[str, float]] = json.loads(kept.read_text())
    return read


def main() -> None:
    """Train what is left of the parts, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", type=Path)
    parser.add_argument("--layout", required=True)
    parser.add_argument("--parts", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--recipe", default="masked")
    parser.add_argument("--augment", default="auto")
    parser.add_argument("--from", dest="start", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=Path("build/left-out"))
    options = parser.parse_args()
    started = time.process_time()
    parts = [part_shares(part, options) for part in range(options.parts)]
    print("| given |", " | ".join(COLUMNS), "|\n|---" + "|---" * len(COLUMNS) + "|")
    for name in parts[0]:
        means = {
            means: sum(part[name][means] for part in parts) / len(parts)
            for means in COLUMNS
            if all(means in part.get(name, {}) for part in parts)
        }
        cells = (f"{100 * means[key]:.1f} %" if key in means else "–" for key in COLUMNS)
        print(f"| {name} |", " | ".join(cells), "|")
    print(f"{time.process_time() - started:.0f} CPU-seconds in all")


if __name__ == "__main__":
    main()
