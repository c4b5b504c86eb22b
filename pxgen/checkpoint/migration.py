"""Migration of older checkpoints: settings and weights that have other names now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

from pxgen.canvas import MAX_PAIRED_LABELS, Canvas

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

EXCLUSIVE = "labels.exclusive"
"""Pairs of labels that exclude each other, which formats before 13 did not know of."""
OLDEST = {"masked": 3, "uniform": 3, "gaussian": 3}
"""The oldest format of families whose network was another before."""
OLDEST_OF_CLIPS = dict.fromkeys(OLDEST, 8)
"""The same of models of clips: one convolution serves each of their frames since."""


def oldest_format(family: str, canvas: Canvas) -> int:
    """The oldest format of checkpoints that today's models of a family can read."""
    oldest = OLDEST if canvas.frames == 1 else OLDEST_OF_CLIPS
    return oldest.get(family, 1)


def migrate_model(table: Mapping[str, Any], version: int, canvas: Canvas) -> dict[str, Any]:
    """A ``[model]`` table stored in format ``version``, as of today, of a model of a canvas."""
    renamed = MODEL_KEYS if version < 2 else {}
    today = {renamed.get(key, key): value for key, value in table.items()}
    if today.get("family") not in OLDEST:
        return today
    if version < 6:
        # Of stills, which alone are read.
        today.pop("frames", None)
        today["images"] = 1
    if version < 7:
        today["overview"] = 16
    if version < 8:
        today["label_planes"] = 0
    if version < 9:
        today["patch"] = canvas.cell_side(256)
    if version < 10:
        one_frame_each = today["images"] == canvas.frames
        today |= {"attention": "yes", "detail": "yes" if one_frame_each else "no"}
    if version < 11:
        today["label_mixing"] = "no"
    if version < 12 and today["family"] == "uniform":
        today["sampler"] = "ancestral"
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
        today |= _lean(today)
    ends = today.get("weights.labels.leave.bias")
    # What has no such shape is told of where weights are put into a model.
    if version < 13 and ends is not None and ends.dim() == 1 and len(ends) > 0:
        side = len(ends) - 1 if len(ends) - 1 <= MAX_PAIRED_LABELS else 0
        today[f"weights.{EXCLUSIVE}"] = ends.new_zeros((side, side)).bool().byte()
    return today


def _lean(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The cache of colours in use beside each palette: as it begins, and without moments."""
    added: dict[str, Tensor] = {}
    for name, palette in tensors.items():
        owner, found, moment = name.partition("palette")
        if not found or moment not in ("", ".exp_avg"):
            continue
        layers = {"weight": palette.new_zeros(3, palette.shape[-1]), "bias": palette.new_zeros(3)}
        for layer, weight in layers.items():
            kinds = ("momentum",) if weight.dim() > 1 else ("exp_avg", "exp_avg_sq")
            names = [f".{kind}" for kind in kinds] if moment else [""]
            added |= {f"{owner}cache.lean.{layer}{each}": weight.clone() for each in names}
    return added
