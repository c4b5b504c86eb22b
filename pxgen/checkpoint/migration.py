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
OLDEST_OF_CLIPS = {"masked": 8, "uniform": 8, "gaussian": 8}
"""The same of models of clips: since then one convolution sees each frame."""


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


def migrate_tensors(tensors: Mapping[str, Tensor], family: str, version: int) -> dict[str, Tensor]:
    """All tensors stored in format ``version``, under today's names, and those that are new."""
    today = {migrate_weight(name, version): tensor for name, tensor in tensors.items()}
    if family == "masked" and version < 4:
        today |= _cache_layers(today)
    return today


def _cache_layers(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The layers by which a cache of colours leans, as they begin, and without moments."""
    added: dict[str, Tensor] = {}
    for name, palette in tensors.items():
        owner, found, moment = name.partition("palette")
        if not found or moment not in ("", ".exp_avg"):
            continue
        weight = palette.new_zeros(3, palette.shape[-1])
        for layer, zeros in {"weight": weight, "bias": weight[:, 0].clone()}.items():
            kinds = ("momentum",) if zeros.dim() > 1 else ("exp_avg", "exp_avg_sq")
            moments = {f"{owner}cache.lean.{layer}.{kind}": zeros.clone() for kind in kinds}
            added |= moments if moment else {f"{owner}cache.lean.{layer}": zeros}
    return added
