"""The contest of the diffusions: five collections, equal CPU time, one table of what they draw.

    python docs/studies/contest.py ../data --minutes 5 20 60 -o build/contest

``../data`` holds ``cpunks``, ``sprites16``, ``dcss-monsters`` and ``lpc``; a collection that is not
there is left out. Every run has one thread, and a number of steps that fills its CPU-minutes by the
time of its first ones. What is done already is kept, a run that was broken off too: the same
command goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import pxgen
from pxgen.evaluation.figures import Figures

RECIPES = ("masked", "uniform", "ddpm-palette")
TRIAL = 30
"""Steps whose time tells how many fill a budget."""
SAVE_EVERY = 30
"""CPU-seconds between notes of the time that was spent."""
COLLECTIONS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "cast": ((), {"builtin": True}),
    "punks": (("cpunks/images",), {"labels": "cpunks/attributes.csv"}),
    "sprites16": (
        ("sprites16/sprites.npy",),
        {"labels": "sprites16/sprites_labels.npy", "cut_background": True, "most_colors": 48},
    ),
    "monsters": (("dcss-monsters",), {"size": "32x32", "colors": 64, "skip_bad": True}),
    "lpc": (("lpc/views",), {"cell": "32x52", "frames": 4, "labels": "none"}),
}
"""Sources and options of ``prepare``; paths are in the data's folder."""
COLUMNS = {
    "bits": "held_out_bits",
    "nearly empty": "nearly_empty",
    "stray": "stray_pixels",
    "colours": "colors",
    "KID, shapes": "kid",
    "KID, form": "form_kid",
    "coverage": "coverage",
    "copies in excess": "excess_copies",
    "shows label": "shows_label",
    "legal": "legal",
}
SHARES = {"nearly_empty", "stray_pixels", "coverage", "excess_copies", "shows_label", "legal"}


def prepared(name: str, data: Path, out: Path) -> Path | None:
    """The dataset of a collection; None where its files are not there."""
    sources, options = COLLECTIONS[name]
    paths = [data / source for source in sources]
    if not all(path.exists() for path in paths):
        return None
    if not (out / "dataset.safetensors").exists():
        labels = options.get("labels", "none")
        if labels != "none":
            options = {**options, "labels": data / labels}
        pxgen.prepare(*paths, out=out, force=True, **options)
    return out


def trained(dataset: Path, recipe: str, minutes: float, run: Path) -> float:
    """Train for so many CPU-minutes, or go on with it; the CPU-seconds that were taken."""
    notes = run / "spent.json"
    if not notes.exists():
        steps = round(60 * minutes / pace(dataset, recipe, run / "trial"))
        notes.write_text(json.dumps({"steps": steps, "seconds": 0.0, "finished": False}))
    spent = json.loads(notes.read_text())
    before, started, written = spent["seconds"], time.process_time(), time.process_time()
    if not spent["finished"]:
        for report in pxgen.train(dataset, recipe=recipe, steps=spent["steps"], out=run / "model"):
            now = time.process_time()
            spent |= {"seconds": before + now - started, "finished": report.finished}
            if report.finished or now - written > SAVE_EVERY:
                notes.write_text(json.dumps(spent))
                written = now
    return float(spent["seconds"])


def pace(dataset: Path, recipe: str, trial: Path) -> float:
    """CPU-seconds a step of the last stage, by the first ones."""
    reports = [*pxgen.train(dataset, recipe=recipe, steps=TRIAL, out=trial, resume=False)]
    last = [report for report in reports if report.stage == reports[-1].stage]
    first = last[TRIAL // 3].position.cpu_seconds
    return (last[-1].position.cpu_seconds - first) / (len(last) - TRIAL // 3 - 1)


def judged(dataset: Path, run: Path, count: int) -> tuple[Figures, float]:
    """The figures of what a model draws, and CPU-seconds a sprite."""
    model = pxgen.load(run / "model", device="cpu")
    started = time.process_time()
    model.sample(n=16, workers=1)
    pace = (time.process_time() - started) / 16
    return pxgen.evaluate(model, dataset, count=count, workers=1).figures, pace


def cell(figures: Figures, key: str) -> str:
    """A figure as the table shows it."""
    figure = getattr(figures, key)
    if figure is None:
        return "–"
    if key in SHARES:
        return f"{100 * figure.value:.1f} %"
    return f"{figure.value:.{1 if figure.value >= 10 else 3}f}"


def rows(options: argparse.Namespace) -> Iterator[list[str]]:
    """One row of the table a run."""
    for name in options.only or COLLECTIONS:
        dataset = prepared(name, options.data, options.out / name)
        for minutes in options.minutes if dataset is not None else ():
            for recipe in RECIPES:
                run = options.out / f"{name}-{recipe}-{minutes:g}"
                seconds = trained(dataset, recipe, minutes, run)
                figures, pace = judged(dataset, run, options.count)
                cells = [cell(figures, key) for key in COLUMNS.values()]
                yield [name, f"`{recipe}`", f"{seconds:.0f}", *cells, f"{1000 * pace:.0f}"]


def main() -> None:
    """Run what is left of the contest, and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--minutes", type=float, nargs="+", default=[5, 20, 60])
    parser.add_argument("--only", nargs="+", choices=COLLECTIONS)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("-o", "--out", type=Path, default=Path("build/contest"))
    options = parser.parse_args()
    heading = ["collection", "recipe", "CPU-s", *COLUMNS, "ms a sprite"]
    lines = [" | ".join(["", *heading, ""]), "|---" * len(heading) + "|"]
    print(*(line.strip() for line in lines), sep="\n", flush=True)
    for row in rows(options):
        lines.append(" | ".join(["", *row, ""]))
        print(lines[-1].strip(), flush=True)
    (options.out / "table.md").write_text("\n".join(line.strip() for line in lines) + "\n")


if __name__ == "__main__":
    main()
