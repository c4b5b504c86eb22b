"""The ``[model]`` table of a training: what is asked for, and what is left open chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch

from pxgen.checkpoint.card import checkpoint_file, read_card
from pxgen.checkpoint.runs import run_folders, shipped
from pxgen.config.recipe import resolve
from pxgen.config.schema import Table, Where
from pxgen.data.dataset import Dataset, subsample
from pxgen.models.registry import read_spec
from pxgen.training.run import TrainRequest
from pxgen.training.trainer import MAX_INIT_PIXELS, MAX_INIT_SPRITES

OWN_KEYS = ("template", "detail", "label_mixing")
"""Keys of ``[model]`` that the sprites choose if they are ``"auto"``, whatever is started from."""
CHOSEN_KEYS = (*OWN_KEYS, "attention", "images", "patch", "width", "coarse", "depth", "slots")
"""Keys that the sprites choose where they are ``"auto"`` or 0, and there is no other model."""
BLOCKS = ("attention", "detail", "label_mixing")
"""Keys that say which blocks there are: runs of earlier versions have others."""


def model_table(request: TrainRequest, dataset: Dataset) -> Table:
    """The whole ``[model]`` table of a request, as its run, its start or its sprites have it.

    Raises:
        InputError: an unknown family or key, or a value out of range, with its address.
    """
    asked = _left_open(request, _asked(request))
    return _as_newest(request, asked, suited_table(asked, dataset))


def suited_table(table: Table, dataset: Dataset) -> Table:
    """A whole ``[model]`` table with what it leaves open chosen by the training sprites.

    Raises:
        InputError: an unknown family or key, or a value out of range, with its address.
    """
    count = max(1, min(MAX_INIT_SPRITES, MAX_INIT_PIXELS // dataset.canvas.pixels))
    # Where frames are missing, they would look transparent.
    whole = dataset.complete().train
    rows = whole if len(whole) else dataset.train
    pixels = torch.from_numpy(dataset.take(subsample(rows, count))[0])
    return Table(asdict(read_spec(table).suited(pixels)), table.where)


def _asked(request: TrainRequest) -> Table:
    """The ``[model]`` asked for; what it leaves open is that of the model to start from."""
    if request.start is None:
        return resolve(request.model_table, request.recipe)
    path = shipped(request.start)
    other = Table(read_card(path)[0].model, Where(str(path), path=("model",)))
    if request.recipe is None and not request.model_table:
        # What suited the other's sprites need not suit these.
        plain = asdict(read_spec(Table({"family": other["family"]}, other.where)))
        anew = dict.fromkeys(OWN_KEYS, "auto") | {"temperature": plain.get("temperature")}
        return Table(
            {**other, **{key: value for key, value in anew.items() if key in other}}, other.where
        )
    taken = [key for key in CHOSEN_KEYS if key not in OWN_KEYS]
    return _filled(resolve(request.model_table, request.recipe), other, taken)


def _left_open(request: TrainRequest, table: Table) -> Table:
    """A ``[model]`` table with what it leaves open as it is in the run that is named, if one is."""
    run = request.out
    if run is None or not (request.resume and run.is_dir() and checkpoint_file(run).is_file()):
        return table
    return _filled(table, read_card(run)[0].model, CHOSEN_KEYS)


def _filled(table: Table, model: Mapping[str, Any], keys: Sequence[str]) -> Table:
    """A table with those keys that it leaves open as they are in ``model``."""
    left = [key for key in keys if table.get(key) in ("auto", 0) and key in model]
    return Table({**table, **{key: model[key] for key in left}}, table.where)


def _as_newest(request: TrainRequest, asked: Table, suited: Table) -> Table:
    """A suited ``[model]`` with the blocks of the newest run, if it can only then go on."""
    for folder in run_folders(request.runs)[-1:] if request.resume and not request.out else ():
        model = read_card(folder)[0].model
        open_blocks = [key for key in BLOCKS if asked.get(key) == "auto" and key in model]
        like_it = {**suited, **{key: model[key] for key in open_blocks}}
        if dict(model) == like_it:
            return Table(like_it, suited.where)
    return suited
