"""Migration of older checkpoints: settings and weights that have other names now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

from pxgen.canvas import Canvas

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

OLDEST = {"masked": 3, "uniform": 3, "gaussian": 3}
"""The oldest format of families whose network was another before."""
OLDEST_OF_CLIPS = OLDEST | {"uniform": 5, "gaussian": 5}
"""The same of models of clips: some are told since what of a clip is known."""


def oldest_format(family: str, canvas: Canvas) -> int:
    """The oldest format of checkpoints that today's models of a family can read."""
    oldest = OLDEST if canvas.frames == 1 else OLDEST_OF_CLIPS
    return oldest.get(family, 1)


def migrate_model(table: Mapping[str, Any], version: int) -> dict[str, Any]:
    """A ``[model]`` table stored in format ``version``, with today's keys."""
    renamed = MODEL_KEYS if version < 2 else {}
    before = {"frames": "together"} if version < 5 and table.get("family") in OLDEST else {}
    return before | {renamed.get(key, key): value for key, value in table.items()}


def migrate_weight(name: str, version: int) -> str:
    """Today's name of a tensor stored in format ``version``."""
    if version > 1:
        return name
    dotted = f".{name}."
    for old, new in WEIGHTS.items():
        dotted = dotted.replace(f".{old}.", f".{new}.")
    return dotted[1:-1]


def migrate_tensors(tensors: Mapping[str, Tensor], family: str, version: int) -> dict[str, Tensor]:
    """All tensors stored in format ``version``, under today's names, and those that are new."""
    today = {migrate_weight(name, version): tensor for name, tensor in tensors.items()}
    return today | _color_cache(today) if family == "masked" and version < 4 else today


def _color_cache(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The cache of colours beside each palette, which format 4 brought: zero, as it begins."""
    added: dict[str, Tensor] = {}
    for name, palette in tensors.items():
        owner, found, moment = name.partition("palette")
        if not found:
            continue
        weight, bias = palette.new_zeros(3, palette.shape[-1]), palette.new_zeros(3)
        if moment == "":
            added |= {f"{owner}cache.lean.weight": weight, f"{owner}cache.lean.bias": bias}
        elif moment == ".exp_avg":
            added[f"{owner}cache.lean.weight.momentum"] = weight
            added |= {f"{owner}cache.lean.bias.{each}": bias for each in ("exp_avg", "exp_avg_sq")}
    return added
