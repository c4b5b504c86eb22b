"""Migration of older checkpoints: settings and weights that have other names now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

from pxgen.canvas import Canvas

Layers = Callable[["Tensor", int], Mapping[str, "Tensor"]]
"""A palette's weights and the rank of features to layers beside them."""

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


def migrate_model(table: Mapping[str, Any], version: int, frames: int = 1) -> dict[str, Any]:
    """A ``[model]`` table of clips of ``frames``, stored in format ``version``, as of today."""
    renamed = MODEL_KEYS if version < 2 else {}
    today = {renamed.get(key, key): value for key, value in table.items()}
    if version < 6 and today.get("family") in OLDEST:
        apart = today.pop("frames", "together") == "apart"
        today["images"] = frames if apart else 1
    if version < 7 and today.get("family") in OLDEST:
        today["overview"] = max(4, 16 // max(1, today["images"]))
    if version < 8 and today.get("family") in OLDEST:
        today["label_planes"] = 0
    return today


def migrate_weight(name: str, version: int) -> str:
    """Today's name of a tensor stored in format ``version``."""
    if version > 1:
        return name
    dotted = f".{name}."
    for old, new in WEIGHTS.items():
        dotted = dotted.replace(f".{old}.", f".{new}.")
    return dotted[1:-1]


def migrate_tensors(
    tensors: Mapping[str, Tensor], family: str, version: int, frames: int = 1
) -> dict[str, Tensor]:
    """All tensors stored in format ``version``, under today's names, and those that are new."""
    today = {migrate_weight(name, version): tensor for name, tensor in tensors.items()}
    if family != "masked":
        return today
    if version < 4:
        today |= _beside_palettes(today, _lean)
    if version < 6 and frames > 1:
        today |= _beside_palettes(today, _roles)
    return today


def _beside_palettes(tensors: Mapping[str, Tensor], layers: Layers) -> dict[str, Tensor]:
    """Layers of the cache of colours that a format brought: as they begin, and without moments."""
    added: dict[str, Tensor] = {}
    for name, palette in tensors.items():
        owner, found, moment = name.partition("palette")
        if not found or moment not in ("", ".exp_avg"):
            continue
        places = tensors[f"{owner}places{moment}"].shape[-1]
        for layer, weight in layers(palette, palette.shape[-1] - places).items():
            kinds = ("momentum",) if weight.dim() > 1 else ("exp_avg", "exp_avg_sq")
            moments = {
                f"{owner}cache.{layer}.{kind}": weight.new_zeros(weight.shape) for kind in kinds
            }
            added |= moments if moment else {f"{owner}cache.{layer}": weight}
    return added


def _lean(palette: Tensor, rank: int) -> dict[str, Tensor]:
    return {
        "lean.weight": palette.new_zeros(3, palette.shape[-1]),
        "lean.bias": palette.new_zeros(3),
    }


def _roles(palette: Tensor, rank: int) -> dict[str, Tensor]:
    return {
        "key.weight": palette.new_ones(rank).diag(),
        "key.bias": palette.new_zeros(rank),
        "query.weight": palette.new_zeros(rank, rank),
    }
