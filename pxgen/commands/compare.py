"""``compare``: recipes trained at one budget on one dataset, in one table and one picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from pxgen.checkpoint.runs import METRICS, Metrics
from pxgen.checkpoint.store import Loaded, load_model
from pxgen.commands.train import train
from pxgen.commands.watching import watched
from pxgen.config.project import Project, load_project
from pxgen.config.recipe import recipe_names, resolve
from pxgen.config.requests import CompareSettings, TrainRunSettings
from pxgen.config.schema import Table, Where, nearest
from pxgen.config.settings import TrainSettings
from pxgen.data.batches import batch_of
from pxgen.data.dataset import Dataset, open_dataset, subsample
from pxgen.devices import cores, one_thread, pick_device
from pxgen.errors import InputError, UsageError
from pxgen.evaluation.bits import held_out_bits
from pxgen.evaluation.comparison_sheet import originals, pictures, sheet_png
from pxgen.files import write_bytes, write_text
from pxgen.models.registry import read_spec
from pxgen.names import folded
from pxgen.noise import PictureNoise

MAX_SPRITES = 2048
"""Held-out sprites that are reconstructed, at most."""
GROUP = 32
FILE_ENDING = ".toml"
GOALS = (0.95, 0.99, 0.995)
"""Shares of exact held-out pixels: the CPU-seconds of the steps until then are told."""


def compare(settings: CompareSettings, project: Project, console: Console) -> list[dict[str, Any]]:
    """Train every recipe that is not trained yet, measure all, and write table and picture.

    Returns:
        A row of plain JSON values for each recipe.

    Raises:
        UsageError: an unknown recipe, two of one name, nothing is held out to measure by, or the
            folder holds another's picture.
        InputError: a project file, the dataset or a run to resume is rejected.
    """
    models = _models(settings.recipes)
    path = settings.dataset or project.dataset
    # Not every family learns from sprites that lack frames: all are given the same ones.
    dataset = open_dataset(path).complete()
    if not len(dataset.held_out):
        raise UsageError(f"{path} holds nothing out: prepare it with [data] holdout")
    figures, picture = settings.out / "compare.json", settings.out / "compare.png"
    ours = figures.exists() or any((settings.out / name).is_dir() for name in models)
    if picture.exists() and not ours:
        raise UsageError(f"{picture} is of no comparison, and would be replaced: choose another -o")
    names = {entry.name for entry in fields(TrainSettings)} & vars(settings).keys()
    budget = TrainSettings(**{name: getattr(settings, name) for name in names})
    rows, strips = [], [originals(dataset)]
    for name, table in models.items():
        console.print(f"{name} …")
        folder = settings.out / name
        run = TrainRunSettings(
            dataset=path, resume=settings.resume, out=folder, device=settings.device
        )
        train(budget, run, replace(project, model=table), console, exact=True)
        loaded = load_model(folder, pick_device(settings.device))
        rows.append(
            {"recipe": name, **_trained(folder, loaded), **_measured(loaded, dataset, console)}
        )
        strips += pictures(name, loaded.model, dataset)
    write_text(figures, json.dumps(rows, indent=2) + "\n")
    write_bytes(picture, sheet_png(strips, dataset.palette))
    return rows


def _models(recipes: Sequence[str]) -> dict[str, Table]:
    """The ``[model]`` table of each recipe or project file, by the name of its run."""
    known = recipe_names()
    models: dict[str, Table] = {}
    for given in recipes:
        name = Path(given).name.removesuffix(FILE_ENDING)
        if given.endswith(FILE_ENDING):
            table = load_project(Path(given)).model
        elif given in known:
            table = Table({"recipe": given}, Where("compare"))
        else:
            raise UsageError(f"no recipe is called {given}; {nearest(given, known)}")
        if folded(name) in map(folded, models):
            raise UsageError(f"two of the models are called {name}: name it once, or rename a file")
        # An error in the last model is raised before the first is trained.
        read_spec(resolve(table))
        models[name] = table
    return models


def _trained(folder: Path, loaded: Loaded) -> dict[str, Any]:
    """The figures of a run's training."""
    lines = Metrics.until(folder / METRICS).lines
    if not lines:
        raise InputError(f"{folder} has lost its {METRICS}: train it again with --fresh")
    last = lines[-1]
    goals = {}
    for goal in GOALS:
        reached = (line for line in lines if line.get("held_out_exact", 0) >= goal)
        first = next(reached, None)
        goals[f"cpu_seconds_to_{goal:g}"] = first and _until(lines, first, "cpu_seconds")
    return {
        "augment": loaded.card.training["settings"].get("augment"),
        "parameters": sum(p.numel() for p in loaded.model.module.parameters()),
        "steps": last["step"],
        "seconds": round(_until(lines, last, "seconds"), 1),
        "cpu_seconds": _until(lines, last, "cpu_seconds"),
        **goals,
    }


def _until(lines: Sequence[Mapping[str, Any]], line: Mapping[str, Any], clock: str) -> float:
    """A clock's seconds at a line, those of the stages before it included."""
    stages = range(line["stage_index"])
    ends = (max(each[clock] for each in lines if each["stage_index"] == n) for n in stages)
    return float(sum(ends, line[clock]))


def _measured(loaded: Loaded, dataset: Dataset, console: Console) -> dict[str, Any]:
    """Reconstructions of held-out sprites, and bits where the model has a likelihood."""
    model = loaded.model
    device = next(model.module.parameters()).device
    chosen = subsample(dataset.held_out, MAX_SPRITES)
    starts = range(0, len(chosen), GROUP)
    exact, whole, seen_exact, seen, inside, seen_inside = (0.0 for _ in range(6))
    with one_thread(), torch.inference_mode():
        for start in watched(starts, len(starts), f"measuring by groups of {GROUP}", console):
            part = chosen[start : start + GROUP]
            batch = batch_of(dataset, part, device)
            noise = PictureNoise(0, [int(i) for i in part], device)
            code = model.encode(batch.pixels.to(torch.uint8), batch.labels, noise)
            made = model.decode(code, noise).cpu().numpy()
            true = batch.pixels.cpu().numpy()
            right, visible = made == true, true > 0
            painted = model.decode_rgba(code)
            known = np.ones_like(right)
            if painted is not None:
                rgba = np.rint(painted.cpu().numpy() * 255).astype(np.uint8)
                known = dataset.palette.lookup(rgba)[1]
            exact += right.sum()
            whole += right.all((1, 2, 3)).sum()
            seen += visible.sum()
            seen_exact += (right & visible).sum()
            inside += known.sum()
            seen_inside += (known & visible).sum()
    pixels = len(chosen) * dataset.canvas.pixels
    has_bits = any(stage.counts_in_bits for stage in model.stages())
    workers = cores() if device.type == "cpu" else 1
    bits = held_out_bits(model, dataset, seed=0, device=device, workers=workers) if has_bits else {}
    return {
        "exact": float(exact / pixels),
        "foreground_exact": float(seen_exact / seen) if seen else 1.0,
        "whole_sprites": float(whole / len(chosen)),
        "in_palette_unsnapped": float(inside / pixels),
        "foreground_in_palette_unsnapped": float(seen_inside / seen) if seen else 1.0,
        "bits": bits.get("bits"),
        "code_bits": bits.get("code_bits"),
        "active_units": bits.get("active_units"),
    }
