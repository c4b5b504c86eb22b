"""Training at default settings: throughput, time beside the network, memory.

The default recipe, and an autoencoder of palette indices beside its dense one-hot form. Run as a
program, ``python -m tests.bench.training DATASET RECIPE`` prints where the time of steps goes.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pxgen.config.recipe import DEFAULT
from tests.bench.child import program, pxgen
from tests.bench.rows import Row

WARM, TIMED = 5, 40
STEPS = 20
"""Steps of the run whose memory is measured; it validates and draws a preview at its end."""

PARTS = {"network": "network", "examples": "examples", "update": "optimizer and average"}


INDEX, DENSE = "ae", "ae-onehot"


def rows(folder: Path, dataset: Path) -> Iterator[Row]:
    """Time a few steps inside one process, then run the command for its memory."""
    spent = program("training", dataset, DEFAULT, folder=folder)
    step = spent["step"]
    yield Row(
        "train",
        spent["batch"] / step,
        "sprites/s",
        note=f"{step:.2f} s a step of {spent['batch']:.0f}",
    )
    outside = step - spent["network"]
    parts = {title: spent[name] for name, title in PARTS.items() if name != "network"}
    parts["the rest"] = outside - sum(parts.values())
    note = ", ".join(f"{title} {value / step:.2%}" for title, value in parts.items())
    yield Row("train, time outside the network", 100 * outside / step, "%", note=note)
    held = _memory(folder, dataset, DEFAULT)
    yield Row(f"train --steps {STEPS}, peak memory", held, "MB", 2000)
    spent, dense = (
        program("training", dataset, recipe, folder=folder) for recipe in (INDEX, DENSE)
    )
    speed, slow = (of["batch"] / of["step"] for of in (spent, dense))
    note = f"{slow:,.0f} by {DENSE}, a plane a colour"
    yield Row(f"train, {INDEX}", speed, "sprites/s", times=speed / slow, note=note)
    held, large = (_memory(folder, dataset, recipe) for recipe in (INDEX, DENSE))
    note = f"{large:,.0f} by {DENSE}"
    yield Row(f"train, {INDEX}, peak memory", held, "MB", times=large / held, note=note)


def _memory(folder: Path, dataset: Path, recipe: str) -> float:
    """Peak megabytes of a whole run of the command."""
    arguments = ("--dataset", dataset, "--recipe", recipe, "--steps", STEPS, "-o", f"run-{recipe}")
    return pxgen("train", *arguments, folder=folder).megabytes


def _where_time_goes(path: Path, recipe: str) -> dict[str, float]:
    """Mean seconds of a step of the last stage, and of its parts."""
    import torch

    from pxgen.config.recipe import read_recipe
    from pxgen.config.settings import TrainSettings
    from pxgen.data.batches import Examples
    from pxgen.data.dataset import open_dataset
    from pxgen.models.registry import build_model
    from pxgen.noise import seed_weights
    from pxgen.training.model_table import suited_table
    from pxgen.training.parallel import MicrobatchWorkers
    from pxgen.training.train_state import TrainState
    from pxgen.training.trainer import Trainer

    dataset = open_dataset(path)
    # A budget in steps, with more steps than are timed: the last one validates.
    settings = TrainSettings(steps=WARM + TIMED + 2, batch=64)
    seed_weights(settings.seed)
    model = build_model(suited_table(read_recipe(recipe), dataset), dataset.domain)
    spent = dict.fromkeys(PARTS, 0.0)
    _time_calls(MicrobatchWorkers, "backward", spent, "network")
    _time_calls(Examples, "batch", spent, "examples")
    _time_calls(TrainState, "update", spent, "update")
    reports = Trainer(model, dataset, settings, torch.device("cpu")).run()
    last = len(model.stages()) - 1
    while next(reports).position.stage < last:
        pass
    for _ in range(WARM):
        next(reports)
    before, began = dict(spent), time.perf_counter()
    for _ in range(TIMED):
        next(reports)
    whole = time.perf_counter() - began
    parts = {name: (spent[name] - before[name]) / TIMED for name in spent}
    return {"step": whole / TIMED, "batch": settings.batch, **parts}


def _time_calls(owner: type, name: str, spent: dict[str, float], part: str) -> None:
    """Make a method add the time of its calls to a part."""
    method: Callable[..., Any] = getattr(owner, name)

    def timed(*arguments: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return method(*arguments, **options)
        finally:
            spent[part] += time.perf_counter() - began

    setattr(owner, name, timed)


if __name__ == "__main__":
    print(json.dumps(_where_time_goes(Path(sys.argv[1]), sys.argv[2])))
