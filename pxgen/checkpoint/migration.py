"""Migration of older checkpoints: settings and weights that have other names now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MODEL_KEYS = {
    "asked": "loss_pixels",
    "blind": "label_dropout",
    "labels": "conditioning",
    "pixels": "encoding",
    "planes": "encoding",
    "told": "decoder_labels",
    "toll": "rate_weight",
    "wrong": "corruption",
}
"""Keys of ``[model]`` in format 1, and in format 2."""
WEIGHTS = {
    "density.spread": "density.scale",
    "foretell": "entropy_model",
    "overview.spread": "overview.expand",
    "planes": "encoding",
    "posteriors.spread": "posteriors.std",
    "rise.spread": "upsample.expand",
    "toll": "rate_weight",
}
"""Parts of the dotted names of tensors in format 1, and in format 2."""


OLDEST = {"masked": 4, "uniform": 3, "gaussian": 3}
"""The oldest format of families whose network has changed since the first."""


def migrate_model(table: Mapping[str, Any], version: int) -> dict[str, Any]:
    """A ``[model]`` table stored in format ``version``, with today's keys."""
    renamed = MODEL_KEYS if version < 2 else {}
    return {renamed.get(key, key): value for key, value in table.items()}


def migrate_weight(name: str, version: int) -> str:
    """Today's name of a tensor stored in format ``version``."""
    if version > 1:
        return name
    dotted = f".{name}."
    for old, new in WEIGHTS.items():
        dotted = dotted.replace(f".{old}.", f".{new}.")
    return dotted[1:-1]
